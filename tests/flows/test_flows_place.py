"""Where a command works: what it is told goes before what the environment names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import boroughlink
from one_person import tables
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from flows.cli import app
from flows.night.notify import missing_secrets
from flows.night.outcome import worked_on
from flows.night.place import home_of, settings_of
from flows.night.plan import passwords, plan_night
from pipeline.core.errors import SettingsError, StorageError
from pipeline.core.lock import run_lock
from pipeline.core.places import DEFAULT_HOME, Home
from pipeline.publish.publication import publish
from schemas.notify import Notify
from schemas.settings import RunSettings


@pytest.fixture
def run_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run file with a home of its own, named by the environment."""
    path = tmp_path / "run.yaml"
    path.write_text("home: own\n", "utf-8")
    monkeypatch.setenv("BOROUGHLINK_RUN_FILE", str(path))
    monkeypatch.delenv("BOROUGHLINK_HOME", raising=False)
    return path


def test_every_command_works_in_the_home_of_the_run_file_that_the_environment_names(run_file: Path) -> None:
    own = run_file.parent / "own"
    assert home_of(None, None).root == own
    assert settings_of(None, None)[1].root == own


def commands_of(group: TyperGroup) -> Iterator[TyperCommand]:
    for command in group.commands.values():
        yield from commands_of(command) if isinstance(command, TyperGroup) else (command,)


def test_every_command_that_takes_a_home_takes_a_run_file_that_names_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        command: {option for parameter in command.params for option in parameter.opts}
        for command in commands_of(get_command(app))
    }
    of_a_home = {command.name: known for command, known in options.items() if "--home" in known}
    assert {"run", "query", "list", "release", "verify"} <= set(of_a_home)
    assert [name for name, known in of_a_home.items() if "--run-file" not in known] == []
    run_file = tmp_path / "run.yaml"
    run_file.write_text("home: own\n", "utf-8")
    publish(Home(tmp_path / "own"), "2026-11-20-1", tables(), {})
    app(["runs", "list", "--run-file", str(run_file), "--json"], standalone_mode=False)
    assert [run["run_id"] for run in json.loads(capsys.readouterr().out)] == ["2026-11-20-1"]
    elsewhere = ["--run-file", str(run_file), "--home", str(tmp_path / "other")]
    with pytest.raises(SettingsError, match="other: is no home"):
        app(["runs", "list", *elsewhere], standalone_mode=False)


def test_a_home_that_is_named_goes_before_that_of_the_run_file(run_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = run_file.parent / "other"
    assert home_of(None, other).root == other
    monkeypatch.setenv("BOROUGHLINK_HOME", str(other))
    assert home_of(None, None).root == other
    assert settings_of(None, None)[1].root == other


def test_a_variable_that_is_empty_names_nothing_to_a_night_as_to_every_other_command(
    run_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = run_file.parent / "own"
    monkeypatch.setenv("BOROUGHLINK_HOME", "")
    homes = (home_of(None, None), settings_of(None, None)[1], plan_night(None, None, None, None, os.environ).home)
    assert [home.root for home in homes] == [own] * 3
    monkeypatch.setenv("BOROUGHLINK_RUN_FILE", "")
    night = plan_night(None, None, None, None, os.environ)
    homes = (home_of(None, None), settings_of(None, None)[1], night.home)
    assert [home.root for home in homes] == [DEFAULT_HOME] * 3
    assert night.run_file is None


def test_a_password_or_token_whose_variable_is_empty_is_not_set(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret", "utf-8")
    assert passwords(RunSettings(passwords={"P": file}), {"P": ""}, "P") == {"P": "secret"}
    email = {"host": "h", "sender": "a@b", "to": ["c@d"], "user": "u", "password_env": "M"}
    settings = Notify.model_validate({"email": email, "webhook": {"url": "http://h/", "token_env": "T"}})
    assert missing_secrets(settings, {"M": "", "T": ""}) == {
        "email": "M (password_env) is not set",
        "webhook": "T (token_env) is not set",
    }


@pytest.mark.parametrize("words", [("train", "--out"), ("query", "select 1", "--csv")])
def test_a_file_in_a_folder_that_is_not_there_is_told_before_the_work_begins(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "slip" / "file"
    with pytest.raises(SettingsError, match=f"{file}: its folder, {file.parent}, is not there. Make that folder"):
        app([*words, str(file), "--home", str(tmp_path)], standalone_mode=False)


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--out", "model.toml"),
        ("query", "select 1"),
        ("history", "P1"),
        ("unmerge", "P1", "r1", "--by", "A", "--reason", "B"),
        ("review",),
    ],
)
def test_a_home_without_a_publication_is_told_as_such(words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{tmp_path}: has no publication yet. Make one with `boroughlink run`"):
        app([*words, "--home", str(tmp_path)], standalone_mode=False)


@pytest.mark.parametrize("command", ["audit verify", "decide", "unmerge", "expunge", "review"])
def test_help_says_the_sample_s_run_file_of_the_commands_that_take_it_alone(command: str) -> None:
    assert "sample" not in boroughlink(*command.split(), "--help").out
    assert all(
        "bundled sample" in " ".join(boroughlink(name, "--help").out.split()) for name in ("run", "schedule", "doctor")
    )


def test_a_home_where_no_folder_can_be_made_is_told_with_its_path() -> None:
    with (
        pytest.raises(StorageError, match=r"/proc/home: no folder can be made there. Name another place"),
        run_lock(Home(Path("/proc/home")).lock),
    ):
        pass


def test_one_record_pair_or_person_that_a_night_worked_on_is_told_in_the_singular() -> None:
    assert worked_on(None, {"new": 1, "unchanged": 9, "pairs_compared": 1, "persons_rebuilt": 1}) == (
        "1 record new, 0 changed, 0 withdrawn, 9 as they were; 1 pair compared, 1 person made anew"
    )
    assert "2 records new" in worked_on(None, {"new": 2})
