"""What the form of an export tells beside its rows: a part of it is gone that its last good export had."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from pipeline.core.spreadsheet import name_shown
from pipeline.validate.last_good import ExportFacts

MOST_NAMED = 6
LIKE_ENOUGH = 0.5
PATTERN_SIGNS = re.compile(r"[\\.^$*+?{}\[\]()]")


def named_sheets(pattern: str) -> set[str]:
    """Sheets that a contract's pattern names one by one, parted by ``|``; none that it only describes."""
    within = re.fullmatch(r"\((?:\?:)?([^()]*)\)", pattern)
    names = (within[1] if within else pattern).split("|")
    return {name for name in names if not PATTERN_SIGNS.search(name)}


def form_breaches(tonight: ExportFacts, good: ExportFacts, sheets: str) -> list[tuple[str, str]]:
    """Code and reason of each loss that holds the feed; ``sheets``: the contract's pattern."""
    named = named_sheets(sheets)
    found = [
        (
            "no_sheet",
            f"{tonight.file} has no sheet {name_shown(name)}, which `sheets` of the contract names and the last good export had. "
            "Ask the borough what became of it; where it was renamed or is no longer kept, correct `sheets`.",
        )
        for name in _gone_sheets(tonight, good)
        if name in named
    ]
    if good.has_line_end and tonight.has_line_end is False:
        problem = f"{tonight.file} does not end its last line, as the last good export did: it may have been cut off."
        found.append(("truncated_file", f"{problem} Ask the borough to send it again."))
    return found


def form_notices(tonight: ExportFacts, good: ExportFacts, sheets: str) -> list[tuple[str, int]]:
    """What to tell of sheets that are gone and that the contract's pattern only describes, such as one a month; of no row."""
    return [
        (f"{tonight.file} no longer has the sheet {name_shown(name)} of the last good export: its people leave.", 0)
        for name in _gone_sheets(tonight, good)
        if name not in named_sheets(sheets) and re.fullmatch(sheets, name)
    ]


def unread_sheets(tonight: ExportFacts, unread: Sequence[str], good: ExportFacts | None, sheets: str) -> str | None:
    """What to tell of sheets of which the contract knows nothing, so that nobody in them was read; None where there are none.

    Args:
        tonight: where the export came from.
        unread: names of these sheets.
        good: where the feed's last good export came from; None where there is none.
        sheets: the contract's pattern.
    """
    if not unread:
        return None
    gone = _gone_sheets(tonight, good) if good else []
    named = ", ".join(name_shown(name) + _nearest(name, gone, tonight.sheets) for name in unread[:MOST_NAMED])
    more = f" and {len(unread) - MOST_NAMED:,} more" if len(unread) > MOST_NAMED else ""
    what = "sheet" if len(unread) == 1 else "sheets"
    return (
        f"{tonight.file}: not read: {what} {named}{more}, which `sheets` of the contract ('{sheets}') does not match. "
        "Ask the borough to name it as the others, or correct `sheets`; what holds no people goes into `ignore_sheets`."
    )


def _nearest(name: str, gone: Collection[str], read: Collection[str]) -> str:
    """In brackets the name that is most like it: of a sheet that is gone, else of one that was read; empty where none is."""
    for names, told in ((gone, "the last good export had"), (read, "read was")):
        if near := difflib.get_close_matches(name, names, n=1, cutoff=LIKE_ENOUGH):
            return f" ({told} {name_shown(near[0])})"
    return ""


def _gone_sheets(tonight: ExportFacts, good: ExportFacts) -> Sequence[str]:
    return [name for name in good.sheets if name not in tonight.sheets] if tonight.sheets else []
