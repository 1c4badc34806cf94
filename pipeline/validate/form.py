"""What the form of an export tells beside its rows: a part of it is gone that its last good export had."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.validate.last_good import ExportFacts

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
            f"{tonight.file} has no sheet {name!r}, which `sheets` of the contract names and the last good export had. "
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
        (f"{tonight.file} no longer has the sheet {name!r} of the last good export: its people leave.", 0)
        for name in _gone_sheets(tonight, good)
        if name not in named_sheets(sheets) and re.fullmatch(sheets, name)
    ]


def _gone_sheets(tonight: ExportFacts, good: ExportFacts) -> Sequence[str]:
    return [name for name in good.sheets if name not in tonight.sheets] if tonight.sheets else []
