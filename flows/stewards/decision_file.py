"""A file of stewards' decisions, as training takes it: CSV or Parquet, one row a decision."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from pipeline.core.errors import SourceError
from pipeline.read.any_file import headings, read_any
from schemas.tables import ENDS

VERDICTS = ("link", "unlink", "unsure", "retract")


def read_decisions(path: Path) -> pa.Table:
    """The decisions of a file: record_id_l, record_id_r, decision, decided_at (UTC, null where the file does not say).

    Other columns are not read. ``verdict`` stands for ``decision`` too, so that what ``boroughlink decide --export``
    writes can be trained on.

    Raises:
        SourceError: If the file cannot be read, lacks a column, or a row says something else than a decision.
    """
    names = headings(path)
    verdict = next((name for name in ("decision", "verdict") if name in names), None)
    if lacking := [name for name in ENDS if name not in names] + ([] if verdict else ["decision"]):
        problem = f"lacks {', '.join(lacking)}; it has {', '.join(names[:20])}."
        raise SourceError("missing_columns", str(path), problem, "Give record_id_l, record_id_r and decision.")
    time_columns = [name for name in ("decided_at",) if name in names]
    rows = read_any(path, [*ENDS, str(verdict), *time_columns])
    verdicts = [_verdict(text, path, row) for row, text in enumerate(rows.column(str(verdict)).to_pylist(), start=1)]
    time_texts = rows.column("decided_at").to_pylist() if time_columns else [None] * len(rows)
    moments = [_time(text, path, row) for row, text in enumerate(time_texts, start=1)]
    columns = {name: rows.column(name).cast(pa.string()) for name in ENDS}
    return pa.table(
        columns
        | {"decision": pa.array(verdicts, pa.string()), "decided_at": pa.array(moments, pa.timestamp("us", tz="UTC"))}
    )


def _verdict(text: str | None, path: Path, row: int) -> str:
    verdict = (text or "").strip().lower()
    if verdict not in VERDICTS:
        place = f"{path}, record {row:,}"
        raise SourceError("no_decision", place, "its decision is none of link, unlink, unsure.", "Correct the row.")
    return verdict


def _time(text: str | None, path: Path, row: int) -> dt.datetime | None:
    """The moment as UTC; a text without an offset is UTC already."""
    if not text or not text.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        place = f"{path}, record {row:,}"
        problem = "decided_at is no moment."
        raise SourceError("no_time", place, problem, "Write it as 2026-11-20T14:05:00Z, or leave it empty.") from None
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
