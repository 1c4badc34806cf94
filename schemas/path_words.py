"""Paths in files that people write: what is no path of this machine is told, before a folder of that name is made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

FILLED_IN_ELSEWHERE = re.compile(r"(^|/)(~|\$\{?[A-Za-z_])")
"""What a shell fills in: a home folder, a variable"""
OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|.*\\")
PRINTED_QUOTES = "\u201c\u201d\u201e\u2018\u2019"


def path_problem(path: str) -> str | None:
    """Why a path cannot be meant as it stands; None where it can.

    The path itself is not repeated: it may be a password that stands in the wrong place.
    """
    if not path.strip():
        return "must be a path, and is empty"
    if path != path.strip():
        return "has a space before or behind it"
    if path[0] in PRINTED_QUOTES:
        return "stands in quotes of a word processor: write straight ones, or none"
    if FILLED_IN_ELSEWHERE.search(path):
        return "must be the whole path: ~ and variables such as $HOME are not filled in here"
    if OF_WINDOWS.match(path):
        return "must be a path of this machine, with / between its parts, such as /mnt/exports; drives and \\ are of Windows"
    return None


def _checked_path(path: Path) -> Path:
    _checked_text("" if path == Path() else str(path))
    return path


def _checked_text(path: str) -> str:
    if "://" not in path and (problem := path_problem(path)):
        raise ValueError(problem)
    return path


WrittenPath = Annotated[Path, AfterValidator(_checked_path)]
"""A path in a run file"""
WrittenPlace = Annotated[str, AfterValidator(_checked_text)]
"""A path, or a URL, in a run file or contract"""
