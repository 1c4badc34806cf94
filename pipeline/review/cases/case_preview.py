"""What a verdict on a case, or a split of its records, would do."""

from __future__ import annotations

from pipeline.explain.graph import Edge
from pipeline.explain.graph import parts as parts_of
from pipeline.explain.kept import as_pair
from pipeline.review.cases.case import Case
from pipeline.review.decisions.preview import Preview, preview
from pipeline.review.decisions.splitting import Dealt
from pipeline.review.records.group import Group, Pair
from pipeline.review.records.shelf import Shelf


def preview_of(shelf: Shelf, case: Case, dealt: Dealt | None, verdict: str) -> Preview | None:
    """Golden records before and after; None where there are too many records.

    Args:
        shelf: the publication.
        case: whose records they are.
        dealt: the two sides of a split; None: a verdict is previewed.
        verdict: link or unlink, of the case's pair.
    """
    group = case.group
    parts = dealt.parts(group) if dealt else _parts_after(group, case.pair, verdict)
    fields = [row for person_id in group.persons for row in shelf.fields(person_id)]
    n_events = sum(shelf.n_events(person_id) for person_id in group.persons)
    return preview(group, parts, fields, n_events, shelf.reference.survivorship)


def _parts_after(group: Group, pair: Pair, verdict: str) -> list[list[str]]:
    if verdict == "link":
        return [list(group.records)]
    if len(group.persons) == 1:
        return _parted(group, pair)
    return [[row["record_id"] for row in group.of(person_id)] for person_id in group.persons]


def _parted(group: Group, pair: Pair) -> list[list[str]]:
    """Where a person would part if the pair were two: links are taken, strongest first, but for those that would join the two."""
    edges = sorted((as_pair(row).edge for row in group.inner_links()), key=lambda edge: -edge.bits)
    remaining: list[Edge] = []
    for edge in edges:
        if not any(set(pair) <= set(part) for part in parts_of(group.records, [*remaining, edge])):
            remaining.append(edge)
    return [list(part) for part in parts_of(group.records, remaining)]
