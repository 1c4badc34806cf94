"""``boroughlink query``: SQL over the current publication."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.place import check_folder_of, home_of
from pipeline.core.errors import SettingsError

HELP = """
Ask the current publication a question in SQL; every published table is a view of its name. Days and months are those of London.

Example: `boroughlink query "SELECT role, count(*) AS n FROM records GROUP BY role ORDER BY n DESC"`
"""


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all rows to this CSV file.", show_default=False)
    ] = None,
) -> None:
    """SQL over the current publication."""
    from flows.commands import query_output
    from pipeline.publish.query import query as run_query

    if csv_file and as_json:
        raise SettingsError("query", "takes --csv or --json, not both.", "Give one of them.")
    if csv_file:
        check_folder_of(csv_file)
    rows = run_query(home_of(run_file, home), sql)
    if csv_file:
        query_output.write_csv(rows, csv_file)
        typer.echo(f"{len(rows):,} rows in {csv_file}")
    elif as_json:
        typer.echo(query_output.as_json(rows))
    else:
        query_output.show(Console(), rows)
