"""A person as a file for a spreadsheet: every value with where it comes from, masked as on the page."""

from __future__ import annotations

from pipeline.review.admission.access import MASK, Viewer, shown_all
from pipeline.review.frame.csv_file import marked_csv
from pipeline.review.records.shelf import Shelf

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
    """Every value of the person that the viewer may see as CSV, and a line a record of others, which says that it is masked."""
    rows = shown_all(viewer, shelf.fields(person_id))
    masked_rows = {
        row["record_id"]: dict.fromkeys(EXPORTED) | {"person_id": person_id, "value": MASK, "borough": row["borough"]}
        for row in rows
        if row["is_masked"]
    }
    own_rows = [row for row in rows if not row["is_masked"]]
    columns = EXPORTED if viewer.sees_all else OWN_EXPORTED
    return marked_csv(columns, [*own_rows, *(masked_rows[record] for record in sorted(masked_rows))])
