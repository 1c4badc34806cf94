"""What stewards say, as text comes in: one decision on a pair of records, and the policy file that rules over them."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from schemas.model import LEVELS
from schemas.written import with_near

Verdict = Literal["link", "unlink", "unsure", "retract"]
SIDES = ("record_id", "fingerprint", "roles")
"""Columns with one value a record of the pair: ``<name>_l`` and ``<name>_r``."""
UNCLEAR_LEVELS = {"agrees", "differs"}
"""Told in place of a level where the bits of a pair fit several."""
ROLES = ("victim", "witness", "suspect", "accused", "detainee", "offender", "missing", "at_risk", "subject", "nominal")


def listed(names: Iterable[str]) -> str:
    """Names as one text, sorted, with ``;`` between."""
    return ";".join(sorted(names))


def names_in(text: str | None) -> frozenset[str]:
    """The names of such a text; none where there is none."""
    return frozenset((text or "").split(";")) - {""}


def _plain(text: str) -> str:
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        raise ValueError("holds a control character")
    return text


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _plain(text.replace("\n", "").replace("\t", ""))
    return text


def _uuid(text: str) -> str:
    return str(UUID(text))


def _none_if_empty(value: Any) -> Any:  # noqa: ANN401
    return None if isinstance(value, str) and not value.strip() else value


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC)


Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), AfterValidator(_plain)]
Names = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_plain)]
Optional = BeforeValidator(_none_if_empty)
DecisionId = Annotated[str, StringConstraints(max_length=64), AfterValidator(_uuid)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(_lines)]
Time = Annotated[AwareDatetime, AfterValidator(_utc)]


class NewDecision(BaseModel):
    """One decision before it is in the store: what a steward says of two records, why, and what was seen.

    The two records may come in any order. A decision that confirms or retracts another one takes the records from it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision_id: DecisionId = Field(default_factory=lambda: str(uuid4()))
    """Given by the client: the same id sent again is the same decision, not a second one."""
    verdict: Annotated[Verdict | None, Optional] = None
    decided_by: Id
    reason: Reason
    """Why, in the steward's words: may hold personal data, so it is never logged nor shown unasked."""
    record_id_l: Annotated[Id | None, Optional] = None
    record_id_r: Annotated[Id | None, Optional] = None
    retracts: Annotated[DecisionId | None, Optional] = None
    """The decision that this one takes back."""
    confirms: Annotated[DecisionId | None, Optional] = None
    """The decision that this one seconds."""
    supersedes: Annotated[DecisionId | None, Optional] = None
    """The standing decision on the pair that this one replaces, as the steward saw it."""
    fingerprint_l: Annotated[Id | None, Optional] = None
    fingerprint_r: Annotated[Id | None, Optional] = None
    evidence: Annotated[Names | None, Optional] = None
    evidence_hash: Annotated[Id | None, Optional] = None
    run_id: Annotated[Id | None, Optional] = None
    model: Annotated[Id | None, Optional] = None
    roles_l: Annotated[Names | None, Optional] = None
    roles_r: Annotated[Names | None, Optional] = None
    rules: Annotated[Names | None, Optional] = None
    n_records: Annotated[Annotated[int, Field(ge=0, le=10**9)] | None, Optional] = None
    needs_second: Annotated[bool, BeforeValidator(lambda cell: cell or False)] = False
    """Asks for a second person whatever the policy says."""
    decided_at: Annotated[Time | None, Optional] = None
    """Only for decisions brought from elsewhere; else the store's clock."""

    @model_validator(mode="before")
    @classmethod
    def _smaller_record_first(cls, cells: Any) -> Any:  # noqa: ANN401
        if not isinstance(cells, dict):
            return cells
        left, right = cells.get("record_id_l"), cells.get("record_id_r")
        if not (isinstance(left, str) and isinstance(right, str) and left.strip() > right.strip()):
            return cells
        turned: dict[str, Any] = {}
        for name in SIDES:
            turned |= {f"{name}_l": cells.get(f"{name}_r"), f"{name}_r": cells.get(f"{name}_l")}
        return {**cells, **turned}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.retracts and self.confirms:
            raise ValueError("a decision either retracts or confirms another one, not both")
        if (self.verdict == "retract") != bool(self.retracts) and not self.confirms:
            raise ValueError("retract needs the id of the decision it takes back, and only retract has one")
        if not (self.verdict or self.confirms):
            raise ValueError("verdict is missing: link, unlink, unsure or retract")
        if self.record_id_l is None or self.record_id_r is None:
            if not (self.retracts or self.confirms) or self.record_id_l or self.record_id_r:
                raise ValueError("two record ids are needed")
        elif self.record_id_l == self.record_id_r:
            raise ValueError("both records are the same one")
        return self


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TwoPersonRule(_Strict):
    """When a decision counts only after a second person has confirmed it; every condition given must hold."""

    name: str
    about: str
    verdicts: Annotated[tuple[Literal["link", "unlink", "retract"], ...], Field(min_length=1)]
    roles: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """One person has a role of the first set, the other one of the second."""
    rules: tuple[str, ...] = ()
    """Rules of the model, of which the pair meets one."""
    more_records_than: Annotated[int, Field(ge=1)] | None = None
    """The persons have more records than this together."""

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not (self.roles or self.rules or self.more_records_than):
            raise ValueError(f"{self.name}: say at least one of roles, rules, more_records_than")
        if self.roles and (unknown := {role for side in self.roles for role in side} - set(ROLES)):
            raise ValueError(f"{self.name}: no such role: {with_near(unknown, ROLES)}")
        return self


class StewardPolicy(_Strict):
    """The policy file as a whole."""

    when_facts_are_unknown: Literal["ask_second", "one_is_enough"] = "ask_second"
    """For a decision on records of which nothing is known, as where nothing is published yet."""
    disagreeing_levels: tuple[str, ...]
    """Levels that speak against one person; every other level speaks for it."""
    two_person: tuple[TwoPersonRule, ...] = ()

    @model_validator(mode="after")
    def _names_levels(self) -> Self:
        known_levels = {level for levels in LEVELS.values() for level in levels} | UNCLEAR_LEVELS
        if unknown := set(self.disagreeing_levels) - known_levels:
            raise ValueError(f"disagreeing_levels: no such level: {with_near(unknown, known_levels)}")
        return self
