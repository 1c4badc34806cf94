"""Every command that help, README or documents show is one that the command line takes. Nothing is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from flows.cli import app
from pipeline.core.places import ROOT

Command = TyperCommand | TyperGroup
PROGRAM = typer.main.get_command(app)
PAGES = (ROOT / "README.md", ROOT / "data" / "sample" / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
QUOTED = r"`(boroughlink [^`]+)`"


def commands_below(command: Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    for name, below in getattr(command, "commands", {}).items():
        yield " ".join((*words, name)), below
        yield from commands_below(below, (*words, name))


HELP = {name: command.help or "" for name, command in commands_below(PROGRAM)}


def parted(line: str) -> tuple[Command, list[str]]:
    """The command, and the words that it is given."""
    command, words = PROGRAM, shlex.split(line, comments=True)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert isinstance(command, TyperCommand) or not words or words[0].startswith("-"), f"{words[0]} is no command"
    return command, words


@pytest.mark.parametrize("name", HELP)
def test_help_shows_an_example_of_its_command_that_is_taken(name: str) -> None:
    examples = [line for line in re.findall(QUOTED, HELP[name]) if f"{line} ".startswith(f"boroughlink {name} ")]
    assert examples
    for line in examples:
        command, words = parted(line)
        command.make_context(name, words)


@pytest.mark.parametrize("line", dict.fromkeys(re.findall(r"^boroughlink .+$", TEXT, re.MULTILINE)))
def test_a_command_line_of_the_documents_is_taken(line: str) -> None:
    command, words = parted(line)
    command.make_context("boroughlink", words)


@pytest.mark.parametrize("line", dict.fromkeys(re.findall(QUOTED, TEXT)))
def test_a_command_that_the_documents_mention_has_the_options_that_they_name(line: str) -> None:
    command, words = parted(line)
    options = {word.strip("[]") for word in words if word.startswith(("-", "[-"))}
    assert options <= {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("option", ["--link", "--retract", "--confirm", "--import"])
def test_a_command_line_that_enters_decisions_says_who_brings_them(option: str) -> None:
    """Without that, the command is refused only once it runs."""
    shown = re.findall(rf"^boroughlink decide .*{option} .+$", TEXT, re.MULTILINE)
    assert shown
    assert all("--by" in parted(line)[1] for line in shown)
