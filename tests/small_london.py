"""A small London that runs a night in a second or two, in a process that has everything loaded and is forked for each night."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from flows.night.outcome import Outcome
from flows.night.plan import Night, plan_night
from flows.running import one_run
from pipeline.core.places import EXPECTATIONS, SAMPLE, SOURCES
from pipeline.publish.verify import damaged_files
from schemas.contract import load_contracts

BOROUGHS = ("Camden", "Hackney")
SOURCES_TAKEN = ("cris", "custody", "visor")
ROWS = 40


@dataclass(frozen=True)
class London:
    """Exports, contracts and a run file that a test may spoil."""

    place: Path

    @property
    def run_file(self) -> Path:
        return self.place / "run.yaml"

    @property
    def exports(self) -> Path:
        return self.place / "exports"

    def night(self, home: Path, day: str | None = None) -> Night:
        night = plan_night(self.run_file, home, None, None, {})
        return plan_night(self.run_file, home, type(night.as_of).fromisoformat(day), None, {}) if day else night

    def say(self, **settings: object) -> None:
        said = yaml.safe_load(self.run_file.read_text("utf-8")) | settings
        self.run_file.write_text(yaml.safe_dump(said), "utf-8")


def small_london(place: Path, sources: Sequence[str] = SOURCES_TAKEN, boroughs: Sequence[str] = BOROUGHS) -> London:
    """A few feeds of the sample: unless more are asked for four, some 150 records."""
    (place / "contracts").mkdir(parents=True)
    for source in sources:
        said = yaml.safe_load((SOURCES / f"{source}.yaml").read_text("utf-8"))
        if said.get("boroughs") == "all":
            said["boroughs"] = list(boroughs)
            said.pop("feeds", None)
        (place / "contracts" / f"{source}.yaml").write_text(yaml.safe_dump(said), "utf-8")
    for contract in load_contracts(place / "contracts"):
        for feed in contract.all_feeds():
            file = feed.location.removeprefix("sqlite:///")
            (place / "exports" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SAMPLE / "exports" / file, place / "exports" / file)
    custody = place / "exports" / "custody" / "custody.csv"
    custody.write_bytes(b"".join(custody.read_bytes().splitlines(keepends=True)[: ROWS + 1]))
    (place / "expectations").mkdir()
    for suite in (*sources, "std_records", "events"):
        said = json.loads((EXPECTATIONS / f"{suite}.json").read_text("utf-8"))
        said["expectations"] = said["expectations"][:1]  # they take most of the time of a small night
        (place / "expectations" / f"{suite}.json").write_text(json.dumps(said), "utf-8")
    said = {
        "exports": "exports",
        "contracts": "contracts",
        "expectations": "expectations",
        "as_of": "2026-11-20",
        "workers": 1,
    }
    (place / "run.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return London(place)


def plain_night(night: Night, *, fresh: bool = False) -> Outcome:
    """The night as ``boroughlink run`` runs it where Prefect's server does not start."""
    one_run.begin_prefect = lambda: lambda: False
    return one_run.run_night(night, None, fresh=fresh)


def forked(work: Callable[[], object], out: Path) -> int:
    """Start the work in a process group of its own; its process id. 0: done, 1: our error, 9: another one."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    code = 9
    try:
        sys.stdout = sys.stderr = out.open("a")
        work()
        code = 0
    except one_run.LinkageError as error:
        sys.stdout.write(f"{type(error).__name__} {error}\n")
        code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def night_aside(night: Night, out: Path, *, fresh: bool = False) -> Outcome:
    """What a plain night comes to that runs in a process of its own, forked from this one."""
    told = out.with_suffix(".outcome")

    def work() -> None:
        told.write_bytes(pickle.dumps(plain_night(night, fresh=fresh)))

    assert ended(forked(work, out)) == 0, out.read_text("utf-8")
    return pickle.loads(told.read_bytes())


def ended(pid: int) -> int:
    """Exit code of a forked process; minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_after(pid: int, seconds: float) -> int:
    """Kill the whole process group after that time; how it ended, which may have been before."""
    moment = time.perf_counter() + seconds
    while time.perf_counter() < moment:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(min(0.02, max(0.0, moment - time.perf_counter())))
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)  # it had not yet made its group
    return ended(pid)


def current_run(home: Path) -> str | None:
    """The run that readers see, after its every byte was checked; None where nothing is published."""
    current = home / "published" / "current"
    if not current.exists():
        assert not current.is_symlink(), "current points nowhere"
        return None
    assert damaged_files(current.resolve(), is_deep=True) == []
    return current.resolve().name


def published_tables(home: Path) -> dict[str, object]:
    """SHA-256 of every repeatable table that readers see."""
    manifest = json.loads((home / "published" / "current" / "manifest.json").read_text("utf-8"))
    return {name: table["sha256"] for name, table in manifest["tables"].items() if table["is_repeatable"]}


def note_of(home: Path, run_id: str) -> dict[str, object]:
    return json.loads((home / "runs" / run_id / "run.json").read_text("utf-8"))


def log_of(home: Path, run_id: str) -> list[dict[str, object]]:
    lines = (home / "runs" / run_id / "run.log").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]
