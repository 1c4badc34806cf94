"""``python -m benchmarks.desk``: twenty stewards at once on the review desk, with a million persons and 100,000 open questions."""

from __future__ import annotations

import datetime as dt
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import duckdb
import pyotp
import sqlalchemy as sa
import typer

from benchmarks.desk_home import make_home
from benchmarks.desk_server import Server
from benchmarks.desk_steward import PASSWORD, Steward, Times
from benchmarks.machine import about_machine
from benchmarks.places import HERE
from flows.stewards.desk import open_desk
from pipeline.core.places import Home
from pipeline.review.admission import accounts
from pipeline.review.records.index import index_of
from pipeline.stewardship.columns import DESK_ACCOUNTS
from schemas.settings import RunSettings

GOAL_MS = 300
app = typer.Typer(add_completion=False)


@app.command()
def load(
    persons: Annotated[int, typer.Option(help="Persons published.")] = 1_000_000,
    questions: Annotated[int, typer.Option(help="Open questions.")] = 100_000,
    stewards: Annotated[int, typer.Option(help="At once.")] = 20,
    seconds: Annotated[float, typer.Option(help="Of each of the two turns.")] = 60.0,
    workers: Annotated[int, typer.Option(help="Processes of the desk.")] = 2,
    home: Annotated[Path | None, typer.Option(help="Keep and use the synthetic home here.")] = None,
    page: Annotated[Path, typer.Option(help="Write the figures here.")] = HERE / "RESULTS_desk.md",
) -> None:
    """Serve the desk and let stewards work on it, first with time to think, then without."""
    with tempfile.TemporaryDirectory() as folder:
        place = Home(home or Path(folder) / "home")
        if not place.current.exists():
            make_home(place.root, persons, questions)
        began = time.perf_counter()
        index = index_of(place, place.current.resolve())
        index_seconds = time.perf_counter() - began
        people = _accounts(place, stewards)
        turns = {}
        with Server(place, workers) as server:
            for title, think in (
                ("with 1 to 3 seconds to think before each page", (1.0, 3.0)),
                ("without a pause: each sends the next request at once", (0.0, 0.0)),
            ):
                turns[title] = _turn(server.url, place, people, think, seconds)
                print(
                    title,
                    {name: round(statistics.median(milliseconds)) for name, milliseconds in turns[title][0].items()},
                    flush=True,
                )
            memory = server.memory_mb()
    facts = {
        "persons": persons,
        "questions": questions,
        "stewards": stewards,
        "seconds": seconds,
        "workers": workers,
        "index_s": index_seconds,
        "index_mb": index.stat().st_size / 1e6 if index.exists() else 0.0,
        "memory_mb": memory,
    }
    page.write_text(page_of(facts, turns))
    print(page)


def page_of(facts: dict[str, float], turns: dict[str, tuple[Times, int, float]]) -> str:
    """The page of figures."""
    about = about_machine()
    lines = [
        "# The review desk under load",
        "",
        f"`python -m benchmarks.desk`, {dt.datetime.now(dt.UTC):%d %B %Y}: {about['cores']} cores "
        f"({about['processor']}), {about['memory_gb']} GB, commit {about['commit']}. "
        f"Synthetic publication: {facts['persons']:,.0f} persons, {facts['persons'] * 1.5:,.0f} "
        f"records, {facts['questions']:,.0f} open questions. {facts['stewards']:.0f} stewards, "
        "each with a session of "
        "their own, take a question, say why they look, read it, look at events and preview, "
        "decide, search for a name and open a person. Desk and stewards share the cores; the "
        "desk has "
        f"{facts['workers']:.0f} processes, {facts['memory_mb']:,.0f} MB together. Store: SQLite, "
        "every page is in the audit log, on disk, before it is shown.",
        "",
        f"Index: {facts['index_mb']:,.0f} MB"
        + (
            f", made in {facts['index_s']:.0f} s, once a publication."
            if facts["index_s"] > 1
            else "; it was there already."
        ),
        "",
        f"Load average before the run: {os.getloadavg()[2]:.1f} (other work ran on the machine where it is above 0).",
        "",
    ]
    for title, (times, failed, seconds) in turns.items():
        requests = sum(map(len, times.values()))
        lines += [
            f"## {title.capitalize()}",
            "",
            f"{requests:,} requests in {seconds:.0f} s: {requests / seconds:.0f} a second; {failed} failed.",
            "",
            f"| page | requests | median ms | 95th percentile ms | under {GOAL_MS} ms at the median |",
            "|---|---|---|---|---|",
        ]
        for name, milliseconds in times.items():
            ordered = sorted(milliseconds)
            median, high = statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
            lines.append(
                f"| {name} | {len(milliseconds):,} | {median:.0f} | {high:.0f} | "
                f"{'yes' if median < GOAL_MS else 'no'} |"
            )
        lines.append("")
    return "\n".join(lines)


def _turn(
    url: str, home: Home, people: dict[str, str], think: tuple[float, float], seconds: float
) -> tuple[Times, int, float]:
    _forget_codes(home)
    folder = home.current.resolve()
    names = duckdb.sql(
        f"SELECT surname, forename FROM '{folder}/persons/*.parquet' USING SAMPLE 500 ROWS (reservoir, 7)"
    ).fetchall()
    times: Times = defaultdict(list)
    stewards = [Steward(url, name, secret, think, names, times) for name, secret in people.items()]
    for steward in stewards:
        steward.sign_in()
    began = time.monotonic()
    threads = [threading.Thread(target=steward.work, args=(began + seconds,)) for steward in stewards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(times), sum(steward.failed for steward in stewards), time.monotonic() - began


def _accounts(home: Home, n: int) -> dict[str, str]:
    hashed = accounts.HASHER.hash(PASSWORD)
    people = {f"Steward {number}": pyotp.random_base32() for number in range(1, n + 1)}
    with open_desk(RunSettings(), home, {}) as desk:

        def work(connection: sa.Connection) -> None:
            for name, secret in people.items():
                if accounts.find_by_name(connection, name) is None:
                    accounts.add_account(connection, name, "steward", None, dt.datetime.now(dt.UTC))
                is_account = DESK_ACCOUNTS.c.name_key == accounts.key_of(name)
                connection.execute(
                    sa.update(DESK_ACCOUNTS)
                    .where(is_account)
                    .values(password_hash=hashed, totp_secret=secret, is_new=False)
                )

        desk.write(work)
    return people


def _forget_codes(home: Home) -> None:
    """Let a code count again, so that the second turn need not wait for the next one."""
    with open_desk(RunSettings(), home, {}) as desk:
        desk.write(lambda connection: connection.execute(sa.update(DESK_ACCOUNTS).values(totp_step=None)))


if __name__ == "__main__":
    app()
