"""Runs by their ids: in time, and only those."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.places import Home
from pipeline.core.run_ids import publication_folders, run_folders, run_order
from pipeline.core.run_note import last_note, unfinished_runs


def test_runs_are_in_order_of_date_and_number() -> None:
    ids = ["2026-11-20-10", "2026-11-21-1", "2026-11-20-9", ""]
    assert sorted(ids, key=run_order) == ["", "2026-11-20-9", "2026-11-20-10", "2026-11-21-1"]


def test_leftovers_of_a_run_that_died_are_no_runs_and_are_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert (run_folders(home), publication_folders(home)) == ([], [])
    for name in ("2026-11-20-10", "2026-11-20-9", ".new-2026-11-20-11", "notes-of-mine"):
        (home.runs / name).mkdir(parents=True)
        (home.published / name).mkdir(parents=True)
    for folder in (home.runs / ".new-2026-11-20-11", home.runs / "notes-of-mine"):
        (folder / "run.json").write_text("{", "utf-8")
    (home.published / "current").symlink_to("2026-11-20-9")
    for folders in (run_folders(home), publication_folders(home)):
        assert [folder.name for folder in folders] == ["2026-11-20-9", "2026-11-20-10"]
    assert (unfinished_runs(home), last_note(home)) == ([], None)
    assert (home.runs / ".new-2026-11-20-11" / "run.json").read_text("utf-8") == "{"
