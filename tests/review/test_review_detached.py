"""Decisions that a night left detached are found at the desk, with why and what is there of their records, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stewards_say import said
from web_desk import World, make_world

from pipeline.core.parquet import write_table
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import standing_decisions
from schemas.tables import FINGERPRINTS, STANDING_DECISIONS

pytestmark = pytest.mark.flow
PAGE = "/queue/detached"


LAST = {"person_id": "PGONE", "valid_from": "2026-11-18-1", "valid_to": "2026-11-19-1"}
"""Of whom one of the records that are gone was, and the run in which it went"""


@pytest.fixture(scope="module")
def world(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A desk whose ledger knows a person who is gone."""
    world = make_world(published_sample, tmp_path_factory.mktemp("desk"))
    file = next((world.home.current / "identity_ledger").rglob("*.parquet"))
    ledger = pq.read_table(file)
    ended = {**LAST, "cause": "new_data", "ended_by": "withdrawn", "record_ids": ["gone-3"]}
    pq.write_table(pa.concat_tables([ledger, pa.Table.from_pylist([ended], ledger.schema)]), file)
    return world


@pytest.fixture
def lost(desk: Any, world: World) -> dict[str, str]:
    """Three detached decisions, by what is there of them: nothing, one record, both records of two people."""
    shelf, store = desk.desk.shelves.current(), desk.desk.store
    rows = shelf.rows("SELECT min(record_id) AS record FROM records GROUP BY person_id ORDER BY person_id LIMIT 3")
    one, left, right = (row["record"] for row in rows)
    pairs = {"nothing": ("gone-1", "gone-2"), "one": ("gone-3", one), "both": (left, right)}
    recorded = {name: store.decide(said(*sorted(pair), fingerprint_l="L")).decision for name, pair in pairs.items()}
    there = [{"record_id": one, "fingerprint": "A"}, {"record_id": left, "fingerprint": "A"}]
    there += [{"record_id": right, "fingerprint": "B", "another_until": shelf.run_id}]
    log = store.log()
    table = pa.Table.from_pylist(there, FINGERPRINTS.arrow_schema())
    night = standing_decisions(log, load_policy(), table)
    folder = world.home.run(shelf.run_id)
    write_table(folder.table("link", "standing_decisions"), night, STANDING_DECISIONS)
    shelf._made_once.pop("detached", None)
    return {name: decision.decision_id for name, decision in recorded.items()}


def test_the_queue_leads_to_detached_decisions_and_their_page_says_why_and_what_is_there(
    desk: Any, lost: dict[str, str]
) -> None:
    asha, shelf = desk.client("asha"), desk.desk.shelves.current()
    assert f'href="{PAGE}">3 decisions are detached</a>' in asha.get("/queue").text
    page = asha.get(PAGE).text
    parts = {name: page.split(f'id="d-{decision}"')[1].split("</section>")[0] for name, decision in lost.items()}
    assert "a record is not there" in parts["nothing"]
    assert parts["nothing"].count("not there</li>") == 2
    assert "Look at" not in parts["nothing"]
    assert "not there since the night of 19 November 2026; it was of" in parts["one"]
    assert 'href="/persons/PGONE"' in parts["one"]
    assert "not there</li>" not in parts["one"]
    assert "Look at the person" in parts["one"]
    assert "returned as somebody else" in parts["both"]
    decision = desk.desk.store.find(lost["both"])
    assert f"?l={decision.record_id_l}&amp;r={decision.record_id_r}" in parts["both"]
    assert shelf.owner(decision.record_id_l) in parts["both"]
    records = [row for end in decision.pair for row in shelf.records(shelf.owner(end)) if row["record_id"] == end]
    for row in records:
        assert f"</a>, {shelf.reference.titles[row['source']]}" in parts["both"]


def test_a_detached_decision_is_taken_back_with_a_reason_and_is_listed_no_more(desk: Any, lost: dict[str, str]) -> None:
    asha = desk.client("asha")
    form = {"decision_id": lost["nothing"], "batch": "8b8f4e0e-2c0a-4f0e-9a53-0d6f2d1c8a47"}
    refused = asha.post(f"{PAGE}/retract", form)
    assert refused.status_code == 422
    assert f'id="why-{lost["nothing"]}-error"' in refused.text
    before = len(desk.desk.store.log())
    done = [asha.post(f"{PAGE}/retract", {**form, "text": "The export is gone"}) for _ in range(2)]
    assert [answer.headers["location"] for answer in done] == [f"{PAGE}?done=taken_back"] * 2
    assert len(desk.desk.store.log()) == before + 1, "sent twice, it counts once"
    page = asha.get(done[0].headers["location"]).text
    assert "The decision is taken back." in page
    assert f'id="d-{lost["nothing"]}"' not in page
    assert f'id="d-{lost["one"]}"' in page
    stale = asha.post(f"{PAGE}/retract", {"decision_id": lost["nothing"], "text": "again"})
    assert stale.status_code == 409


def test_a_persons_page_does_not_call_a_detached_decision_simply_in_force(desk: Any, lost: dict[str, str]) -> None:
    asha, shelf = desk.client("asha"), desk.desk.shelves.current()
    decision = desk.desk.store.find(lost["one"])
    person = next(owner for end in decision.pair if (owner := shelf.owner(end)))
    asha.post(f"/persons/{person}/why", {"why": "quality"})
    assert "in force, but detached: a record is not there" in asha.get(f"/persons/{person}").text


def test_only_stewards_see_detached_decisions(desk: Any, lost: dict[str, str]) -> None:
    for who in ("col", "aud", "ada"):
        assert desk.client(who).get(PAGE).status_code == 403
