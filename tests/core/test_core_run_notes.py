"""What a run's folder says of the run: damaged, of a newer version, or not to be read, nothing of it is ever lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.core.errors import StateError, StorageError
from pipeline.core.places import Home
from pipeline.core.run_note import RunNote, change_note, last_note, note_published, open_run, read_note, unfinished_runs

RUN = "2026-11-20-1"
DAMAGED = (
    "",
    "{",
    "[1]",
    "null",
    '{"run_id": "2026-11-20-1"}',
    '{"run_id": "other", "state": "unfinished", "as_of": "2026-11-20"}',
    '{"run_id": "2026-11-20-1", "state": 3, "as_of": "2026-11-20"}',
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path)
    open_run(place, RunNote(RUN, "unfinished", "2026-11-20", {"code": "c"}, began_at="2026-11-20T02:00:00Z"))
    return place


def written(home: Home, text: str) -> Path:
    path = home.run(RUN).file("run.json")
    path.write_text(text, "utf-8")
    return path


def test_a_note_of_a_newer_version_is_read_and_what_is_new_in_it_outlives_a_change(home: Home) -> None:
    path = home.run(RUN).file("run.json")
    facts = json.loads(path.read_text("utf-8")) | {"hours_waited": 3}
    written(home, json.dumps(facts))
    assert [note.run_id for note in unfinished_runs(home)] == [RUN]
    note = change_note(home.run(RUN).root, state="refused", stage="publish")
    assert (note.state, note.stamps) == ("refused", {"code": "c"})
    assert json.loads(path.read_text("utf-8")) == facts | {"state": "refused", "stage": "publish"}


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_note_is_passed_over_and_stays_as_it_is(home: Home, text: str) -> None:
    path = written(home, text)
    with pytest.raises(StateError, match=r"run\.json: is damaged.*move it away"):
        read_note(home.run(RUN).root)
    assert (unfinished_runs(home), last_note(home)) == ([], None)
    with pytest.raises(StateError):
        change_note(home.run(RUN).root, state="abandoned")
    assert path.read_text("utf-8") == text


def test_a_state_that_only_a_newer_version_knows_is_told_as_such_and_stays(home: Home) -> None:
    text = json.dumps({"run_id": RUN, "state": "waiting", "as_of": "2026-11-20"})
    path = written(home, text)
    with pytest.raises(StateError, match=r"is 'waiting', a state that this version does not know. A newer version"):
        read_note(home.run(RUN).root)
    assert unfinished_runs(home) == []
    assert path.read_text("utf-8") == text


def test_a_note_that_the_system_does_not_let_be_read_is_told_as_that_and_not_as_damage(home: Home) -> None:
    path = home.run(RUN).file("run.json")
    kept = path.rename(path.with_name("elsewhere"))
    path.symlink_to(path)  # a loop: whoever opens it gets an error of the system
    for reading in (lambda: read_note(home.run(RUN).root), lambda: unfinished_runs(home), lambda: last_note(home)):
        with pytest.raises(StorageError, match=r"run\.json: cannot be read \(Too many levels of symbolic links\)"):
            reading()
    for changing in (lambda: change_note(home.run(RUN).root, state="failed"), lambda: note_published(path.parent)):
        with pytest.raises(StorageError):
            changing()
    assert path.is_symlink()
    kept.replace(path)
    assert [note.run_id for note in unfinished_runs(home)] == [RUN]


def test_the_note_of_a_publication_that_is_finished_anew_is_kept_beside_where_it_is_damaged(home: Home) -> None:
    folder = home.run(RUN).root
    for text in DAMAGED[:2]:
        written(home, text)
        note_published(folder)
        assert read_note(folder).state == "published"
    assert [(folder / f"run.json.damaged-{at}").read_text("utf-8") for at in (1, 2)] == list(DAMAGED[:2])
