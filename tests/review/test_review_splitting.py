from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from desk_client import Client, in_process
from stewards_say import confirmed, said
from web_desk import make_world

from pipeline.stewardship.columns import AUDIT_LOG
from pipeline.stewardship.decision import pair_state
from schemas.decisions import NewDecision

pytestmark = pytest.mark.flow
Sides = tuple[str, list[str], list[str]]
OF_LARGE = 120


def fresh_case(desk: Any) -> Sides:
    """A question between two persons on whom nothing was decided yet, and the records of each; the second has several."""
    shelf = desk.desk.shelves.current()
    for row in shelf.rows(
        "SELECT * FROM queue WHERE len(person_ids) = 2 AND review_type = 'name_only' ORDER BY review_id"
    ):
        sides = sorted(([own["record_id"] for own in shelf.records(person)] for person in row["person_ids"]), key=len)
        every = [record for side in sides for record in side]
        if len(sides) == 2 and len(sides[1]) >= 3 and len(every) <= 15 and not desk.desk.store.about(every):
            return row["review_id"], sides[0], sides[1]
    raise AssertionError("the sample has no such question")


def send(browser: Client, case: str, records: list[str], do: str = "split", **more: Any) -> Any:
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/split")
    return browser.post(f"/cases/{case}/split", {**form, "records": records, "code": "relatives", "do": do, **more})


def states(desk: Any, records: list[str]) -> dict[Any, Any]:
    """What stands on every pair, and what waits, with whoever confirmed it."""
    found = {pair: pair_state(own) for pair, own in desk.desk.store.about(records).items()}
    return {
        pair: (
            own.in_force and own.in_force.decision_id,
            [waiting.decision_id for waiting in own.waiting],
            {
                name: [second.decided_by for second in seconds]
                for name, seconds in own.confirmed_by.items()
                if name == (own.in_force and own.in_force.decision_id)
            },
        )
        for pair, own in found.items()
        if own.in_force or own.waiting
    }


def log_after(desk: Any, before: int) -> list[dict[str, Any]]:
    return desk.desk.store.log().to_pylist()[before:]


def test_a_split_over_two_persons_only_parts(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    browser, before = desk.client("asha"), len(desk.desk.store.log())
    page = send(browser, case, [second[0]], "preview").text
    assert "Nothing is joined: the records become 3 people." in page
    assert len(desk.desk.store.log()) == before
    assert send(browser, case, [second[0]]).headers["location"].endswith("done=split")
    assert {row["verdict"] for row in log_after(desk, before)} == {"unlink"}
    assert len(log_after(desk, before)) == len(first) + len(second) - 1
    answered = browser.get(f"/cases/{case}").text.split(">Answered</h2>")[1].split("</p>")[0]
    number = re.search(rf'value="{second[0]}"[^>]*>Record (\d+)<', browser.get(f"/cases/{case}").text)
    assert number
    others = [str(own) for own in range(1, len(first) + len(second) + 1) if own != int(number[1])]
    assert (
        f"<strong>Split</strong>: record {number[1]} from records {', '.join(others[:-1])} and {others[-1]}, by Asha"
        in answered
    )
    split = sa.select(AUDIT_LOG.c.subject).where(AUDIT_LOG.c.action == "case.split").order_by(AUDIT_LOG.c.seq.desc())
    subject = json.loads(desk.desk.read(lambda connection: connection.execute(split).scalars().first()))
    assert (subject["records"], subject["others"]) == ([second[0]], sorted([*first, *second[1:]]))


def test_a_side_is_joined_only_where_its_steward_ticks_it_and_the_preview_tells_who_must_confirm(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    browser, before = desk.client("asha"), len(desk.desk.store.log())
    page = send(browser, case, [second[0]], "preview", joined=["others"]).text
    assert "“different people” and 1 “same person”" in page
    assert "A second steward must confirm it" in page
    assert 'value="others" checked' in page
    assert send(browser, case, [second[0]], joined=["others"]).headers["location"].endswith("done=waits")
    links = [row for row in log_after(desk, before) if row["verdict"] == "link"]
    assert len(links) == 1
    ends = {links[0]["record_id_l"], links[0]["record_id_r"]}
    assert (len(ends & set(first)), len(ends & set(second[1:]))) == (1, 1)
    assert links[0]["needs_second"]


def test_what_would_contradict_a_split_is_told_in_its_preview(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    store = desk.desk.store
    outside = desk.desk.shelves.current().rows(
        "SELECT record_id FROM records WHERE record_id NOT IN (SELECT unnest(?)) LIMIT 1", [[*first, *second]]
    )[0]["record_id"]
    for record in (second[0], second[1]):
        store.decide(said(record, outside, by="Cara"))
    browser, before = desk.client("asha"), len(store.log())
    page = send(browser, case, [second[0]], "preview").text
    assert "This would be refused." in page
    assert "Cara" in page
    assert send(browser, case, [second[0]]).status_code == 409
    assert len(store.log()) == before


def decided_before(desk: Any, second: list[str]) -> None:
    """A link with two persons behind it, one replaced by its own steward, and an unlink that waits."""
    store = desk.desk.store
    link = store.decide(said(second[0], second[1], by="Cara", needs_second=True)).decision
    store.decide(confirmed(link.decision_id, by="Dan"))
    store.decide(said(second[0], second[2], by="Cara"))
    store.decide(said(second[0], second[2], by="Cara", reason="Looked again"))


def test_undoing_a_split_restores_exactly_what_stood_before_and_says_so(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    decided_before(desk, second)
    store = desk.desk.store
    waits = store.decide(said(first[0], second[0], "unlink", by="Cara", needs_second=True)).decision
    every = [*first, *second]
    before, stood = len(store.log()), states(desk, every)
    browser = desk.client("asha")
    assert (
        "takes back 3 links that stewards said, confirms 1 that waits"
        in send(browser, case, [second[0]], "preview").text
    )
    send(browser, case, [second[0]])
    assert all(store.find(own[0]).verdict == "unlink" for pair, own in states(desk, every).items() if second[0] in pair)
    page = browser.get(f"/cases/{case}").text
    assert "and 3 earlier decisions that it took back count again" in page
    answer = browser.post(f"/cases/{case}/undo")
    assert answer.headers["location"].endswith("done=undone&back=3")
    assert states(desk, every) == stood
    assert stood[tuple(sorted((first[0], second[0])))][1] == [waits.decision_id]
    assert "Everything stands as it stood before." in browser.get(answer.headers["location"]).text
    undone = [row for row in log_after(desk, before) if row["reason"].startswith("Undone at the desk: decision ")]
    assert len(undone) == 3
    assert all("(link, Cara) counts again" in row["reason"] for row in undone)
    assert browser.post(f"/cases/{case}/undo").status_code == 409


def test_a_second_steward_who_takes_a_split_back_restores_what_it_took_back(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    decided_before(desk, second)
    every = [*first, *second]
    stood, asha, ben = states(desk, every), desk.client("asha"), desk.client("ben")
    assert send(asha, case, [second[0]], joined=["others"]).headers["location"].endswith("done=waits")
    page = ben.open_case(case)
    assert "A second steward is asked" in page
    form = ben.form_of(page, f"/cases/{case}/second")
    answer = ben.post(f"/cases/{case}/second", {**form, "agrees": "no", "text": "They are one"})
    assert answer.headers["location"].endswith("done=sent_back&back=3")
    assert states(desk, every) == stood
    assert ben.post(f"/cases/{case}/second", {**form, "agrees": "yes", "text": "Yes"}).status_code == 409


def test_an_undo_that_contradicts_what_was_decided_since_is_refused_with_the_chain(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    store = desk.desk.store
    store.decide(said(second[0], second[1], by="Cara"))
    browser = desk.client("asha")
    send(browser, case, [second[0]])
    outside = desk.desk.shelves.current().rows(
        "SELECT record_id FROM records WHERE record_id NOT IN (SELECT unnest(?)) LIMIT 1 OFFSET 5", [[*first, *second]]
    )[0]["record_id"]
    store.decide(said(second[1], outside, by="Cara"))
    store.decide(said(second[0], outside, "unlink", by="Cara"))
    before = len(store.log())
    answer = browser.post(f"/cases/{case}/undo")
    assert answer.status_code == 409
    assert "cannot be one person" in answer.text
    assert len(store.log()) == before


@pytest.fixture(scope="module")
def large(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A desk on the sample night, in which the records of many persons are one large person's."""
    world = make_world(published_sample, tmp_path_factory.mktemp("large"))
    path = next((world.home.current.resolve() / "records").glob("*.parquet"))
    table = pq.read_table(path)
    person = table.column("person_id")[0].as_py()
    people = pa.array([*[person] * OF_LARGE, *table.column("person_id").to_pylist()[OF_LARGE:]], pa.string())
    at = table.schema.get_field_index("person_id")
    pq.write_table(table.set_column(at, table.schema.field(at), people.cast(table.schema.field(at).type)), path)
    with in_process(world) as opened:
        yield opened, person


def test_half_of_a_large_person_is_parted_confirmed_and_undone(large: tuple[Any, str]) -> None:
    desk, person = large
    records = [row["record_id"] for row in desk.desk.shelves.current().records(person)]
    half = records[:60]
    n_pairs = 60 * (len(records) - 60)
    assert n_pairs >= 3_600
    asha, ben = desk.client("asha"), desk.client("ben")
    for browser in (asha, ben):
        browser.post(f"/persons/{person}/why", {"why": "quality"})
        form = browser.form_of(browser.get(f"/persons/{person}").text, f"/persons/{person}/unmerge")
        answer = browser.post(f"/persons/{person}/unmerge", {**form, "records": half, "code": "history", "do": "split"})
        assert answer.headers["location"].endswith("done=waits" if browser is asha else "done=split")
    log = desk.desk.store.log().to_pylist()
    assert len([row for row in log if row["verdict"] == "unlink" and not row["confirms"]]) == n_pairs
    assert len([row for row in log if row["confirms"]]) == n_pairs
    page = ben.get(f"/persons/{person}").text
    assert "Undo the confirmation" in page
    assert ben.post(f"/persons/{person}/undo").headers["location"].endswith("done=undone")
    assert {own.needs_second for _, own in live(desk, records)} == {True}


def live(desk: Any, records: list[str]) -> list[tuple[Any, NewDecision]]:
    found = {pair: pair_state(own) for pair, own in desk.desk.store.about(records).items()}
    return [(pair, waiting) for pair, own in found.items() for waiting in own.waiting]


def test_an_unmerge_is_undone_on_the_persons_page_by_its_own_steward_only(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    person = shelf.rows(
        "SELECT person_id FROM persons WHERE n_records BETWEEN 4 AND 6 ORDER BY person_id DESC LIMIT 1"
    )[0]["person_id"]
    records = [row["record_id"] for row in shelf.records(person)]
    desk.desk.store.decide(said(records[0], records[1], by="Cara"))
    stood, asha, ben = states(desk, records), desk.client("asha"), desk.client("ben")
    for browser in (asha, ben):
        browser.post(f"/persons/{person}/why", {"why": "quality"})
    sent = {"records": [records[0]], "code": "history", "batch": str(uuid4()), "do": "split"}
    assert asha.post(f"/persons/{person}/unmerge", sent).headers["location"].endswith("done=split")
    assert "Undo the unmerge" not in ben.get(f"/persons/{person}").text
    assert ben.post(f"/persons/{person}/undo").status_code == 409
    page = asha.get(f"/persons/{person}").text
    assert "Undo takes back all that you entered, and 1 earlier decision that it took back counts again." in page
    answer = asha.post(f"/persons/{person}/undo")
    assert answer.headers["location"].endswith("done=undone&back=1")
    assert "1 earlier decision counts again." in asha.get(answer.headers["location"]).text
    assert states(desk, records) == stood
    assert "Undo the unmerge" not in asha.get(f"/persons/{person}").text
    sent |= {"records": [records[2]], "batch": str(uuid4())}
    assert asha.post(f"/persons/{person}/unmerge", sent).headers["location"].endswith("done=split")
    assert "Undo takes back all that you entered." in asha.get(f"/persons/{person}").text, "it took nothing back"
    asha.post(f"/persons/{person}/undo")


def test_too_large_a_split_is_refused_with_what_to_do(large: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.review.decisions.splitting.MOST_DECISIONS", 100)
    desk, person = large
    browser = desk.client("sue")
    browser.post(f"/persons/{person}/why", {"why": "quality"})
    records = [row["record_id"] for row in desk.desk.shelves.current().records(person)]
    answer = browser.post(f"/persons/{person}/unmerge", {"records": records[:60], "code": "history", "do": "split"})
    assert answer.status_code == 422
    assert "pairs to part; at most 100 at once. Part a few records first" in answer.text


def test_all_decisions_on_the_records_are_on_the_pages_the_latest_first(desk: Any) -> None:
    case, first, second = fresh_case(desk)
    for number in range(32):
        verdict = ("link", "unlink")[number % 2]
        desk.desk.store.decide(said(first[0], second[0], verdict, by="Cara", reason=f"Look number {number}."))
    asha = desk.client("asha")
    person = desk.desk.shelves.current().owner(first[0])
    asha.post(f"/persons/{person}/why", {"why": "quality"})
    for page in (asha.open_case(case), asha.get(f"/persons/{person}").text):
        assert [int(number) for number in re.findall(r"Look number (\d+)\.", page)] == [*reversed(range(32))]
        assert "2 earlier decisions" in page
        assert page.index("Look number 2.") < page.index("2 earlier decisions") < page.index("Look number 1.")
