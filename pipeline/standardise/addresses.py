"""Addresses and postcodes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.standardise.distinct import Note
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import MARKUP, latin, repair

POSTCODE = re.compile(r"^([A-Z][A-HJ-Y]?\d[A-Z\d]?)(\d)([A-Z]{2})$|^(GIR)(0)(AA)$")
OUTWARD = re.compile(r"^[A-Z][A-HJ-Y]?\d[A-Z\d]?$")
INSIDE = re.compile(r"\b(?:[A-Z][A-HJ-Y]?\d[A-Z\d]?\s?\d[A-Z]{2}|GIR ?0AA)\b")
NO_FIXED_ABODE = re.compile(r"\b(NO FIXED (ABODE|ADDRESS)|N\.?F\.?A\b|STREET HOMELESS)")
LOOKS_LIKE = {"O": "0", "0": "O", "I": "1", "1": "I"}
TAIL = ("UNITED KINGDOM", "GREAT BRITAIN", "GREATER LONDON", "ENGLAND", "LONDON", "UK", "GB")
NOT_A_STREET = frozenset(("OF", "THE", "AND", "IN", "AT", "FLAT", "FLOOR", "ROOM", "NEAR", "OPP", "OUTSIDE"))


class Postcode(NamedTuple):
    """One postcode and its wider areas; an outward half alone still gives the district."""

    postcode: str | None = None
    sector: str | None = None
    district: str | None = None
    is_no_fixed_abode: bool = False
    reason: str | None = None


class Address(NamedTuple):
    """What the cells for address and postcode say together."""

    address: str | None
    postcode: Postcode
    is_no_fixed_abode: bool | None
    notes: tuple[Note, ...]


def read_postcode(text: str, reference: Reference) -> Postcode:
    """The postcode of a cell. O and 0, I and 1 change places only where that alone makes it valid."""
    if reference.stands_for_nothing("postcode", text) == "no_fixed_abode":
        return Postcode(is_no_fixed_abode=True)
    written = latin(repair(text))
    compact = re.sub(r"[^A-Z0-9]", "", written)
    if parts := POSTCODE.match(compact):
        return _whole_postcode(parts, reference)
    if reference.stands_for_nothing("postcode", text):
        return Postcode(reason="placeholder")
    mended = _with_look_alikes(compact)
    if mended and (parts := POSTCODE.match(mended)):
        return _whole_postcode(parts, reference)._replace(reason="repaired")
    within = set(INSIDE.findall(written))
    if len(within) == 1 and (parts := POSTCODE.match(within.pop().replace(" ", ""))):
        return _whole_postcode(parts, reference)
    return _partial(written)


def _partial(written: str) -> Postcode:
    """The area of a postcode that lacks its end; only the space tells the sector SW9 8 from the district SW98."""
    outward, _, digit = written.partition(" ")
    if OUTWARD.match(outward) and not digit:
        return Postcode(district=outward, reason="partial_postcode")
    if OUTWARD.match(outward) and len(digit) == 1 and digit.isdigit():
        return Postcode(sector=written, district=outward, reason="partial_postcode")
    return Postcode(reason="invalid_postcode")


def _whole_postcode(parts: re.Match[str], reference: Reference) -> Postcode:
    outward, digit, letters = (part for part in parts.groups() if part)
    postcode = f"{outward} {digit}{letters}"
    reason = reference.stands_for_nothing("postcode", postcode)
    if reason:
        is_nfa = reason == "no_fixed_abode"
        return Postcode(is_no_fixed_abode=is_nfa, reason=None if is_nfa else reason)
    return Postcode(postcode, f"{outward} {digit}", outward)


def _with_look_alikes(compact: str) -> str | None:
    """The one valid postcode with the fewest look-alikes exchanged; None where there is none, or a choice."""
    places = [position for position, character in enumerate(compact) if character in LOOKS_LIKE]
    if not 5 <= len(compact) <= 7:
        return None
    for n_exchanged in range(1, len(places) + 1):
        candidates = []
        for chosen in itertools.combinations(places, n_exchanged):
            letters = [
                LOOKS_LIKE[character] if position in chosen else character for position, character in enumerate(compact)
            ]
            candidates.append("".join(letters))
        valid = [text for text in candidates if POSTCODE.match(text)]
        if valid:
            return valid[0] if len(valid) == 1 else None
    return None


def read_address(
    address: str | None, postcode: str | None, reference: Reference, columns: tuple[str, str] = ("address", "postcode")
) -> Address:
    """The address without its postcode, and the postcode of its own cell, or else the one inside the address."""
    cell = _read_cell(address, reference)
    own_postcode = read_postcode(postcode, reference) if postcode and postcode.strip() else Postcode()
    reasons = ((columns[1], own_postcode.reason), (columns[0], cell.reason))
    notes = tuple(Note(column, column, reason) for column, reason in reasons if reason)
    best = own_postcode
    if cell.postcodes and not own_postcode.postcode:
        inside = read_postcode(cell.postcodes[-1], reference)
        best = inside if inside.postcode or inside.is_no_fixed_abode else own_postcode
    is_no_fixed_abode = cell.is_homeless or best.is_no_fixed_abode
    is_known = is_no_fixed_abode or cell.text is not None or best.postcode is not None
    return Address(cell.text, best, is_no_fixed_abode if is_known else None, notes)


class _AddressCell(NamedTuple):
    """What the cell for the address says by itself."""

    text: str | None = None
    postcodes: Sequence[str] = ()
    """Those inside the address, in order"""
    is_homeless: bool = False
    reason: str | None = None
    """Why there is no address"""


def _read_cell(address: str | None, reference: Reference) -> _AddressCell:
    if not address or not address.strip():
        return _AddressCell()
    reason = reference.stands_for_nothing("address", address)
    if reason == "no_fixed_abode" or NO_FIXED_ABODE.search(latin(address)):
        return _AddressCell(is_homeless=True)
    if reason:
        return _AddressCell(reason=reason)
    text, postcodes = _lines(address, reference)
    return _AddressCell(text, postcodes, reason=None if text or postcodes else "unreadable_address")


def _lines(address: str, reference: Reference) -> tuple[str | None, list[str]]:
    """The address in one line without country and postcodes, and the postcodes that stood in it."""
    text = latin(MARKUP.sub(" ", repair(address)).replace("'", ""))
    inside: list[str] = []
    postcodes = INSIDE.findall(text)
    while True:
        inside += postcodes
        lines = [_words(line, reference) for line in re.split(r"[,;]", INSIDE.sub(" ", text))]
        address_line = text = " ".join(line for line in lines if line)
        if not (postcodes := INSIDE.findall(address_line)):  # what is left may have joined into another one
            break
    while ending := next((ending for ending in TAIL if address_line.endswith(f" {ending}")), None):
        address_line = address_line.removesuffix(ending).rstrip()
    return address_line or None, inside


def _words(line: str, reference: Reference) -> str:
    line = re.sub(r"\bNO\b\.?\s*(?=\d)", "", line)
    line = re.sub(r"(?<=\d)\s*[-/]\s*(?=\d)", "_", line)
    words = [word.strip("_").replace("_", "-") for word in re.sub(r"[^A-Z0-9_]+", " ", line).split()]
    words = [reference.address_words.get(word, word) for word in words if word]
    return " ".join(
        _street(words, position, reference) if word == "ST" else word for position, word in enumerate(words)
    )


def _street(words: list[str], position: int, reference: Reference) -> str:
    """ST is a street after a name, and a saint before one."""
    before = words[position - 1] if position else ""
    after = words[position + 1] if position + 1 < len(words) else ""
    if not before.isalpha() or before in NOT_A_STREET:
        return "ST"
    is_saint = after in reference.forenames or after.removesuffix("S") in reference.forenames
    return "ST" if after and is_saint else "STREET"
