"""UTF-8 that was read as Windows-1252, where a letter is all that shows it: ``AmbrasaitÄ—`` was ``Ambrasaitė``.

ftfy undoes mojibake that is unlikely in text of any kind; in two characters it often sees letters, a dash or an ellipsis that may be
right. In names they are not: no language writes ``ÅŸ``. Each text is judged by itself, so that a row reads the same in every file.
"""

from __future__ import annotations

import re

import ftfy

ALPHABETS = (
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀāĂăĄąĆćĊċČčĎďĐđĒēĖėĘęĚěĞğĠġĢģĦħĪīĮįİıĶķĹĺĻļĽľŁłŃńŅņŇňŊŋŌōŐőŒœ"
    "ŔŕŖŗŘřŚśŞşŠšŢţŤťŦŧŪūŮůŰűŲųŴŵŶŷŸŹźŻżŽžƏəƠơƯưȘșȚț" + "".join(map(chr, range(0x1E00, 0x1F00)))
)
"""The letters beyond A to Z with which names are written in Latin script"""
LETTER_OF = {letter.encode().decode("sloppy-windows-1252"): letter for letter in ALPHABETS}
BROKEN = re.compile("|".join(map(re.escape, LETTER_OF)))
MARKS_IN_NAMES, CLOSING_QUOTES = "\u2013\u2014\u2019", "\u2019\u201d"
OPENING_QUOTES = re.compile("[\u2018\u201c]")
ESTONIAN = ("ÄŠ", "ÄŽ")
NO_BREAK_SPACE = "\xa0"


def undo_mojibake(text: str) -> str:
    """The text with its letters as they were meant; one letter that cannot be right shows what the others are."""
    mended = ftfy.fix_encoding(text)
    if mended == text and all(map(_may_be_right, BROKEN.finditer(text))):
        return text
    return BROKEN.sub(lambda broken: LETTER_OF[broken[0]], mended)


def _may_be_right(broken: re.Match[str]) -> bool:
    """Whether it is a letter with what may stand behind it: a dash between surnames, a quote, a space that does not break."""
    text, last = broken.string, broken[0][-1]
    before, after = text[: broken.start()], text[broken.end() : broken.end() + 1]
    if last == NO_BREAK_SPACE:
        return before[-1:].isalpha() and not after.islower()
    if last in CLOSING_QUOTES and OPENING_QUOTES.search(before):
        return True
    return after.isupper() and (last in MARKS_IN_NAMES or broken[0] in ESTONIAN)
