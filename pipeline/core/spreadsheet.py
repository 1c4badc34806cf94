"""CSV files and spreadsheets: no text of ours may be run as a formula, and cells may be parted as any of them does it."""

from __future__ import annotations

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|"}
FORMULA_STARTS = tuple("=+-@|%\t\r\n'\uff1d\uff0b\uff0d\uff20")
"""A cell that begins with one of these (= + - @ in their wide forms too), after blanks, may be run as a formula."""
LONGEST_SHOWN = 60


def guarded(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet might run it."""
    return f"'{text}" if _may_run(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell that ``guarded`` made."""
    return cell[1:] if cell.startswith("'") and _may_run(cell[1:]) else cell


def delimiter_of(heading: str) -> str:
    """The sign that parts the names of a CSV's first line: that of ``DELIMITERS`` which is most often in it."""
    return max(DELIMITERS, key=heading.count)


def name_shown(name: str) -> str:
    """A sheet's or file's name as a message may show it: in quotes, a sign that does not print as its escape, cut after 60 characters."""
    return repr(name[:LONGEST_SHOWN]) + ("…" if len(name) > LONGEST_SHOWN else "")


def _may_run(text: str) -> bool:
    return text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(FORMULA_STARTS)
