from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from desk_client import in_process
from web_desk import World

from schemas.desk import DeskSettings
from schemas.settings import RunSettings

pytestmark = pytest.mark.flow
ALWAYS = RunSettings(review=DeskSettings(second_look_share=1.0, sign_ins_a_minute=10_000))


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Any]:
    with in_process(world, ALWAYS) as opened:
        yield opened


def test_a_second_look_is_blind_decides_nothing_and_is_told_to_the_supervisor(desk: Any) -> None:
    rows = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id LIMIT 2"
    )
    asha, ben = desk.client("asha"), desk.client("ben")
    for at, row in enumerate(rows):
        case = row["review_id"]
        form = asha.form_of(asha.open_case(case), f"/cases/{case}/decide")
        asha.post(
            f"/cases/{case}/decide", {**form, "verdict": "link", "code": "history", "text": "Only Asha wrote this"}
        )
        page = ben.open_case(case)
        assert "Only Asha wrote this" not in page
        assert "Answered" not in page
        queue = ben.get("/queue?kind=grey_pair").text
        assert (case in queue, "said outside the queue" in queue) == (True, False)
        assert case not in asha.get("/queue?kind=grey_pair").text
        before = len(desk.desk.store.log())
        form = ben.form_of(page, f"/cases/{case}/decide")
        verdict = ("link", "unlink")[at]
        answer = ben.post(f"/cases/{case}/decide", {**form, "verdict": verdict, "code": "history"})
        assert answer.headers["location"].endswith("done=look")
        assert len(desk.desk.store.log()) == before
        assert case not in ben.get("/queue?kind=grey_pair").text
    page = desk.client("sue").get("/supervisor").text
    assert "50 %" in page
    assert "kappa 0.00" in page


def test_nobody_is_asked_for_a_second_look_at_their_own_answer(desk: Any) -> None:
    row = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'name_only' ORDER BY review_id LIMIT 1"
    )[0]
    case, asha = row["review_id"], desk.client("asha")
    form = asha.form_of(asha.open_case(case), f"/cases/{case}/decide")
    asha.post(f"/cases/{case}/decide", {**form, "verdict": "unlink", "code": "history"})
    assert "Answered" in asha.open_case(case)
