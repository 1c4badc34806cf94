"""A person as a file for a spreadsheet: every value with where it comes from, masked as on the page."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from pipeline.core.clock import london_time
from pipeline.core.spreadsheet import guarded
from pipeline.review.admission.access import MASK, Viewer, shown_all
from pipeline.review.records.shelf import Row, Shelf
from schemas.tables import MARKING

EXPORTED = (
    "person_id",
    "field",
    "value",
    "is_chosen",
    "n_agree",
    "rule",
    "source",
    "borough",
    "recorded_at",
    "basis",
    "record_id",
)
OWN_EXPORTED = tuple(name for name in EXPORTED if name not in ("is_chosen", "n_agree", "rule"))
"""What a borough user's file has: the rest would tell of values that others hold"""


def as_csv(shelf: Shelf, viewer: Viewer, person_id: str) -> str:
    """Every value of the person as CSV for a spreadsheet, in which no cell calculates; masked values say so.

    Times are those of London, and every row carries the marking, so that the first line is the header and no row loses it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    columns = EXPORTED if viewer.sees_all else OWN_EXPORTED
    writer.writerow([*columns, "marking"])
    masked_rows: dict[str, Row] = {}
    for row in shown_all(viewer, shelf.fields(person_id)):
        if row["is_masked"]:
            masked_rows[row["record_id"]] = dict.fromkeys(EXPORTED) | {
                "person_id": person_id,
                "value": MASK,
                "borough": row["borough"],
            }
        else:
            writer.writerow([*(plain_cell(row[name]) for name in columns), MARKING])
    for _, row in sorted(masked_rows.items()):
        writer.writerow([*(plain_cell(row[name]) for name in columns), MARKING])
    return out.getvalue()


def plain_cell(value: Any) -> str:  # noqa: ANN401
    """A value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else london_time(value).isoformat() if isinstance(value, dt.datetime) else str(value)
    return guarded(text)
