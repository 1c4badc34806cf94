from __future__ import annotations

import datetime as dt
import pickle
import stat
from pathlib import Path

import pytest
from bound_pairs import must_link
from stewards_say import confirmed, retracted, said

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError, SettingsError
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import standing_decisions
from pipeline.stewardship.store import Store, open_store

VICTIM_AND_OFFENDER = {"roles_l": "victim;witness", "roles_r": "offender"}


def links_of(store: Store) -> list[tuple[str, str]]:
    found = must_link(standing_decisions(store.log(), load_policy()))
    return [(row["record_id_l"], row["record_id_r"]) for row in found.to_pylist()]


def test_a_decision_is_there_with_who_when_why_and_what_was_seen(store: Store) -> None:
    before = dt.datetime.now(dt.UTC)
    sent = said(
        "b",
        "a",
        evidence="forename=exact",
        evidence_hash="h",
        run_id="2026-11-20-1",
        model="person-1:abc",
        fingerprint_l="of b",
        fingerprint_r="of a",
        roles_l="victim",
    )
    store.decide(sent)
    (row,) = store.log().to_pylist()
    assert (row["record_id_l"], row["record_id_r"], row["verdict"]) == ("a", "b", "link")
    assert (row["fingerprint_l"], row["fingerprint_r"]) == ("of a", "of b")
    assert (row["roles_l"], row["roles_r"]) == (None, "victim")
    assert (row["decided_by"], row["reason"]) == ("ann", "same handwriting")
    assert (row["evidence"], row["evidence_hash"]) == ("forename=exact", "h")
    assert (row["run_id"], row["model"], row["decision_id"]) == ("2026-11-20-1", "person-1:abc", sent.decision_id)
    assert before <= row["decided_at"] == row["recorded_at"] <= dt.datetime.now(dt.UTC)


def test_an_empty_log_has_all_its_columns(store: Store) -> None:
    assert len(store.log()) == 0
    assert len(standing_decisions(store.log(), load_policy())) == 0


def test_a_decision_sent_again_counts_once(store: Store) -> None:
    sent = said("a", "b")
    assert store.decide(sent).is_new
    again = store.decide(sent)
    assert not again.is_new
    assert again.decision.seq == 1
    assert len(store.log()) == 1


def test_an_id_cannot_be_used_for_another_decision(store: Store) -> None:
    sent = said("a", "b")
    store.decide(sent)
    with pytest.raises(DecisionRefusedError, match="in use"):
        store.decide(said("a", "c", decision_id=sent.decision_id))


def test_what_was_decided_is_there_after_the_store_is_opened_again(url: str) -> None:
    with open_store(url) as store:
        store.decide(said("a", "b"))
    with open_store(url) as store:
        assert links_of(store) == [("a", "b")]


def test_ids_are_ordered_by_code_point_whatever_the_databases_language(store: Store) -> None:
    store.decide(said("b", "A"))
    store.decide(said("ä", "z"))
    assert links_of(store) == [("A", "b"), ("z", "ä")]


def test_a_clock_set_back_does_not_reorder_decisions(store: Store) -> None:
    store.decide(said("a", "b"))
    store.clock = lambda: dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    store.decide(said("a", "b", "unlink"))
    first, second = store.log().to_pylist()
    assert (first["seq"], second["seq"]) == (1, 2)
    assert second["recorded_at"] == first["recorded_at"]
    assert links_of(store) == []


def test_a_chain_of_links_forbids_an_unlink_and_is_shown_with_who_decided(store: Store) -> None:
    ids = [
        store.decide(said(*pair, by=by)).decision.decision_id
        for pair, by in (("ab", "ann"), ("bc", "bob"), ("de", "eve"))
    ]
    with pytest.raises(DecisionConflictError) as refused:
        store.decide(said("a", "c", "unlink", by="cid"))
    assert [link.decision_id for link in refused.value.chain] == ids[:2]
    assert [link.decided_by for link in refused.value.chain] == ["ann", "bob"]
    assert "a = b (ann, 2" in str(refused.value)
    assert len(store.log()) == 3


def test_a_refusal_with_its_chain_crosses_processes(store: Store) -> None:
    store.decide(said("a", "b"))
    with pytest.raises(DecisionConflictError) as refused:
        store.decide(said("a", "b", "unlink", by="bob"))
    again = pickle.loads(pickle.dumps(refused.value))
    assert (str(again), again.chain) == (str(refused.value), refused.value.chain)


def test_a_link_that_would_join_two_who_are_not_one_is_refused(store: Store) -> None:
    store.decide(said("a", "b"))
    store.decide(said("c", "d"))
    apart = store.decide(said("a", "d", "unlink"))
    with pytest.raises(DecisionConflictError) as refused:
        store.decide(said("b", "c"))
    assert [(link.record_id_l, link.record_id_r, link.verdict) for link in refused.value.chain] == [
        ("a", "b", "link"),
        ("c", "d", "link"),
        ("a", "d", "unlink"),
    ]
    store.decide(retracted(apart.decision.decision_id))
    store.decide(said("b", "c"))
    assert links_of(store) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_two_unlinks_and_unsure_contradict_nothing(store: Store) -> None:
    for pair, verdict in (("ab", "unlink"), ("bc", "unlink"), ("ac", "link"), ("cd", "unsure"), ("ad", "link")):
        store.decide(said(*pair, verdict))
    assert links_of(store) == [("a", "c"), ("a", "d")]


def test_a_retracted_decision_is_as_if_it_had_not_been_made(store: Store) -> None:
    first = store.decide(said("a", "b"))
    second = store.decide(said("a", "b", "unlink"))
    assert second.decision.supersedes == first.decision.decision_id
    assert links_of(store) == []
    store.decide(retracted(second.decision.decision_id))
    assert links_of(store) == [("a", "b")]
    store.decide(retracted(first.decision.decision_id, by="bob"))
    assert links_of(store) == []
    with pytest.raises(DecisionRefusedError, match="taken back already"):
        store.decide(retracted(first.decision.decision_id))


def test_a_retraction_that_would_bring_a_contradiction_back_is_refused(store: Store) -> None:
    store.decide(said("a", "b"))
    unlink = store.decide(said("a", "b", "unlink"))
    store.decide(said("b", "c"))
    store.decide(said("a", "c", "unlink"))
    with pytest.raises(DecisionConflictError, match="cannot be one person"):
        store.decide(retracted(unlink.decision.decision_id))


def test_what_is_not_there_cannot_be_retracted_or_confirmed(store: Store) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for new in (retracted(nobody), confirmed(nobody)):
        with pytest.raises(DecisionRefusedError, match="no decision"):
            store.decide(new)


def test_another_stewards_decision_is_replaced_only_when_that_is_said(store: Store) -> None:
    first = store.decide(said("a", "b", by="ann")).decision
    with pytest.raises(DecisionConflictError) as refused:
        store.decide(said("a", "b", "unlink", by="bob"))
    assert [(link.decision_id, link.decided_by) for link in refused.value.chain] == [(first.decision_id, "ann")]
    store.decide(said("a", "b", "unlink", by="bob", supersedes=first.decision_id))
    assert links_of(store) == []
    with pytest.raises(DecisionConflictError, match="not what stands"):
        store.decide(said("a", "b", by="cid", supersedes=first.decision_id))


def test_unsure_by_another_steward_is_decided_without_ado(store: Store) -> None:
    store.decide(said("a", "b", "unsure", by="ann"))
    store.decide(said("a", "b", by="bob"))
    assert links_of(store) == [("a", "b")]


def test_a_victim_and_an_offender_are_linked_only_by_two(store: Store) -> None:
    waiting = store.decide(said("a", "b", **VICTIM_AND_OFFENDER)).decision
    assert (waiting.needs_second, waiting.second_because) == (True, "victim_offender")
    assert links_of(store) == []
    for same in ("ann", " Ann ", "\uff21NN"):
        with pytest.raises(DecisionRefusedError, match="second person"):
            store.decide(confirmed(waiting.decision_id, by=same))
    second = store.decide(confirmed(waiting.decision_id, by="bob")).decision
    assert links_of(store) == [("a", "b")]
    with pytest.raises(DecisionRefusedError, match="does not wait"):
        store.decide(confirmed(waiting.decision_id, by="cid"))
    store.decide(retracted(second.decision_id))
    assert links_of(store) == []


def test_until_the_second_person_the_earlier_decision_stays_in_force(store: Store) -> None:
    store.decide(said("a", "b"))
    unlink = store.decide(said("a", "b", "unlink", n_records=21)).decision
    assert unlink.second_because == "many_records"
    assert links_of(store) == [("a", "b")]
    store.decide(confirmed(unlink.decision_id))
    assert links_of(store) == []


def test_a_decision_that_was_replaced_while_it_waited_cannot_be_confirmed(store: Store) -> None:
    waiting = store.decide(said("a", "b", **VICTIM_AND_OFFENDER)).decision
    store.decide(said("a", "b", "unlink", by="bob", supersedes=waiting.decision_id))
    with pytest.raises(DecisionRefusedError, match="does not wait"):
        store.decide(confirmed(waiting.decision_id, by="cid"))


def test_a_second_person_who_decides_anew_is_told_to_confirm(store: Store) -> None:
    store.decide(said("a", "b", **VICTIM_AND_OFFENDER))
    with pytest.raises(DecisionConflictError, match="confirm it instead"):
        store.decide(said("a", "b", by="bob", **VICTIM_AND_OFFENDER))


def test_a_waiting_decision_that_others_contradict_meanwhile_cannot_be_confirmed(store: Store) -> None:
    waiting = store.decide(said("a", "c", **VICTIM_AND_OFFENDER)).decision
    store.decide(said("a", "b"))
    store.decide(said("b", "c", "unlink"))
    with pytest.raises(DecisionConflictError, match="cannot be one person"):
        store.decide(confirmed(waiting.decision_id))


def test_nobody_is_asked_to_confirm_what_cannot_be(store: Store) -> None:
    store.decide(said("a", "b"))
    store.decide(said("b", "c", "unlink"))
    with pytest.raises(DecisionConflictError):
        store.decide(said("a", "c", **VICTIM_AND_OFFENDER))


def test_a_decision_on_records_of_which_nothing_is_known_waits(store: Store) -> None:
    assert store.decide(said("a", "b", n_records=None)).decision.second_because == "unknown_facts"
    assert links_of(store) == []


def test_a_refused_decision_keeps_no_other_out(store: Store) -> None:
    outcomes = store.decide_all([said("a", "b"), said("b", "c"), said("a", "c", "unlink"), said("d", "e")])
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Recorded",
        "Recorded",
        "DecisionConflictError",
        "Recorded",
    ]
    assert links_of(store) == [("a", "b"), ("b", "c"), ("d", "e")]


def test_a_decision_from_the_future_is_refused(store: Store) -> None:
    with pytest.raises(DecisionRefusedError, match="future"):
        store.decide(said("a", "b", decided_at="2999-01-01T00:00:00Z"))


@pytest.mark.parametrize("url", ["mysql://host/db", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_store_that_would_not_keep_anything_is_not_opened(url: str) -> None:
    with pytest.raises(SettingsError, match="decisions_url"), open_store(url):
        pass


def test_the_file_of_decisions_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "decisions.sqlite3"
    with open_store(f"sqlite:///{path}") as store:
        store.decide(said("a", "b"))
        files = list(path.parent.iterdir())
        assert len(files) == 3  # the database, its write-ahead log and its shared memory
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
