from __future__ import annotations

import re
from typing import Any

import pytest

from schemas.decisions import NewDecision

pytestmark = pytest.mark.flow


def overturned(desk: Any) -> tuple[int, int]:
    """Links overturned, of those looked at, as the supervisor's page tells them."""
    found = re.search(
        r"<strong>([\d,]+) of ([\d,]+)</strong> automatic links", desk.client("sue").get("/supervisor").text
    )
    assert found
    return int(found[1]), int(found[2])


def test_an_unmerge_at_the_desk_overturns_links_once_and_its_undo_takes_them_off_the_count(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    person, record, n = shelf.rows(
        "SELECT person_id, record_id_l, count(*) AS n FROM links WHERE person_l = person_r AND decision = 'link' GROUP BY ALL ORDER BY n DESC, record_id_l LIMIT 1"
    )[0].values()
    n += shelf.rows(
        "SELECT count(*) AS n FROM links WHERE person_id = ? AND record_id_r = ? AND decision = 'link'",
        [person, record],
    )[0]["n"]
    before = overturned(desk)
    for who in ("asha", "ben"):
        browser = desk.client(who)
        browser.post(f"/persons/{person}/why", {"why": "quality"})
        browser.post(f"/persons/{person}/unmerge", {"records": [record], "code": "history", "do": "split"})
        assert overturned(desk) == (before[0] + n, before[1] + n)
    asha = desk.client("asha")
    assert asha.post(f"/persons/{person}/undo").headers["location"].endswith("done=undone")
    assert overturned(desk) == before


def test_an_answer_about_a_joined_person_counts_its_link_once(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    rows = shelf.rows(
        "SELECT q.review_id, l.record_id_l, l.record_id_r FROM queue q JOIN links l ON list_contains(q.person_ids, l.person_id) AND l.person_l = l.person_r AND l.decision = 'link' ORDER BY ALL LIMIT 1"
    )
    case, left, right = rows[0].values()
    before, browser = overturned(desk), desk.client("asha")
    browser.open_case(case)
    for verdict, n in (("link", 0), ("unlink", 1)):
        page = browser.get(f"/cases/{case}?l={left}&r={right}").text
        form = {**browser.form_of(page, f"/cases/{case}/decide"), "code": "history", "verdict": verdict}
        assert browser.post(f"/cases/{case}/decide", form).status_code == 303
        assert overturned(desk) == (before[0] + n, before[1] + 1)
        browser.post(f"/cases/{case}/undo")
        assert overturned(desk) == before


def expected_and_said(desk: Any) -> int:
    """Answers that the supervisor's page holds against what the model expected."""
    page = desk.client("sue").get("/supervisor").text
    table = page[page.index("expected and said") :]
    rows = re.findall(r'scope="row" class="govuk-table__header">[\d.]+ to [\d.]+</th><td[^>]*>(\d+)</td>', table)
    return sum(map(int, rows))


def undone_by(desk: Any, name: str) -> int:
    row = re.search(
        rf">{name}</th>(?:<td[^>]*>\d+</td>){{2}}<td[^>]*>(\d+)</td>", desk.client("sue").get("/supervisor").text
    )
    return int(row[1]) if row else 0


def answered(desk: Any, number: int) -> tuple[str, dict[str, Any]]:
    """Answer a question between two people at the desk; the question, and the decision."""
    shelf, asha = desk.desk.shelves.current(), desk.client("asha")
    case = shelf.rows(
        "SELECT review_id FROM queue WHERE review_type = 'grey_pair' AND len(person_ids) = 2 AND match_probability IS NOT NULL ORDER BY 1"
    )[number]["review_id"]
    form = asha.form_of(asha.open_case(case), f"/cases/{case}/decide")
    assert asha.post(f"/cases/{case}/decide", {**form, "verdict": "unlink", "code": "history"}).status_code == 303
    return case, desk.desk.store.log().to_pylist()[-1]


def test_an_answer_taken_back_on_the_command_line_leaves_the_figures_and_opens_its_question(desk: Any) -> None:
    before, undone = expected_and_said(desk), undone_by(desk, "Asha Steward")
    case, decision = answered(desk, 0)
    assert expected_and_said(desk) == before + 1
    retraction = NewDecision(
        verdict="retract", retracts=decision["decision_id"], decided_by="Cara", reason="Wrong file"
    )
    desk.desk.store.decide(retraction)
    assert expected_and_said(desk) == before
    assert undone_by(desk, "Asha Steward") == undone + 1
    assert ">Answered</h2>" not in desk.client("asha").open_case(case)
    desk.desk.store.decide(
        NewDecision(
            verdict="retract",
            retracts=str(retraction.decision_id),
            decided_by="Cara",
            reason="It was the right file after all",
        )
    )
    assert expected_and_said(desk) == before + 1, "an answer that counts again is counted again"


def test_an_answer_that_another_verdict_replaced_is_no_more_what_stewards_said(desk: Any) -> None:
    before, undone = expected_and_said(desk), undone_by(desk, "Asha Steward")
    _, decision = answered(desk, 1)
    pair = {name: decision[name] for name in ("record_id_l", "record_id_r", "n_records")}
    desk.desk.store.decide(
        NewDecision(verdict="unsure", decided_by="Cara", reason="Thin", supersedes=decision["decision_id"], **pair)
    )
    assert expected_and_said(desk) == before
    assert undone_by(desk, "Asha Steward") == undone, "the work was done, and nobody took it back"
