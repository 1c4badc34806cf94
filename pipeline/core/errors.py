"""What may go wrong, one class a kind; the message is built from the arguments, so an error crosses processes.

No error carries a name, a birthday, an address or an identifier of a person: only files, sheets, rows, columns and counts.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple


class LinkageError(Exception):
    """Anything boroughlink raises on purpose."""

    stage: str | None = None
    """Stage of the night that met it, where a night did"""


class PlacedError(LinkageError):
    """Something is wrong at a place.

    Args:
        place: where it was found: file, and sheet, row or column where they are known; an option, a folder.
        problem: what was found and what was expected, without personal data.
        what_to_do: one sentence for the operator.
    """

    def __init__(self, place: str, problem: str, what_to_do: str) -> None:
        super().__init__(place, problem, what_to_do)
        self.place, self.problem, self.what_to_do = place, problem, what_to_do

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} {self.what_to_do}"


class SettingsError(PlacedError):
    """A settings, contract or model file says something that cannot be."""

    def __init__(self, place: str, problem: str, what_to_do: str = "") -> None:
        super().__init__(place, problem, what_to_do)

    def __str__(self) -> str:
        problem = f"{self.place}: {self.problem}"
        if self.what_to_do and not problem.endswith((".", "?", "!")):
            problem += "."
        return f"{problem} {self.what_to_do}".rstrip()


class SourceError(PlacedError):
    """One export cannot be read as its contract says; the night goes on without it.

    Args:
        code: short reason that tables carry, such as ``missing_file`` or ``unknown_heading``.
        place: as in ``PlacedError``.
        problem: as in ``PlacedError``.
        what_to_do: as in ``PlacedError``.
        is_retryable: a later try may mend it, as with a connection that was down.
    """

    def __init__(self, code: str, place: str, problem: str, what_to_do: str, is_retryable: bool = False) -> None:
        super().__init__(place, problem, what_to_do)
        self.args = (code, place, problem, what_to_do, is_retryable)
        self.code, self.is_retryable = code, is_retryable


class ContractError(LinkageError):
    """A table broke its contract in ``schemas/tables.py``."""

    def __init__(self, table: str, problem: str, record_ids: tuple[str, ...] = ()) -> None:
        super().__init__(table, problem, record_ids)
        self.table, self.problem, self.record_ids = table, problem, record_ids

    def __str__(self) -> str:
        where = ", ".join(self.record_ids[:5]) or "whole table"
        return f"{self.table}: {self.problem} [{where}]. See schemas/DICTIONARY.md#{self.table}"


class DecidedPair(NamedTuple):
    """One decision in a chain of them: the pair, what was decided, by which steward and when."""

    record_id_l: str
    record_id_r: str
    verdict: str
    decision_id: str
    decided_by: str
    decided_at: dt.datetime
    """UTC"""

    def __str__(self) -> str:
        sign = {"link": "=", "unlink": "is not", "unsure": "?"}[self.verdict]
        who = f"{self.decided_by}, {self.decided_at:%Y-%m-%d %H:%M}Z, decision {self.decision_id}"
        return f"{self.record_id_l} {sign} {self.record_id_r} ({who})"


class OnePerson(NamedTuple):
    """A step of a chain that nobody decided: two records are of one person in the publication."""

    record_id_l: str
    record_id_r: str
    person_id: str

    def __str__(self) -> str:
        return f"{self.record_id_l} and {self.record_id_r} are one person in the publication ({self.person_id})"


class DecisionConflictError(LinkageError):
    """A steward's decision contradicts decisions that stand; nothing was written.

    Args:
        problem: what cannot be.
        chain: what stands against it, as a chain from the one record to the other: decisions, and records of one person.
        what_to_do: one sentence for the steward.
    """

    def __init__(self, problem: str, chain: tuple[DecidedPair | OnePerson, ...], what_to_do: str) -> None:
        super().__init__(problem, chain, what_to_do)
        self.problem, self.chain, self.what_to_do = problem, chain, what_to_do

    def __str__(self) -> str:
        return "\n".join((self.problem, *(f"  {step}" for step in self.chain), self.what_to_do))


class DecisionRefusedError(LinkageError):
    """A steward's decision breaks a rule of the store; nothing was written."""

    def __init__(self, problem: str, what_to_do: str = "") -> None:
        super().__init__(problem, what_to_do)
        self.problem, self.what_to_do = problem, what_to_do

    def __str__(self) -> str:
        return " ".join(part for part in (self.problem, self.what_to_do) if part)


TRY_AGAIN = "Start the database, or try again later: a decision that is sent twice with its id counts once."


class StoreUnavailableError(PlacedError):
    """The database of stewards' decisions does not answer, or answers that it cannot; nothing was acknowledged."""

    def __init__(self, place: str, problem: str, what_to_do: str = TRY_AGAIN) -> None:
        super().__init__(place, problem, what_to_do)

    def __str__(self) -> str:
        return f"Decisions in {super().__str__()}"


class PublishRefusedError(LinkageError):
    """The new tables failed a check; the last publication stays."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "Not published: " + "; ".join(self.problems) + ". The last publication is untouched."


class LimitsPassedError(PublishRefusedError):
    """A night changed more than the run file allows; the last publication stays until an operator releases this one."""

    def __init__(self, run_id: str, problems: tuple[str, ...]) -> None:
        super().__init__(problems)
        self.args = (run_id, problems)
        self.run_id = run_id

    def __str__(self) -> str:
        return (
            f"Not published: {'; '.join(self.problems)}. The last publication is untouched. "
            f"Look at the report of the run (boroughlink runs show {self.run_id}); if it is right, "
            f"boroughlink runs release {self.run_id} --by NAME --reason TEXT publishes exactly these tables."
        )


class RunLockedError(LinkageError):
    """Another run holds this home."""

    def __init__(self, home: str, holder: str) -> None:
        super().__init__(home, holder)
        self.home, self.holder = home, holder

    def __str__(self) -> str:
        return f"{self.home} is in use by {self.holder}. Wait for it, or stop that process first."


class StorageError(PlacedError):
    """The machine does not let a run work: its disk, permissions, memory, or limits of files and processes."""


MOVE_AWAY = "Move it away. Restore it from a backup if there was one before; else it is made anew."


class StateError(PlacedError):
    """A file that a home keeps from run to run is damaged, or does not go with the others."""


class DeskRefusedError(LinkageError):
    """The review desk does not do what was asked; nothing was written but, where there is one, its entry in the audit log.

    Args:
        code: HTTP status that says the same.
        problem: what cannot be, in words for the person at the desk.
        what_to_do: one sentence for them.
    """

    def __init__(self, code: int, problem: str, what_to_do: str = "") -> None:
        super().__init__(code, problem, what_to_do)
        self.code, self.problem, self.what_to_do = code, problem, what_to_do

    def __str__(self) -> str:
        return " ".join(part for part in (self.problem, self.what_to_do) if part)
