"""A finished file that gets a second name: neither name sees what becomes of the other."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pipeline.core.durable import hand_on, write_synced


@pytest.fixture(params=[True, False], ids=["links", "no links"])
def file(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not request.param:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "first"
    write_synced(path, "old")
    return path


def test_a_file_replaced_under_one_name_stays_under_the_other(file: Path) -> None:
    other = file.with_name("second")
    hand_on(file, other)
    write_synced(file, "new")
    assert (file.read_text("utf-8"), other.read_text("utf-8")) == ("new", "old")
    assert other.stat().st_mode & 0o777 == 0o600


def test_a_file_takes_the_place_of_what_had_its_name(file: Path) -> None:
    other = file.with_name("second")
    write_synced(other, "other")
    hand_on(file, other)
    file.unlink()
    assert other.read_text("utf-8") == "old"
    assert [path.name for path in file.parent.iterdir()] == ["second"]


def test_a_file_that_is_handed_on_twice_leaves_no_third_name(file: Path) -> None:
    for _ in range(2):
        hand_on(file, file.with_name("second"))
    assert sorted(path.name for path in file.parent.iterdir()) == ["first", "second"]


def test_a_second_name_that_a_killed_process_left_is_removed_and_never_written_to(file: Path) -> None:
    hand_on(file, file.with_name(".second.new"))  # as far as it came
    write_synced(file.with_name("second"), "new")
    assert file.read_text("utf-8") == "old"
    assert sorted(path.name for path in file.parent.iterdir()) == ["first", "second"]
