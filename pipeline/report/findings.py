"""What the analysts' tables come to, in counts: the questions of the inspection, answered for the whole force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = {
    "repeat_missing_cse": ["is_repeat_missing", "is_missing_now", "is_cse_known_where_missing"],
    "rso_borough": ["managed", "overdue", "no_due_date"],
    "rso_near_missing_child": ["child_id"],
    "child_detention": ["is_overnight", "is_s38_due", "is_s38_requested"],
    "suspect_multi_victim": ["n_boroughs"],
    "victim_and_suspect_child": ["person_id"],
}
"""The tables, and their columns that are counted"""


class Finding(NamedTuple):
    """One count."""

    what: str
    n: int
    of: int | None
    """among so many; None where it is of itself"""
    table: str
    """that has the rows behind it"""


def findings(tables: Mapping[str, pa.Table]) -> list[Finding]:
    """Counts of the tables of ``COLUMNS``; no personal data."""
    missing, offenders, custody, suspects = (
        tables[name] for name in ("repeat_missing_cse", "rso_borough", "child_detention", "suspect_multi_victim")
    )
    is_elsewhere = pc.invert(missing.column("is_cse_known_where_missing"))
    near = tables["rso_near_missing_child"].column("child_id")
    managed, overdue, undated = (_sum(offenders.column(name)) for name in ("managed", "overdue", "no_due_date"))
    is_due = custody.column("is_s38_due")
    not_asked = pc.and_not(is_due, pc.fill_null(custody.column("is_s38_requested"), False))
    n_missing, n_custody, n_suspects = len(missing), len(custody), len(suspects)
    again, gone = (_sum(missing.column(name)) for name in ("is_repeat_missing", "is_missing_now"))
    overnight = _sum(custody.column("is_overnight"))
    across = _sum(pc.greater(suspects.column("n_boroughs"), 1))
    return [
        Finding("children who went missing again and again", again, n_missing, "repeat_missing_cse"),
        Finding("children without a return from their latest episode", gone, n_missing, "repeat_missing_cse"),
        Finding("children missing where others' knowledge of exploitation is not recorded", _sum(is_elsewhere), n_missing, "repeat_missing_cse"),
        Finding("missing children with an address of a registered sex offender", len(pc.unique(near)), None, "rso_near_missing_child"),
        Finding("registered sex offenders whose visit is overdue", overdue, managed, "rso_borough"),
        Finding("registered sex offenders without a date of the next visit", undated, managed, "rso_borough"),
        Finding("custody records of children kept overnight", overnight, n_custody, "child_detention"),
        Finding("children charged and refused bail for whom no other accommodation was asked for", _sum(not_asked), _sum(is_due), "child_detention"),
        Finding("suspects of several children, in more than one borough", across, n_suspects, "suspect_multi_victim"),
        Finding("children who are victims and suspects", len(tables["victim_and_suspect_child"]), None, "victim_and_suspect_child"),
    ]  # fmt: skip


def _sum(column: pa.ChunkedArray) -> int:
    return pc.sum(column).as_py() or 0
