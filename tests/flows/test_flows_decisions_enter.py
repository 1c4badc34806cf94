"""Decisions in a night: they enter linking, the run keeps what stood, and without them nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from command_line import NightOnSample
from stewards_say import retracted, said

from flows.night import decisions
from flows.night.decisions import changed_since, decided_tonight, open_decisions, stamp_of
from flows.night.plan import Night, plan_night
from flows.stages import linking
from flows.stewards.decision_facts import pair_facts
from pipeline.core.errors import StoreUnavailableError
from pipeline.core.metrics import Metric
from pipeline.core.parquet import read_table
from pipeline.core.same_person import TOLD_BY
from pipeline.explain.kept import open_folder
from pipeline.stewardship.store import open_store
from pipeline.validate.hold import FeedNight, FeedState
from schemas.decisions import NewDecision
from schemas.tables import STD_RECORDS

pytestmark = pytest.mark.flow
LINKED = ("links", "cluster_members", "clusters", "review_pairs")


@pytest.fixture
def night(tmp_path: Path) -> Night:
    planned = plan_night(None, tmp_path / "home", None, None, {})
    planned.folder.root.mkdir(parents=True)
    return planned


@pytest.fixture(scope="module")
def states(sample_night: NightOnSample) -> list[FeedState]:
    """All feeds of the sample as the night has settled them."""
    found = []
    for folder in sorted((sample_night.run / "validate").iterdir()):
        if (folder / "std_records.arrow").is_file():
            facts = FeedNight(folder.name, folder.name.split(".")[0], None)
            found.append(FeedState(facts, "fresh", folder / "std_records.arrow", folder / "events.arrow", None, None))
    return found


@pytest.fixture
def link(night: Night, states: list[FeedState]) -> Callable[[], dict[str, float]]:
    """Links tonight's records; returns the counts."""

    def run() -> dict[str, float]:
        metrics: list[Metric] = linking.link(night, states)
        return {f"{m.stage}.{m.metric}": m.value for m in metrics}

    return run


def decide(night: Night, *decisions: NewDecision) -> None:
    with open_decisions(night.settings, night.home, {}) as store:
        for decision in decisions:
            store.decide(decision)


def table(night: Night, name: str) -> pa.Table:
    return read_table(night.folder.table("link", name))


def of(links: pa.Table, decision: str) -> list[tuple[str, str]]:
    rows = links.filter(pc.equal(links.column("decision"), decision)).to_pylist()
    return [(row["record_id_l"], row["record_id_r"]) for row in rows]


def test_without_a_store_nothing_changes_and_no_store_is_made(night: Night, link, sample_night: NightOnSample) -> None:
    counts = link()
    for name in LINKED:
        assert table(night, name).equals(read_table(sample_night.run / "link" / f"{name}.arrow"))
    assert counts["decisions.in_force"] == counts["link.pairs_linked_by_stewards"] == 0
    assert len(table(night, "decisions")) == len(table(night, "standing_decisions")) == 0
    assert not night.home.decisions.exists()


def test_a_link_and_an_unlink_hold_tonight_and_taken_back_all_is_as_before(
    night: Night, link, sample_night: NightOnSample
) -> None:
    before = read_table(sample_night.current / "links")
    waits, linked = of(before, "review")[0], of(before, "link")[0]
    kept = open_folder(sample_night.current.resolve())
    decisions = [
        NewDecision(verdict=verdict, decided_by="ann", reason="Zebedee's file", **pair_facts(kept, *pair))
        for verdict, pair in (("link", waits), ("unlink", linked))
    ]
    decide(night, *decisions)
    for one in decisions:  # some pairs need a second steward
        with open_decisions(night.settings, night.home, {}) as store:
            if (stored := store.find(one.decision_id)) and stored.needs_second:
                store.decide(NewDecision(confirms=one.decision_id, decided_by="bob", reason="seen too"))
    counts = link()
    assert counts["decisions.in_force"] == 2
    assert counts["decisions.to_look_at_again"] == 0
    columns = (table(night, "cluster_members").column(name).to_pylist() for name in ("record_id", "cluster_id"))
    cluster_of = dict(zip(*columns, strict=True))
    assert cluster_of[waits[0]] == cluster_of[waits[1]]
    assert cluster_of[linked[0]] != cluster_of[linked[1]]
    assert linked in of(table(night, "links"), "unlink")
    assert set(table(night, "decisions").column("reason").to_pylist()) == {None}
    decide(night, *(retracted(one.decision_id) for one in decisions))
    link()
    for name in LINKED:
        assert table(night, name).equals(read_table(sample_night.run / "link" / f"{name}.arrow"))


def test_a_decision_whose_evidence_moved_is_looked_at_again_and_holds(
    night: Night, link, sample_night: NightOnSample
) -> None:
    kept = open_folder(sample_night.current.resolve())
    pair = of(read_table(sample_night.current / "links"), "link")[0]
    facts = pair_facts(kept, *pair)
    moved = facts["evidence"].replace("surname=", "surname_not_seen=")
    decide(
        night,
        NewDecision(
            verdict="unlink", decided_by="ann", reason="r", **{**facts, "evidence": moved, "evidence_hash": "other"}
        ),
    )
    counts = link()
    assert (counts["decisions.in_force"], counts["decisions.to_look_at_again"]) == (1, 1)
    assert "surname" in table(night, "standing_decisions").to_pylist()[0]["moved_fields"]
    assert pair in of(table(night, "links"), "unlink")


def test_decisions_on_records_that_are_gone_are_counted_and_bind_nothing(night: Night, link) -> None:
    decide(night, said("gone-1", "gone-2"))
    counts = link()
    assert (counts["decisions.detached"], counts["decisions.in_force"]) == (1, 0)


def test_the_night_does_not_go_on_without_a_store_that_is_named(
    night: Night, link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOROUGHLINK_DECISIONS_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(decisions, "open_store", partial(open_store, patience_s=0.1))
    with pytest.raises(StoreUnavailableError):
        link()


def test_the_stamp_of_decisions_tells_what_they_say_and_no_reason(night: Night) -> None:
    with open_decisions(night.settings, night.home, {}) as store:
        none = stamp_of(store.log())
        store.decide(said("a", "b"))
        one = stamp_of(store.log())
        assert one == stamp_of(store.log())
    assert (none["count"], one["count"]) == (0, 1)
    assert none["sha256"] != one["sha256"]
    assert "handwriting" not in json.dumps(one)


def test_what_changed_since_last_night_is_told_by_record(night: Night) -> None:
    rows = [{**dict.fromkeys(TOLD_BY), "record_id": record, "feed_id": "f"} for record in "abc"]
    ids = pa.Table.from_pylist(
        rows, pa.schema([STD_RECORDS.arrow_schema().field(name) for name in ("record_id", *TOLD_BY)])
    )
    with open_decisions(night.settings, night.home, {}) as store:
        first = store.decide(said("a", "b")).decision.decision_id
        before = decided_tonight(night, ids).pairs
        store.decide(retracted(first))
        second = store.decide(said("b", "c", "unlink")).decision.decision_id
        after = decided_tonight(night, ids).pairs
    assert changed_since(before, before) == {}
    assert changed_since(None, before) == {"a": [first], "b": [first]}
    assert changed_since(before, after) == {"a": [first], "b": sorted([first, second]), "c": [second]}
