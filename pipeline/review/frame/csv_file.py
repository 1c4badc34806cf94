"""Files for a spreadsheet: no cell of them calculates, and every row carries the marking."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import Response

from pipeline.core.clock import london_time
from pipeline.core.spreadsheet import guarded
from schemas.tables import MARKING


def marked_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """These columns of the rows as CSV, times those of London; the marking stands in each row, so that the first line is the header."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*columns, "marking"])
    writer.writerows([*(plain_cell(row[name]) for name in columns), MARKING] for row in rows)
    return out.getvalue()


def plain_cell(value: Any) -> str:  # noqa: ANN401
    """A value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else london_time(value).isoformat() if isinstance(value, dt.datetime) else str(value)
    return guarded(text)


def csv_answer(name: str, text: str) -> Response:
    """A file to keep, its name marked too."""
    headers = {"content-disposition": f'attachment; filename="{name}-official-sensitive.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
