"""A home may lie in any folder: what looks like a pattern, a quote or a query in its path is a name like any other."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from small_london import London, current_run, ended, forked, plain_night
from stewards_say import said

from flows.cli import app
from flows.night.decisions import open_decisions
from flows.night.plan import plan_night
from pipeline.core.errors import SettingsError
from pipeline.core.places import Home
from pipeline.publish.query import query
from pipeline.review.records.index import index_of
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
ODD = ["star*", "which?", "set[a-c]", "it's", 'say "so"', "100%20", "a{b,c};d #1 $HOME"]


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, warm: London, tmp_path: Path) -> Path:
    """A home of that name, beside one that its name is a pattern of."""
    for other in ("starry", "which1", "seta"):
        shutil.copytree(warm.place / "home" / "published", tmp_path / other / "published", symlinks=True)
    return Path(shutil.copytree(warm.place / "home", tmp_path / request.param, symlinks=True))


def output_of(out: Path, *words: str) -> str:
    out.unlink(missing_ok=True)
    assert ended(forked(lambda: app(list(words), standalone_mode=False), out)) == 0, out.read_text("utf-8")
    return out.read_text("utf-8")


def test_a_night_and_the_commands_work_there(odd: Path, warm: London, tmp_path: Path) -> None:
    home, out = Home(odd), tmp_path / "out"
    n_records = count(home)
    records = query(
        home, "SELECT record_id, person_id FROM records WHERE record_id IN (SELECT record_id_l FROM links) ORDER BY 1"
    ).to_pylist()
    left, right = sorted(str(row["record_id"]) for row in records[:2])
    with open_decisions(RunSettings(), home, {}) as store:
        store.decide(said(left, right, verdict="unsure"))
    assert home.decisions.is_file()
    at = ("--home", str(odd), "--run-file", str(warm.run_file))
    assert left in output_of(out, "decide", left, right, "--unsure", "--by", "bob", "--reason", "seen", *at, "--json")
    assert records[0]["person_id"] in output_of(
        out, "history", str(records[0]["person_id"]), "--home", str(odd), "--json"
    )
    assert json.loads(output_of(out, "explain", left, right, "--in", str(home.current), "--json"))
    assert json.loads(output_of(out, "runs", "list", "--home", str(odd), "--json"))
    assert ended(forked(lambda: plain_night(warm.night(odd, "2026-11-21")), out)) == 0, out.read_text("utf-8")
    assert current_run(odd) == "2026-11-21-1"
    assert count(home) == n_records
    output_of(out, "expunge", left, "--order", "1", "--by", "dpo", *at)
    assert count(home) == n_records - 1


@pytest.mark.parametrize("what", ["home", "exports"])
def test_a_name_that_is_not_utf_8_is_told_before_anything_is_made(london: London, what: str) -> None:
    place = london.place / os.fsdecode(b"n\xffn")
    shutil.copytree(london.exports, place)
    london.say(exports="exports")
    run_file = london.run_file if what == "home" else place / "run.yaml"
    shutil.copy(london.run_file, place)
    home = place / "home" if what == "home" else london.place / "other"
    with pytest.raises(SettingsError, match="is no name in UTF-8 here") as refused:
        plan_night(run_file, home, None, None, {})
    assert "LANG=C.UTF-8" in str(refused.value)
    str(refused.value).encode("ascii")
    assert not home.exists()


def test_the_desk_has_its_index_there_or_says_why_not(odd: Path) -> None:
    home = Home(odd)
    if "?" in odd.name:
        with pytest.raises(SettingsError, match="Rename that folder"):
            index_of(home, home.current.resolve())
        return
    with duckdb.connect(str(index_of(home, home.current.resolve())), read_only=True) as base:
        assert base.execute("SELECT n_records FROM facts").fetchall() == [(count(home),)]


def count(home: Home) -> int:
    return int(query(home, "SELECT count(*) AS n FROM records").column("n")[0].as_py())


def test_only_the_publication_can_be_read(odd: Path) -> None:
    other = next(path for path in sorted(odd.parent.iterdir()) if path != odd)
    file = other / "published" / "current" / "records" / "part-0.parquet"
    with pytest.raises(SettingsError, match="Permission Error"):
        query(Home(odd), f"SELECT count(*) FROM read_parquet('{file}')")
