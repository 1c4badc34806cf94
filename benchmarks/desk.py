"""``python -m benchmarks.desk``: twenty stewards at once on the review desk, with a million persons and 100,000 open questions."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import duckdb
import httpx2
import pyotp
import sqlalchemy as sa
import typer

from benchmarks.desk_home import make_home
from benchmarks.machine import about_machine
from benchmarks.places import HERE
from flows.desk import open_desk
from pipeline.core.places import Home
from pipeline.review import accounts
from pipeline.review.index import index_of
from pipeline.stewardship.columns import DESK_ACCOUNTS
from schemas.settings import RunSettings

PASSWORD = "river copper lantern 9"
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
HIDDEN = re.compile(r'type="hidden" name="([a-z_]+)" value="([^"]*)"')
LIMITS = "review: { requests_a_minute: 1000000, sign_ins_a_minute: 100000 }\n"
PERSON = re.compile(r'href="/persons/(P[A-Z0-9]+)"')
GOAL_MS = 300
app = typer.Typer(add_completion=False)
Times = dict[str, list[float]]


class Steward:
    """One steward: works questions, and looks a person up after each."""

    def __init__(
        self, url: str, name: str, secret: str, think: tuple[float, float], names: list[tuple[str, str]], times: Times
    ) -> None:
        self.http = httpx2.Client(base_url=url, timeout=60)
        self.name, self.secret, self.think, self.names, self.times = name, secret, think, names, times
        self.chance = random.Random(name)
        self.csrf, self.failed = "", 0

    def sign_in(self) -> None:
        for path, form in (
            ("/sign-in", {"name": self.name, "password": PASSWORD}),
            ("/sign-in/code", {"code": pyotp.TOTP(self.secret).now()}),
        ):
            token = TOKEN.search(self.http.get(path).text)
            assert token
            answer = self.http.post(path, data={"csrf": token[1], **form})
            assert answer.status_code == 303, answer.status_code
        token_found = TOKEN.search(self.http.get("/queue").text)
        assert token_found
        self.csrf = token_found[1]

    def work(self, until: float) -> None:
        while time.monotonic() < until:
            self._page(
                "queue",
                "GET",
                f"/queue?kind={self.chance.choice(['', 'grey_pair', 'name_only'])}&at={self.chance.randint(1, 40)}",
            )
            case = self._page("take next", "POST", "/next", {}).headers["location"]
            if not case.startswith("/cases/"):
                continue
            self._page("reason to look", "POST", f"{case}/why", {"why": "queue"})
            page = self._page("case", "GET", case).text
            self._page("case with events", "GET", f"{case}?show=events")
            self._page("preview", "GET", f"{case}?preview=link")
            start = page.index(f'action="{case}/decide"')
            form = dict(HIDDEN.findall(page[start : page.index("</form>", start)]))
            verdict = self.chance.choice(["link", "unlink", "unsure"])
            self._page(
                "decide",
                "POST",
                f"{case}/decide",
                {**form, "verdict": verdict, "code": "history", "decision_id": str(uuid4())},
                also=(409,),
            )
            surname, forename = self.chance.choice(self.names)
            results = self._page(
                "search", "POST", "/search", {"surname": surname, "forename": forename, "why": "queue"}
            ).text
            if person := PERSON.search(results):
                self._page("reason to look", "POST", f"/persons/{person[1]}/why", {"why": "queue"})
                self._page("person", "GET", f"/persons/{person[1]}")

    def _page(
        self, name: str, method: str, path: str, form: dict[str, str] | None = None, also: tuple[int, ...] = ()
    ) -> httpx2.Response:
        time.sleep(self.chance.uniform(*self.think))
        data = {**form, "csrf": self.csrf} if form is not None else None
        began = time.perf_counter()
        answer = self.http.request(method, path, data=data)
        self.times[name].append((time.perf_counter() - began) * 1000)
        if answer.status_code not in (200, 303, *also):
            self.failed += 1
        return answer


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
        with _Server(place, workers) as server:
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


class _Server:
    def __init__(self, home: Home, workers: int) -> None:
        self.home, self.workers = home, workers

    def __enter__(self) -> _Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        run_file = self.home.root / "run.yaml"
        run_file.write_text(LIMITS)
        command = [
            sys.executable,
            "-c",
            "from flows.cli import main; main()",
            "review",
            "--port",
            str(port),
            "--home",
            str(self.home.root),
            "--run-file",
            str(run_file),
            "--workers",
            str(self.workers),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _ in range(600):
            try:
                if httpx2.get(f"{self.url}/health").status_code == 200:
                    return self
            except httpx2.HTTPError:
                time.sleep(0.2)
        raise RuntimeError("the desk does not start")

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def memory_mb(self) -> float:
        """Resident memory of the desk's processes."""
        pages = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(stat.read_text().rpartition(")")[2].split()[2]) == self.process.pid:
                    pages += int((stat.parent / "statm").read_text().split()[1])
            except (OSError, ValueError, IndexError):
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    app()
