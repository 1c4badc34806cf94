"""Coded values that a contract itself writes, as constants, translations or meanings of a colour: each must be one that is known.

An unknown one would send every record that has it to quarantine, or leave the field empty, night by night.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from anyascii import anyascii

from pipeline.core.places import REFERENCE
from pipeline.core.reference import rows
from schemas.written import Place, Problem, near

if TYPE_CHECKING:
    from schemas.contract import Contract

CODED = ("role", "risk", "sex", "ethnicity", "ethnicity_observed")


class _Codes(NamedTuple):
    """The reference list of one coded field."""

    values: tuple[str, ...]
    """What records may have, in order of the alphabet"""
    written: frozenset[str]
    """Every writing of them, and texts that stand for nothing, folded"""


def code_problems(contract: Contract) -> Iterator[Problem]:
    """The coded values of a contract that no list knows, with where they stand."""
    for place, field, text in _written_values(contract):
        if field in CODED and not _is_known(field, text):
            values = _codes(field).values
            yield Problem(
                f"no {field} is called {text}{near(text, values)}; known are {', '.join(values)}, "
                "and what data/reference/codes.csv lists for them",
                place,
            )


def _written_values(contract: Contract) -> Iterator[tuple[Place, str, str]]:
    """Place in the contract, field and text of each value that it writes."""
    for field, text in contract.constants.items():
        yield ("constants", field), field, text
    for field, texts in contract.values.items():
        for raw_text, text in texts.items():
            yield ("values", field, raw_text), field, text
    for colour, meaning in contract.colours.items():
        yield ("colours", colour), meaning.field, meaning.value
    if contract.strikethrough:
        yield ("strikethrough",), contract.strikethrough.field, contract.strikethrough.value


def _is_known(field: str, text: str) -> bool:
    key, written = _folded(text), _codes(field).written
    if not key or key in written:
        return True
    return field.startswith("ethnicity") and key.split()[0] in written  # W1 White British


@functools.cache
def _codes(field: str) -> _Codes:
    listed = [row for row in rows(REFERENCE / "codes.csv") if row["field"] == field]
    nothing = [row["written"] for row in rows(REFERENCE / "placeholders.csv") if row["field"] in ("any", field)]
    values = sorted({row["value"] for row in listed} - {""})
    return _Codes(tuple(values), frozenset(map(_folded, [*(row["written"] for row in listed), *nothing])))


def _folded(text: str) -> str:
    """The text as lists of codes are looked up: case, punctuation and accents do not count."""
    return re.sub(r"[^A-Z0-9]+", " ", anyascii(text).upper()).strip()
