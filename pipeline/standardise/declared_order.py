"""Whether an export writes its dates in the order that its contract says: one that does not would be read wrongly in silence.

03/04/2009 is a day either way; only the dates after the 12th of a month show that an export has another order.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SourceError
from pipeline.standardise.date_order import evidence_of
from schemas.contract import Contract, Dates

DATES = ("date_of_birth", "started", "ended")
CLOCK = r"[T ,]+\d{1,2}[:.]\d{2}.*$"
FEWEST = 5
"""Dates that must speak against the contract: fewer may be slips"""


def check_date_order(raw: pa.Table, contract: Contract, file: str) -> None:
    """That no more dates speak against the contract's order than for it.

    Raises:
        SourceError: wrong_date_order.
    """
    is_day_first = _is_day_first(contract.dates)
    evidence = evidence_of(_different_dates(raw))
    speak_for, against = evidence.day_first, evidence.month_first
    if not is_day_first:
        speak_for, against = against, speak_for
    if against < FEWEST or against <= speak_for:
        return
    said, found = ("day first", "month first") if is_day_first else ("month first", "day first")
    problem = f"{against:,} different dates can only be read {found} and {speak_for:,} only {said}, where the contract says {said}."
    setting = f"dates: {{ day_first: {str(not is_day_first).lower()} }}"
    what_to_do = (
        f"Ask for an export with dates as before, or write `{setting}` in the contract, for one borough below `feeds`."
    )
    raise SourceError("wrong_date_order", file, problem, what_to_do)


def _different_dates(raw: pa.Table) -> set[str]:
    texts: set[str] = set()
    for name in DATES:
        written = pc.unique(raw.column(name)).drop_null()
        texts.update(pc.utf8_trim_whitespace(pc.replace_substring_regex(written, CLOCK, "")).to_pylist())
    return texts


def _is_day_first(dates: Dates) -> bool:
    """What the first form with a day and a month in numbers says, else the contract's word for all dates."""
    for form in dates.formats:
        if "%d" in form and "%m" in form:
            return form.index("%d") < form.index("%m")
    return dates.day_first
