"""Why a file is no YAML, in the words of whoever wrote it: on which line, and what to write instead.

YAML's own reader tells where it could not go on and what it looked for; people need to know which slip of theirs that is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

SECOND_TIME = "stands there a second time"
"""What the reader of this project says of a name that is given twice"""
INDENTED = "is indented otherwise than the lines it belongs to: names that belong together begin in one column"
COLON_IN_VALUE = "a value with a colon and a space in it must be in quotes"
BEHIND_VALUE = (
    "something stands behind the end of a value: put the whole value in quotes, as one must be that begins with { or [ "
    "and goes on behind the closing bracket; or a quote further up is not closed"
)


class _Slip(NamedTuple):
    """What the reader says of one slip, what it is, and whether its place is where the part of the file begins that broke off."""

    pattern: str
    words: str
    is_where_it_begins: bool = False


SLIPS = (
    _Slip(r"character '\\t'", "a tab stands there: write spaces instead"),
    _Slip(
        "escape",
        "a backslash in double quotes means something of its own: put the text in single quotes, and a path with / in it",
    ),
    _Slip(
        "cannot start any token|undefined alias|constructor for the tag|alphabetic or numeric",
        "a text that begins with *, &, !, %, @ or ` must be in quotes",
    ),
    _Slip("sequence entries are not allowed", "a list begins on a line of its own, or is written [one, two]"),
    _Slip("unexpected end of stream", "the quote that opens there is not closed", is_where_it_begins=True),
    _Slip(
        r"expected ',' or",
        "the bracket that opens there is not closed; a text between brackets that has one of , : # [ ] { } must be in quotes",
        is_where_it_begins=True,
    ),
    _Slip("could not find expected ':'", "a name, a colon and a space are expected there", is_where_it_begins=True),
    _Slip("another document", "a second document begins there: a file is one, so remove that line of dashes"),
    _Slip(SECOND_TIME, "remove one of the two"),
)


def told(error: yaml.MarkedYAMLError, text: str) -> str:
    """What is wrong, and where, with a text that could not be read.

    Args:
        error: of YAML's reader.
        text: that it read.
    """
    said, words, mark = str(error.problem or error.context), "", error.problem_mark or error.context_mark
    for slip in SLIPS:
        if re.search(slip.pattern, said):
            words = slip.words
            if slip.is_where_it_begins:
                mark = error.context_mark or mark
            break
    if mark is None:
        return said
    if not words:
        words = _of_structure(said, text.splitlines()[mark.line][: mark.column])
    if SECOND_TIME in said:
        words = f"{said}: {words}"
    return f"line {mark.line + 1}, column {mark.column + 1}: {words or said}"


def _of_structure(said: str, before: str) -> str:
    """What is wrong where a line does not fit the lines before it; ``before``: what stands on it before the place."""
    if "mapping values are not allowed" in said:
        return COLON_IN_VALUE if ":" in before else INDENTED
    if "expected <block end>" in said or "expected <document start>" in said:
        return BEHIND_VALUE if before.strip() else INDENTED
    return ""
