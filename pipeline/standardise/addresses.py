"""Addresses and postcodes."""

from __future__ import annotations

import itertools
import re
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
    notes: list[Note] = []
    own_postcode = Postcode()
    if postcode and postcode.strip():
        own_postcode = read_postcode(postcode, reference)
        if own_postcode.reason:
            notes.append(Note(columns[1], columns[1], own_postcode.reason))
    text: str | None = None
    inside: list[str] = []
    is_homeless = False
    if address and address.strip():
        reason = reference.stands_for_nothing("address", address)
        is_homeless = reason == "no_fixed_abode" or bool(NO_FIXED_ABODE.search(latin(address)))
        if reason and not is_homeless:
            notes.append(Note(columns[0], columns[0], reason))
        elif not is_homeless:
            text, inside = _lines(address, reference)
            notes += [] if text or inside else [Note(columns[0], columns[0], "unreadable_address")]
    if inside and not own_postcode.postcode:
        inside_postcode = read_postcode(inside[-1], reference)
        own_postcode = (
            inside_postcode if inside_postcode.postcode or inside_postcode.is_no_fixed_abode else own_postcode
        )
    is_nfa = is_homeless or own_postcode.is_no_fixed_abode
    is_known = text is not None or own_postcode.postcode is not None
    return Address(text, own_postcode, is_nfa if is_nfa or is_known else None, tuple(notes))


def _lines(address: str, reference: Reference) -> tuple[str | None, list[str]]:
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


def _street(words: list[str], place: int, reference: Reference) -> str:
    """ST is a street after a name, and a saint before one."""
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if not before.isalpha() or before in NOT_A_STREET:
        return "ST"
    is_saint = after in reference.forenames or after.removesuffix("S") in reference.forenames
    return "ST" if after and is_saint else "STREET"
