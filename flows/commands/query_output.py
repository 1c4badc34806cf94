"""Rows of a query in the terminal, as JSON, and as CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.core.spreadsheet import guarded

MOST_SHOWN = 50
LONGEST = 500  # characters of a value on a terminal
WIDEST = 100_000  # characters of a line that goes into a file or another program


def show(console: Console, rows: pa.Table) -> None:
    """The first rows as a table of the terminal, which breaks ids last and cuts values of ``LONGEST`` characters.

    Where not even the names of the columns fit beside each other, every row stands by itself, a line a column. Where it is no
    terminal nothing is cut or broken over lines.
    """
    records = _records(rows.slice(0, MOST_SHOWN))
    texts = [[_as_text(value) or "" for value in record.values()] for record in records]
    has_cut = console.is_terminal and any(len(text) > LONGEST for row in texts for text in row)
    cells = [[Text(f"{text[:LONGEST]}…" if has_cut and len(text) > LONGEST else text) for text in row] for row in texts]
    if not console.is_terminal:
        console.width = WIDEST
    if sum(len(name) + len(" │ ") for name in rows.column_names) < console.width:
        console.print(_beside_each_other(rows.column_names, cells))
    else:
        for number, row in enumerate(cells, start=1):
            console.rule(Text(f"{number} of {len(rows):,}"), align="left")
            console.print(_below_each_other(rows.column_names, row))
    if has_cut:
        console.print(f"Values are cut after {LONGEST} characters (…); --csv or --json gives all.", highlight=False)
    if len(rows) > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {len(rows):,} rows; --csv or --json gives all.")


def _beside_each_other(names: Sequence[str], rows: Sequence[Sequence[Text]]) -> Table:
    table = Table()
    for name in names:
        table.add_column(Text(name), overflow="fold", no_wrap=name.endswith("_id"))
    for row in rows:
        table.add_row(*row)
    return table


def _below_each_other(names: Sequence[str], row: Sequence[Text]) -> Table:
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    for name, cell in zip(names, row, strict=True):
        lines.add_row(Text(name, style="bold"), cell)
    return lines


def as_json(rows: pa.Table) -> str:
    """All rows as a list of objects."""
    return _json_of(_records(rows))


def write_csv(rows: pa.Table, path: Path) -> None:
    """CSV of which a spreadsheet takes no text or name of a column for a formula; a number below zero stays one."""
    records = _records(rows)
    columns = [pa.array((_as_cell(row[name]) for row in records), pa.string()) for name in rows.column_names]
    pa_csv.write_csv(pa.table(columns, [guarded(name) for name in rows.column_names]), path)


def _records(rows: pa.Table) -> list[dict[str, Any]]:
    return rows.to_pylist(maps_as_pydicts="strict")


def _as_cell(value: Any) -> str | None:  # noqa: ANN401
    return guarded(value) if isinstance(value, str) else _as_text(value)


def _as_text(value: Any) -> str | None:  # noqa: ANN401
    """A list, map or struct as JSON, anything else as it is written."""
    if value is None:
        return None
    if isinstance(value, pa.MonthDayNano):
        return _as_time_span(value)
    return _json_of(value) if isinstance(value, list | dict) else str(value)


def _json_of(value: Any) -> str:  # noqa: ANN401
    return json.dumps(_plain(value), default=str, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:  # noqa: ANN401
    """The value of what JSON knows; a sum is a number there too, and what is no number null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _as_time_span(value) if isinstance(value, pa.MonthDayNano) else value


def _as_time_span(span: pa.MonthDayNano) -> str:
    """As DuckDB writes an interval: ``3 days 04:05:06``."""
    sign, seconds = "-" if span.nanoseconds < 0 else "", abs(span.nanoseconds) // 1_000_000_000
    counted = [(span.months, "month"), (span.days, "day")]
    words = [f"{n} {name}{'' if abs(n) == 1 else 's'}" for n, name in counted if n]
    clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return " ".join([*words, clock] if seconds or not words else words)
