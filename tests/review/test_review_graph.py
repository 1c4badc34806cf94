"""The picture of a person's records: every point has its place, and the pair that is asked about is always drawn."""

from __future__ import annotations

import itertools
import math

import pytest

from pipeline.review.cases.graph import MOST_NODES, graph_picture


def side(person: str, n: int) -> tuple[str, list[dict[str, object]]]:
    return person, [{"record_id": f"{person}{at}", "is_masked": False} for at in range(n)]


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (40,), (197,), (60, 2), (20, 20)])
def test_no_point_lies_on_another_and_all_lie_in_the_picture(sizes: tuple[int, ...]) -> None:
    sides = [side("PQ"[at], n) for at, n in enumerate(sizes)]
    labels = {str(record["record_id"]): str(n) for n, record in enumerate((r for _, own in sides for r in own), 1)}
    picture = graph_picture(sides, [], labels, None)
    assert len(picture.nodes) + picture.left_out == sum(sizes)
    for one, other in itertools.combinations(picture.nodes, 2):
        assert math.dist((one.x, one.y), (other.x, other.y)) > 38
    assert all(20 <= node.x <= picture.width - 20 and 20 <= node.y <= picture.height - 20 for node in picture.nodes)


def test_the_pair_in_question_is_drawn_where_there_are_too_many_records() -> None:
    person, records = side("P", 197)
    labels = {str(record["record_id"]): str(n) for n, record in enumerate(records, 1)}
    link = {
        "record_id_l": "P107",
        "record_id_r": "P151",
        "match_weight": 3.0,
        "decision": "review",
        "decided_by": "model",
    }
    picture = graph_picture([(person, records)], [link], labels, ("P107", "P151"))
    assert {"P107", "P151"} <= {node.record_id for node in picture.nodes}
    assert len(picture.nodes) == MOST_NODES
    assert picture.weak


def test_a_line_that_a_steward_drew_is_told_from_one_of_the_machine() -> None:
    person, records = side("P", 3)
    labels = {str(record["record_id"]): str(n) for n, record in enumerate(records, 1)}
    drawn_by = {("P0", "P1"): "model", ("P0", "P2"): "model", ("P1", "P2"): "steward"}
    links = [
        {"record_id_l": left, "record_id_r": right, "match_weight": 3.0, "decision": "link", "decided_by": by}
        for (left, right), by in drawn_by.items()
    ]
    picture = graph_picture([(person, records)], links, labels, None, [("P1", "P2")])
    kinds = {(line.left, line.right): line.kind for line in picture.lines}
    assert kinds == {("1", "2"): "link", ("1", "3"): "link", ("2", "3"): "steward"}
    assert picture.weak
    assert picture.kinds == {"link", "steward"}
