"""Whether an export writes its dates in the order that its contract says: one that does not would be read wrongly in silence.

03/04/2009 is a day either way; only the dates after the 12th of a month show that an export has another order.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SourceError
from pipeline.standardise.date_order import Evidence, evidence_of
from schemas.contract import Contract, Dates

DATES = ("date_of_birth", "started", "ended")
CLOCK = r"[T ,]+\d{1,2}[:.]\d{2}.*$"
FEWEST = 5
"""Dates that must speak against the contract: fewer may be slips"""
FEWEST_TOLD = 3


def check_date_order(raw: pa.Table, contract: Contract, file: str) -> list[tuple[str, int]]:
    """That no more dates speak against the contract's order than for it; where some do, what to tell of them, and how many they are.

    Raises:
        SourceError: wrong_date_order.
    """
    is_day_first = _is_day_first(contract.dates)
    evidence = evidence_of(_different_dates(raw))
    speak_for, against = evidence.day_first, evidence.month_first
    if not is_day_first:
        speak_for, against = against, speak_for
    said, found = ("day first", "month first") if is_day_first else ("month first", "day first")
    if against < FEWEST or against <= speak_for:
        return [(_partly(raw, evidence, file, said, found), against)] if against >= FEWEST_TOLD else []
    problem = f"{against:,} different dates can only be read {found} and {speak_for:,} only {said}, where the contract says {said}."
    setting = f"dates: {{ day_first: {str(not is_day_first).lower()} }}"
    what_to_do = (
        f"Ask for an export with dates as before, or write `{setting}` in the contract, for one borough below `feeds`."
    )
    raise SourceError("wrong_date_order", file, problem, what_to_do)


def _partly(raw: pa.Table, evidence: Evidence, file: str, said: str, found: str) -> str:
    """What to tell of an export of which a part may be written in the other order."""

    def is_against(text: str) -> bool:
        alone = evidence_of([text])
        return bool(alone.day_first if found == "day first" else alone.month_first)

    rows: list[int] = []
    for name in DATES:
        dates = _dates(raw.column(name))
        different = [text for text in pc.unique(dates).drop_null().to_pylist() if is_against(text)]
        rows += raw.column("row_number").filter(pc.is_in(dates, pa.array(different, pa.string()))).to_pylist()
    return (
        f"{file}: {len(rows):,} dates, in rows {min(rows):,} to {max(rows):,}, can only be read {found}, where the contract says {said}: "
        f"of the {evidence.either:,} different dates that can be read either way, and were read {said}, those around them may be "
        "wrong. Ask the borough whether a part of the export was made on another machine."
    )


def _different_dates(raw: pa.Table) -> set[str]:
    return {text for name in DATES for text in _dates(pc.unique(raw.column(name))).drop_null().to_pylist()}


def _dates(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """The texts of a column without the time of day."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(column, CLOCK, ""))


def _is_day_first(dates: Dates) -> bool:
    """What the first form with a day and a month in numbers says, else the contract's word for all dates."""
    for form in dates.formats:
        if "%d" in form and "%m" in form:
            return form.index("%d") < form.index("%m")
    return dates.day_first
