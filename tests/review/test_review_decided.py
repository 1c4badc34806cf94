"""What was decided outside the queue since the night is marked in it, handed out to nobody, and asked again once it is taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from desk_client import Client

from schemas.decisions import NewDecision

pytestmark = pytest.mark.flow
MARK = "said outside the queue by"


def an_open_question(desk: Any) -> dict[str, Any]:
    """The gravest question between two persons that the queue still asks."""
    rows: list[dict[str, Any]] = desk.desk.shelves.current().rows(
        "SELECT * FROM queue WHERE len(person_ids) = 2 ORDER BY priority DESC, review_id"
    )
    shown = row_ids(desk.client("asha").get("/queue").text)
    return next(row for row in rows if row["review_id"] in shown)


def row_ids(page: str) -> list[str]:
    return re.findall(r'<tr class="govuk-table__row" data-row>\s*<td[^>]*><a[^>]* href="/cases/([^"]+)"', page)


def row_of(page: str, review_id: str) -> str:
    (row,) = (part for part in page.split("data-row>")[1:] if f'href="/cases/{review_id}"' in part)
    return row.partition("</tr>")[0]


def decided(desk: Any, **facts: Any) -> str:
    new = NewDecision(decided_by="Cara", reason="Seen", n_records=2, **facts)
    decision_id: str = desk.desk.store.decide(new).decision.decision_id
    return decision_id


def next_case(browser: Client) -> str:
    answer = browser.post("/next", browser.form_of(browser.get("/queue").text, "/next"))
    return str(answer.headers["location"].partition("/cases/")[2].partition("?")[0])


def test_a_question_that_was_decided_on_the_command_line_is_marked_and_handed_out_to_nobody(desk: Any) -> None:
    asha, question = desk.client("asha"), an_open_question(desk)
    review_id, ends = question["review_id"], {name: question[name] for name in ("record_id_l", "record_id_r")}
    assert MARK not in row_of(asha.get("/queue").text, review_id)
    decided(desk, verdict="unsure", **ends)
    assert MARK not in row_of(asha.get("/queue").text, review_id)
    decision_id = decided(desk, verdict="unlink", **ends)
    row = row_of(asha.get("/queue").text, review_id)
    assert f"Different people, {MARK} Cara on " in row
    assert "the night closes it" in row
    others = row_ids(asha.get("/queue").text)
    taken = next_case(asha)
    assert (taken in others, taken == review_id) == (True, False)
    decided(desk, verdict="retract", retracts=decision_id, **ends)
    assert MARK not in row_of(asha.get("/queue").text, review_id)
