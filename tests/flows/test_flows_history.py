"""The history of a person in a terminal: ids can be copied whole."""

from __future__ import annotations

import pytest

from flows.commands.history import _print_person
from pipeline.persons.history import Chapter, PersonHistory

IDS = tuple(f"{number:032x}" for number in range(7))


def test_ids_stand_whole_on_a_line_of_their_own_in_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    began, went_on = (
        Chapter(
            from_run=from_run,
            from_date=from_run[:10],
            to_run=to_run,
            to_date=None,
            cause=cause,
            ended_by=None,
            merged_into=None,
            split_from=None,
            took_over=(),
            parted=(),
            record_ids=IDS,
            joined=joined,
            left=left,
        )
        for from_run, to_run, cause, joined, left in (
            ("2026-11-20-1", "2026-11-21-1", "corrected_data", IDS, ()),
            ("2026-11-21-1", None, "steward", (), IDS[:1]),
        )
    )
    _print_person(PersonHistory("P2ABCDEFGHIJK", "standing", ("P2ABCDEFGHIJK",), (began, went_on), ()), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines if line.strip().endswith(IDS)] == [*IDS[:5], IDS[0]]
    assert max(map(len, lines)) <= 80
