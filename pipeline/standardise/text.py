"""Text as people and machines leave it, made comparable; every other module of the stage starts here."""

from __future__ import annotations

import re
import unicodedata

import ftfy
from anyascii import anyascii

from pipeline.standardise.mojibake import undo_mojibake

NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")
MARKUP = re.compile(r"<[^<>]*>")
SCIENTIFIC = re.compile(r"^\d\.(\d+)E\+?(\d+)$", re.IGNORECASE)
FLOAT_TAIL = re.compile(r"^([^.]*\d)\.0+$")  # with an earlier dot it is no decimal: 24.07.00 is a day
SAME_DIGIT = re.compile(r"^(\d)\1+$")
ACUTE = "\u00b4"  # typed for an apostrophe
COMMAS = str.maketrans("\u060c\u3001", ",,")
"""Of Arabic, and of Chinese and Japanese lists; a wide one becomes a comma as all wide signs do"""
REPAIRS = ftfy.TextFixerConfig(unescape_html=True, explain=False)


def squeeze(text: str) -> str:
    """The text with single spaces and none around it."""
    return " ".join(text.split())


def repair(text: str) -> str:
    """The text as it was meant: mojibake undone, invisible and control characters gone, spaces single."""
    if text.isascii() and text.isprintable() and "&" not in text:
        return squeeze(text)
    mended = ftfy.fix_text(undo_mojibake(text), REPAIRS).translate(COMMAS)
    visible = "".join(c if c.isprintable() else " " for c in mended if unicodedata.category(c) != "Cf")
    return squeeze(visible)


def latin(text: str) -> str:
    """The text in upper-case ASCII letters; other scripts are transliterated, symbols and pictures dropped."""
    if not text.isascii():
        without_symbols = "".join(" " if unicodedata.category(c) in ("So", "Sk") and c != ACUTE else c for c in text)
        text = anyascii(unicodedata.normalize("NFKC", without_symbols.replace(ACUTE, "'")))
    return squeeze(text.upper())


def code_key(text: str) -> str:
    """What is left of a code or its wording when case, punctuation and spaces are put aside."""
    return NOT_ALPHANUMERIC.sub(" ", latin(text)).strip()


def without_float_tail(text: str) -> str:
    """A number without the ``.0`` that a spreadsheet added."""
    return FLOAT_TAIL.sub(r"\1", text)


def written_out(text: str) -> str | None:
    """A number as it was before a spreadsheet shortened it, 9.434765919E+09; None where digits are lost: 9.43E+09."""
    if parts := SCIENTIFIC.match(text):
        return text[0] + parts[1] if len(parts[1]) == int(parts[2]) else None
    return without_float_tail(text)
