"""``boroughlink query``: SQL over the current publication."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, JsonOption
from flows.place import home_of
from pipeline.core.spreadsheet import guarded

HELP = """
Ask the current publication a question in SQL; every published table is a view of its name.

Example: `boroughlink query "SELECT role, count(*) AS n FROM records GROUP BY role ORDER BY n DESC"`
"""
MOST_SHOWN = 50


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all rows to this CSV file.", show_default=False)
    ] = None,
) -> None:
    """SQL over the current publication."""
    from pipeline.publish.query import query as run_query

    rows = run_query(home_of(home), sql)
    console = Console()
    if csv_file:
        _write_csv(rows, csv_file)
        console.print(f"{len(rows):,} rows in {csv_file}")
    elif as_json:
        typer.echo(json.dumps(rows.to_pylist(), default=str, ensure_ascii=False))
    else:
        _show(console, rows)


def _show(console: Console, rows: pa.Table) -> None:
    table = Table()
    for name in rows.column_names:
        table.add_column(Text(name), overflow="fold")
    for row in rows.slice(0, MOST_SHOWN).to_pylist():
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    console.print(table)
    if len(rows) > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {len(rows):,} rows; --csv or --json gives all.")


def _write_csv(rows: pa.Table, path: Path) -> None:
    """CSV of which a spreadsheet takes no text for a formula; a number below zero stays one."""
    columns = {name: pa.array(map(_as_cell, rows.column(name).to_pylist()), pa.string()) for name in rows.column_names}
    pa_csv.write_csv(pa.table(columns), path)


def _as_cell(value: Any) -> str | None:  # noqa: ANN401
    return guarded(value) if isinstance(value, str) else None if value is None else str(value)
