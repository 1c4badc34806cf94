"""The validation page of a night: which expectations each source met, in counts; never a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.html import template
from pipeline.validate.hold import FeedState
from schemas.tables import MARKING


@dataclass(frozen=True, slots=True)
class _Line:
    """One expectation over all feeds of a source."""

    about: str
    column: str
    severity: str
    rows: int
    failing: int
    feeds_failing: tuple[str, ...]


def render_validation_page(run_id: str, states: Sequence[FeedState], findings: Sequence[Mapping[str, object]]) -> str:
    """The page as HTML that needs no network and no script. Findings as ``Finding`` has them, as mappings."""
    grouped: dict[str, dict[tuple[str, str, str, str], list[Mapping[str, object]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for finding in findings:
        source = str(finding["feed_id"]).split(".", maxsplit=1)[0]
        key = (str(finding["suite"]), str(finding["about"]), str(finding["column"] or ""), str(finding["severity"]))
        grouped[source][key].append(finding)
    sources = {
        source: sorted((_line(key, of_line) for key, of_line in sorted(lines.items())), key=_rank)
        for source, lines in sorted(grouped.items())
    }
    page = template("pipeline.validate", "validation.html.j2")
    return page.render(run_id=run_id, states=states, sources=sources, marking=MARKING)


def _rank(line: _Line) -> int:
    """What some feed does not meet first, then what has failing rows, then all that is well."""
    return 0 if line.feeds_failing else 1 if line.failing else 2


def _line(key: tuple[str, str, str, str], findings: Sequence[Mapping[str, object]]) -> _Line:
    return _Line(
        about=key[1],
        column=key[2],
        severity=key[3],
        rows=sum(int(str(finding["rows"])) for finding in findings),
        failing=sum(int(str(finding["failing"])) for finding in findings),
        feeds_failing=tuple(str(finding["feed_id"]) for finding in findings if not finding["is_met"]),
    )
