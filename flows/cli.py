"""The command line: one module a group of commands, errors as one clear message, exit codes that scripts can rely on.

0 good, 1 failed, 2 wrong use, 3 ran but a source was held or missing.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from flows.commands import (
    audit,
    decide,
    doctor,
    evaluate,
    explain,
    expunge,
    history,
    link,
    query,
    review,
    run,
    runs,
    schedule,
    synth,
    train,
    unmerge,
)
from flows.night.place import keep_from_others
from pipeline.core.durable import storage_error
from pipeline.core.errors import LinkageError, SettingsError
from pipeline.core.limits import check_command_threads
from pipeline.core.places import ROOT

app = typer.Typer(
    name="boroughlink",
    help="Links the records of one person across London's boroughs, every night, into one record each.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("run", help=run.HELP)(run.run)
app.command("schedule", help=schedule.HELP)(schedule.schedule)
app.command("link", help=link.HELP)(link.link)
app.command("evaluate", help=evaluate.HELP)(evaluate.evaluate)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("decide", help=decide.HELP)(decide.decide)
app.command("unmerge", help=unmerge.HELP)(unmerge.unmerge)
app.command("expunge", help=expunge.HELP)(expunge.expunge)
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.command("query", help=query.HELP)(query.query)
app.add_typer(review.app, name="review")
app.add_typer(audit.app, name="audit")
app.add_typer(runs.app, name="runs")
app.command("history", help=history.HELP)(history.history)
app.command("train", help=train.HELP)(train.train)
app.command("synth", help=synth.HELP)(synth.synth)


def main() -> None:
    """Run the command; a known error is one message, anything else is named without its content."""
    keep_from_others()
    try:
        _check_current_folder()
        check_command_threads()
        app()
    except LinkageError as error:
        if os.environ.get("BOROUGHLINK_DEBUG"):
            raise
        Console(stderr=True).print(f"[bold]Failed.[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except Exception as error:
        if os.environ.get("BOROUGHLINK_DEBUG"):
            raise
        known_error = storage_error(error, Path(str(getattr(error, "filename", None) or "the home")))
        if known_error is not None:
            Console(stderr=True).print(f"[bold]Failed.[/] {escape(str(known_error))}", soft_wrap=True)
            sys.exit(1)
        Console(stderr=True).print(f"[bold]Failed[/] unexpectedly {escape(_unexpected(error))}", soft_wrap=True)
        sys.exit(1)


def _unexpected(error: Exception) -> str:
    """What failed and where in the program, without the error's own text, which may quote people; and what to do."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT) and ".venv" not in frame.filename]
    place = f", {Path(own[-1].filename).relative_to(ROOT)} line {own[-1].lineno}" if own else ""
    what_to_do = (
        "Tell the maintainers this line, the command and what kinds of columns the files have, but no value of a person. "
        "BOROUGHLINK_DEBUG=1 shows the whole way there: its last line may quote a value, so leave that one out."
    )
    return f"({type(error).__name__}{place}). This is a fault of boroughlink. {what_to_do}"


def _check_current_folder() -> None:
    """That the folder in which the command was given is there: processes that it starts begin in it."""
    try:
        Path.cwd()
    except FileNotFoundError:
        what_to_do = "Change to one that is there (cd /), and give the command again."
        raise SettingsError("the current folder", "is gone.", what_to_do) from None
