"""Who may do what at the desk, and what of a record each viewer sees: the one place for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.core.errors import DeskRefusedError
from schemas.desk import Role

May = Literal["queue", "case", "decide", "search", "person", "export", "audit", "supervise", "accounts"]
WORK: frozenset[May] = frozenset({"queue", "case", "decide", "search", "person", "export"})
ALLOWED: Mapping[Role, frozenset[May]] = {
    "steward": WORK,
    "supervisor": WORK | {"supervise"},
    "borough": frozenset({"search", "person", "export"}),
    "auditor": frozenset({"audit"}),
    "administrator": frozenset({"accounts"}),
}
ROLE_WORDS: Mapping[Role, str] = {
    "steward": "Steward",
    "supervisor": "Supervisor",
    "borough": "Borough user",
    "auditor": "Auditor",
    "administrator": "Administrator",
}
SHOWN_MASKED = frozenset({"record_id", "person_id", "borough", "record_id_l", "record_id_r", "event_id"})
"""What is told of a record that others hold: that it is there, and which borough to ask. Not its source, whose name is a secret
of its own: that somebody is in the custody records, or registered as a sex offender."""
MASK = "masked"
ADVICE: Mapping[Role, str] = {
    "borough": "People of your borough you find under Search. What stewards should know of them, tell a steward: they decide on cases.",
    "administrator": "Who needs it for their work has an account of such a role, which you make under Accounts.",
}
"""Where to go instead, for roles of which it is known; others ask for an account"""
ASK_FOR_ACCOUNT = "Ask an administrator for an account of such a role if you need it for your work."


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks."""

    account_id: str
    name: str
    role: Role
    borough: str | None = None
    has_shortcuts: bool = True

    def may(self, act: May) -> bool:
        """Whether the role allows an act."""
        return act in ALLOWED[self.role]

    @property
    def sees_all(self) -> bool:
        """Sees records of every borough."""
        return self.may("case")

    def sees(self, row: Mapping[str, Any]) -> bool:
        """Whether this viewer sees the values of a row that belongs to a borough."""
        return self.sees_all or (
            self.role == "borough" and self.borough is not None and row.get("borough") == self.borough
        )


def need(viewer: Viewer, act: May) -> None:
    """Refuse what the role does not allow.

    Raises:
        DeskRefusedError: 403.
    """
    if not viewer.may(act):
        raise DeskRefusedError(
            403,
            f"Your role, {ROLE_WORDS[viewer.role].lower()}, does not allow this: it is for {_who_may(act)}.",
            ADVICE.get(viewer.role, ASK_FOR_ACCOUNT),
        )


def _who_may(act: May) -> str:
    """The roles that allow an act, in words."""
    *others, last = [f"{words.lower()}s" for role, words in ROLE_WORDS.items() if act in ALLOWED[role]]
    return f"{', '.join(others)} and {last}" if others else last


def shown(viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a record, value or event as this viewer may see it, with ``is_masked``. Every such row leaves through here."""
    if viewer.sees(row):
        return {**row, "is_masked": False}
    return {name: value if name in SHOWN_MASKED else None for name, value in row.items()} | {"is_masked": True}


def shown_all(viewer: Viewer, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same of several rows."""
    return [shown(viewer, row) for row in rows]
