"""What a verdict on a case, or a split of its records, would do."""

from __future__ import annotations

from pipeline.explain.graph import Edge
from pipeline.explain.graph import parts as parts_of
from pipeline.explain.kept import as_pair
from pipeline.review.admission.access import Viewer
from pipeline.review.cases.case import Case
from pipeline.review.decisions.preview import Preview, preview
from pipeline.review.decisions.splitting import Dealt, Steps
from pipeline.review.records.group import Group, Pair, published_persons
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.store import Store
from schemas.decisions import NewDecision, Verdict


def preview_of_verdict(shelf: Shelf, store: Store, viewer: Viewer, case: Case, verdict: str) -> Preview | None:
    """Golden records before and after a verdict on the case's pair; None where there are too many records.

    Args:
        shelf: the publication.
        store: of decisions.
        viewer: who would decide.
        case: whose records they are.
        verdict: link or unlink.
    """
    group = case.group
    if verdict == "unlink" and len(group.persons) == 1:
        return preview(shelf, group, _parted(group, case.pair))
    said: Verdict = "link" if verdict == "link" else "unlink"
    new = NewDecision(verdict=said, decided_by=viewer.name, reason="asked", supersedes=case.replaced, **case.facts)
    outcome = store.foresee([new], published_persons(shelf), list(group.records))
    return preview(shelf, group, outcome.groups)


def preview_of_split(shelf: Shelf, group: Group, dealt: Dealt, steps: Steps) -> Preview | None:
    """Golden records before and after a split; None where there are too many records."""
    return preview(shelf, group, dealt.parts(group) if steps.refusal else steps.foreseen.groups)


def _parted(group: Group, pair: Pair) -> list[list[str]]:
    """Where a person would part if the pair were two: links are taken, strongest first, but for those that would join the two."""
    edges = sorted((as_pair(row).edge for row in group.inner_links()), key=lambda edge: -edge.bits)
    remaining: list[Edge] = []
    for edge in edges:
        if not any(set(pair) <= set(part) for part in parts_of(group.records, [*remaining, edge])):
            remaining.append(edge)
    return [list(part) for part in parts_of(group.records, remaining)]
