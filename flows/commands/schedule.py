"""``boroughlink schedule``: serve the nightly flow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, NightRunFileOption
from pipeline.core.errors import LinkageError, SettingsError

HELP = """
Serve the nightly flow with Prefect: a run at every time the cron line gives, until stopped.

Ctrl-C or SIGTERM ends it. A night that is at work then is stopped too, and the next one goes on where it stopped.

Example: `boroughlink schedule --cron "0 2 * * *" --run-file /etc/boroughlink/run.yaml`
"""

A_NIGHT = "A night that is at work is stopped too; the next one goes on where it stopped."


def schedule(
    cron: Annotated[str, typer.Option(help="When, as a cron line, London time.")] = "0 2 * * *",
    run_file: NightRunFileOption = None,
    home: HomeOption = None,
) -> None:
    """Serve the nightly flow; what cannot be is told now, not at night."""
    from flows.night.plan import plan_night
    from flows.night.ready import check_run_file, check_settings
    from flows.running.local_server import begin_prefect_for_the_schedule
    from flows.running.quiet import quiet_prefect

    night = plan_night(run_file, home, None, None, os.environ)
    check_run_file(night)
    check_settings(night.settings, night.run_file)
    quiet_prefect(night.settings.home)
    server = begin_prefect_for_the_schedule()
    _check(cron)
    if server and not server.answers():
        raise LinkageError(
            "Prefect's server does not start; see `prefect server start`, or name one in PREFECT_API_URL."
        )
    _serve(cron, run_file, home, is_our_server=server is not None)


def _serve(cron: str, run_file: Path | None, home: Path | None, *, is_our_server: bool) -> None:
    import asyncio

    from prefect.runner import Runner
    from prefect.schedules import Cron

    from flows.running.serving import serve
    from flows.served import one_night
    from pipeline.core.clock import LONDON

    console = Console(stderr=True)
    runner = Runner(name="nightly", pause_on_shutdown=False, limit=1)
    runner.add_flow(
        one_night,
        name="nightly",
        schedule=Cron(cron, timezone=LONDON.key),
        parameters={
            "run_file": str(run_file.resolve()) if run_file else None,
            "home": str(home.resolve()) if home else None,
        },
    )
    console.print(f"Serving the nightly flow at {cron!r}, London time. Stop with Ctrl-C.")
    server = f"PREFECT_API_URL={os.environ['PREFECT_API_URL']} " if is_our_server else ""
    console.print(f"A night at once: {server}prefect deployment run one-night/nightly", soft_wrap=True, markup=False)
    asyncio.run(serve(runner, lambda name: console.print(f"Stopping ({name}). {A_NIGHT}", soft_wrap=True)))


def _check(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=cron)
    except ValueError:
        problem = f"{cron!r} is no cron line: minute, hour, day of the month, month, day of the week."
        raise SettingsError("--cron", problem, "Two in the morning is '0 2 * * *'.") from None
