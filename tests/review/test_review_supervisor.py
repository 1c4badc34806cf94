from __future__ import annotations

import re
from typing import Any

import pytest

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
