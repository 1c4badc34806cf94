from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from bound_pairs import cannot_link, must_link
from hypothesis import given, settings
from hypothesis import strategies as st
from stewards_say import said

from pipeline.core.errors import DecisionConflictError, SettingsError
from pipeline.core.same_person import TOLD_BY
from pipeline.stewardship.contradictions import Edge, knots
from pipeline.stewardship.decision import Decision, pair_state
from pipeline.stewardship.evidence import evidence_hash, evidence_text, fingerprints, moved_fields, pair_evidence
from pipeline.stewardship.policy import CaseFacts, load_policy, second_because
from pipeline.stewardship.reattach import reattach
from pipeline.stewardship.standing import decided_pairs, in_state, standing_decisions, to_look_at_again
from pipeline.stewardship.store import open_store
from schemas.decisions import NewDecision
from schemas.model import LEVELS
from schemas.tables import DECISIONS, FINGERPRINTS

POLICY = load_policy()
RULE = "disagreeing_levels = []\n[[two_person]]\nname = 'x'\nabout = ''\nverdicts = ['link']\n"
BEGAN = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def log_of(*rows: dict[str, Any]) -> pa.Table:
    """A log of decisions by ann, as short as a test needs: seq and id are the place in the list."""
    full = [
        {
            "seq": n,
            "decision_id": f"D{n}",
            "verdict": "link",
            "decided_by": "ann",
            "decided_at": BEGAN,
            "recorded_at": BEGAN,
            "reason": "r",
            "needs_second": False,
            **row,
        }
        for n, row in enumerate(rows, start=1)
    ]
    return pa.Table.from_pylist(full, DECISIONS.arrow_schema())


def pair(left: str, right: str, verdict: str = "link", **more: Any) -> dict[str, Any]:
    return {"record_id_l": left, "record_id_r": right, "verdict": verdict, **more}


def records_of(**fingerprint: str | None) -> pa.Table:
    rows = [{"record_id": record, "fingerprint": own} for record, own in fingerprint.items()]
    return pa.Table.from_pylist(rows, FINGERPRINTS.arrow_schema())


def ends(table: pa.Table) -> list[tuple[str, str]]:
    return [(row["record_id_l"], row["record_id_r"]) for row in table.to_pylist()]


def by_id(standing: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["decision_id"]: row for row in standing.to_pylist()}


def test_links_and_unlinks_in_force_are_must_link_and_cannot_link_with_their_decisions() -> None:
    standing = standing_decisions(log_of(pair("a", "b"), pair("c", "d", "unlink"), pair("e", "f", "unsure")), POLICY)
    assert must_link(standing).to_pylist() == [
        {"record_id_l": "a", "record_id_r": "b", "constraint": "must_link", "decision_ids": ["D1"]}
    ]
    assert ends(cannot_link(standing)) == [("c", "d")]
    assert by_id(standing)["D3"]["constraint"] is None
    assert by_id(standing)["D3"]["state"] == "in_force"


def test_the_latest_verdict_of_a_pair_counts_by_number_not_by_time() -> None:
    log = log_of(pair("a", "b", decided_at=BEGAN + dt.timedelta(days=1)), pair("a", "b", "unlink"))
    assert by_id(standing_decisions(log, POLICY)).keys() == {"D2"}


def test_a_waiting_decision_binds_nothing_until_it_is_confirmed() -> None:
    rows = [pair("a", "b", needs_second=True, second_because="victim_offender")]
    standing = standing_decisions(log_of(*rows), POLICY)
    assert len(decided_pairs(standing)) == 0
    assert in_state(standing, "waiting").column("second_because").to_pylist() == ["victim_offender"]
    rows.append(pair("a", "b", confirms="D1", decided_by="bob"))
    standing = standing_decisions(log_of(*rows), POLICY)
    assert ends(must_link(standing)) == [("a", "b")]
    assert by_id(standing)["D1"]["confirmed_by"] == ["bob"]


def test_a_retraction_that_waits_takes_nothing_back_yet() -> None:
    rows = [pair("a", "b"), pair("a", "b", "retract", retracts="D1", needs_second=True)]
    standing = standing_decisions(log_of(*rows), POLICY)
    assert ends(must_link(standing)) == [("a", "b")]
    assert by_id(standing)["D2"]["state"] == "waiting"
    standing = standing_decisions(log_of(*rows, pair("a", "b", "retract", confirms="D2", decided_by="bob")), POLICY)
    assert len(standing) == 0


def test_a_decision_survives_a_snapshot_in_which_a_record_has_another_id() -> None:
    log = log_of(pair("a", "b", fingerprint_l="A", fingerprint_r="B"), pair("a", "c", "unlink", fingerprint_l="A"))
    standing = standing_decisions(log, POLICY, records_of(z="A", b="B", c=None))
    assert ends(must_link(standing)) == [("b", "z")]
    assert ends(cannot_link(standing)) == [("c", "z")]
    assert by_id(standing)["D1"]["is_reattached"]


@pytest.mark.parametrize(
    "records", [{"b": "B"}, {"b": "B", "x": "A", "y": "A"}, {"b": "A"}, {"b": None, "x": None}], ids=str
)
def test_a_decision_is_detached_where_no_one_record_is_the_one_that_is_gone(records: dict[str, str | None]) -> None:
    log = log_of(pair("a", "b", fingerprint_l="A", fingerprint_r="B"))
    standing = standing_decisions(log, POLICY, records_of(**records))
    assert (by_id(standing)["D1"]["state"], by_id(standing)["D1"]["detached_because"]) == ("detached", "record_gone")
    assert len(decided_pairs(standing)) == 0


def test_a_decision_goes_with_the_person_whose_key_was_given_to_somebody_else() -> None:
    log = log_of(pair("a", "b", fingerprint_l="A", fingerprint_r="B"), pair("a", "c", "unlink", fingerprint_l="A"))
    standing = standing_decisions(log, POLICY, records_of(a="other", z="A", b="B", c=None))
    assert ends(must_link(standing)) == [("b", "z")]
    assert ends(cannot_link(standing)) == [("c", "z")]


def test_a_link_of_one_person_binds_no_more_where_its_records_tell_of_two() -> None:
    def born(year: int, name: str) -> dict[str, Any]:
        names = {"forename": [name], "surname": ["BROWN"]}
        return {**dict.fromkeys(TOLD_BY), **names, "date_of_birth": dt.date(year, 5, 16)}

    tonight = {"a": born(2010, "THOMAS"), "b": born(2010, "THOMAS"), "c": born(1998, "OMAR"), "d": born(2010, "OMAR")}
    one = {"evidence": "date_of_birth=exact;forename=exact;surname=exact"}
    two = {"evidence": "date_of_birth=else;forename=exact;surname=exact"}
    log = log_of(
        pair("a", "b", **one),
        pair("a", "c", **one),
        pair("b", "c", **two),
        pair("b", "d", **one),
        pair("c", "d", "unlink", **one),
        pair("c", "e", **one),
        pair("a", "d"),
    )

    def said(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {record: tonight[record] for record in ids if record in tonight}

    standing = by_id(standing_decisions(log, POLICY, said=said))
    lost = {key: row["detached_because"] for key, row in standing.items() if row["state"] == "detached"}
    assert lost == {"D2": "records_differ"}, "c is somebody else than was seen"


@pytest.mark.parametrize(
    ("verdict", "decided_in", "now", "binds"),
    [
        ("link", "2026-11-20-1", "C", False),
        ("link", "2026-11-20-1", None, False),
        ("link", None, "C", False),
        ("link", "2026-11-20-1", "B", True),
        ("link", "2026-11-20-9", "C", False),
        ("link", "2026-11-20-10", "C", True),
        ("unlink", "2026-11-20-1", "C", True),
    ],
)
def test_a_link_on_a_record_that_returned_as_somebody_else_binds_no_more(
    verdict: str, decided_in: str | None, now: str | None, binds: bool
) -> None:
    log = log_of(pair("a", "b", verdict, fingerprint_l="A", fingerprint_r="B", run_id=decided_in))
    rows = [{"record_id": "a", "fingerprint": "A"}, {"record_id": "b", "fingerprint": now}]
    rows[1]["another_until"] = "2026-11-20-10"
    standing = standing_decisions(log, POLICY, pa.Table.from_pylist(rows, FINGERPRINTS.arrow_schema()))
    row = by_id(standing)["D1"]
    assert (row["state"], row["detached_because"]) == (("in_force", None) if binds else ("detached", "record_returned"))
    assert len(decided_pairs(standing)) == binds


def test_decisions_that_data_sets_against_each_other_are_frozen_and_the_two_stay_apart() -> None:
    """a and x turn out to be one record: then a = b, b = c, but x is not c."""
    log = log_of(pair("a", "b"), pair("b", "c"), pair("c", "x", "unlink", fingerprint_r="A"), pair("d", "e"))
    standing = standing_decisions(log, POLICY, records_of(a="A", b=None, c=None, d=None, e=None))
    assert {key: row["state"] for key, row in by_id(standing).items()} == {
        "D1": "contradicted",
        "D2": "contradicted",
        "D3": "contradicted",
        "D4": "in_force",
    }
    assert by_id(standing)["D3"]["contradicts"] == ["D1", "D2"]
    assert by_id(standing)["D1"]["contradicts"] == ["D3"]
    assert ends(must_link(standing)) == [("d", "e")]
    assert ends(cannot_link(standing)) == [("a", "c")]


def test_evidence_that_moved_has_a_decision_looked_at_again_and_in_force() -> None:
    seen = {"evidence": "date_of_birth=exact;forename=exact", "evidence_hash": "then"}
    log = log_of(pair("a", "b", **seen), pair("c", "d", "unlink", **seen), pair("e", "f", **seen), pair("g", "h"))
    now = pa.Table.from_pylist(
        [
            {
                "record_id_l": "a",
                "record_id_r": "b",
                "evidence": "date_of_birth=far;forename=exact",
                "evidence_hash": "now",
            },
            {"record_id_l": "c", "record_id_r": "d", "evidence": "forename=exact", "evidence_hash": "now"},
            {
                "record_id_l": "e",
                "record_id_r": "f",
                "evidence": "date_of_birth=close;forename=exact",
                "evidence_hash": "now",
            },
            {"record_id_l": "g", "record_id_r": "h", "evidence": "forename=else", "evidence_hash": "now"},
        ]
    )
    standing = standing_decisions(log, POLICY, evidence=now)
    again = by_id(to_look_at_again(standing))
    assert {key: row["moved_fields"] for key, row in again.items()} == {
        "D1": ["date_of_birth"],
        "D2": ["date_of_birth"],
    }
    assert ends(must_link(standing)) == [("a", "b"), ("e", "f"), ("g", "h")]
    assert ends(cannot_link(standing)) == [("c", "d")]


def test_the_same_evidence_is_never_looked_at_again() -> None:
    log = log_of(pair("a", "b", evidence="forename=exact", evidence_hash="same"))
    now = pa.table(
        {"record_id_l": ["a"], "record_id_r": ["b"], "evidence": ["forename=else"], "evidence_hash": ["same"]}
    )
    assert len(to_look_at_again(standing_decisions(log, POLICY, evidence=now))) == 0


levels = st.dictionaries(
    st.sampled_from(["forename", "surname", "phone"]), st.sampled_from(["null", *LEVELS["forename"]]), max_size=3
)


@given(before=levels, now=levels)
def test_only_a_move_between_agreeing_disagreeing_and_empty_is_material(
    before: dict[str, str], now: dict[str, str]
) -> None:
    def stance(level: str) -> str:
        return {"null": "empty", "else": "disagrees"}.get(level, "agrees")

    moved = moved_fields(evidence_text(before), evidence_text(now), POLICY)
    fields = before.keys() | now.keys()
    expected = {f for f in fields if stance(before.get(f, "null")) != stance(now.get(f, "null"))}
    assert set(moved) == expected
    assert moved_fields(evidence_text(now), evidence_text(before), POLICY) == moved


def test_the_hash_of_the_evidence_changes_with_any_value_and_names_none() -> None:
    left, right = {"forename": ["ZEBEDIAH"], "phone": None}, {"forename": ["ZEB"], "phone": "+44"}
    seen = evidence_hash("forename=close", left, right)
    assert evidence_hash("forename=close", dict(left), dict(right)) == seen
    for other in (
        ("forename=exact", left, right),
        ("forename=close", {**left, "phone": "+44"}, right),
        ("forename=close", right, left),
    ):
        assert evidence_hash(*other) != seen
    table = pair_evidence({("a", "b"): {"forename": "close", "phone": "null"}}, {"a": left, "b": right})
    assert table.to_pylist() == [
        {"record_id_l": "a", "record_id_r": "b", "evidence": "forename=close", "evidence_hash": seen}
    ]


def test_a_fingerprint_outlives_an_address_and_is_missing_where_it_would_tell_two_records() -> None:
    born = dt.date(2010, 2, 3)
    rows = [
        ("1", "cse.camden", ["ANN"], ["SMITH"], born),
        ("2", "cse.barnet", ["ANN"], ["SMITH"], born),
        ("3", "cse.barnet", ["ANN"], ["JONES"], born),
        ("4", "cse.barnet", ["ANN"], ["JONES"], born),
        ("5", "cse.barnet", ["BOB"], ["JONES"], None),
        ("6", "cse.barnet", None, ["JONES"], born),
    ]
    names = ("record_id", "feed_id", "forename", "surname", "date_of_birth")
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    found = dict(
        zip(*(fingerprints(table).column(name).to_pylist() for name in ("record_id", "fingerprint")), strict=True)
    )
    assert found["1"]
    assert found["2"]
    assert found["1"] != found["2"]
    assert [found[record] for record in "3456"] == [None] * 4


names = st.sampled_from("abcdefgh")
prints = st.one_of(st.none(), st.sampled_from("ABC"))
decided = st.lists(st.tuples(names, prints, names, prints).filter(lambda row: row[0] < row[2]), max_size=8)
tonight = st.dictionaries(names, prints, max_size=8)


@given(decided=decided, tonight=tonight)
def test_records_are_found_again_exactly_where_one_record_has_their_fingerprint(
    decided: list[tuple[str, str | None, str, str | None]], tonight: dict[str, str | None]
) -> None:
    columns = ("record_id_l", "fingerprint_l", "record_id_r", "fingerprint_r")
    pairs = pa.table({name: pa.array([row[k] for row in decided], pa.string()) for k, name in enumerate(columns)})
    holders = Counter(own for own in tonight.values() if own)

    def expected(record: str, own: str | None) -> str | None:
        holder = next((r for r, f in tonight.items() if f == own), None) if own and holders[own] == 1 else None
        return holder or (record if record in tonight else None)

    found = reattach(pairs, records_of(**tonight))
    assert len(found) == len(decided)
    for at, (left, print_l, right, print_r) in zip(found, decided, strict=True):
        now = {expected(left, print_l), expected(right, print_r)}
        if None in now or len(now) == 1:
            assert at == (left, right, "detached")
        else:
            assert at.record_id_l < at.record_id_r
            assert {at.record_id_l, at.record_id_r} == now
            assert at.attachment == ("as_decided" if now == {left, right} else "reattached")


edges = st.lists(st.sampled_from(list(combinations("abcdefg", 2))), max_size=10, unique=True)


@given(links=edges, unlinks=edges)
def test_after_freezing_no_links_join_two_who_are_not_one(
    links: list[tuple[str, str]], unlinks: list[tuple[str, str]]
) -> None:
    own = [Edge(*ends, f"L{n}") for n, ends in enumerate(links)]
    apart = [Edge(*ends, f"U{n}") for n, ends in enumerate(unlinks)]
    tied = knots(own, apart)
    kept = [edge for edge in own if edge.decision_id not in tied]
    assert knots(kept, apart) == {}
    assert knots(list(reversed(own)), list(reversed(apart))) == tied
    for decision_id, others in tied.items():
        assert all(decision_id in tied[other] for other in others)
    assert bool(tied) == any(_joined(links, *ends) for ends in unlinks)


def _joined(links: list[tuple[str, str]], start: str, end: str) -> bool:
    reached = {start}
    for _ in links:
        reached |= {record for link in links if not reached.isdisjoint(link) for record in link}
    return end in reached


steps = st.lists(
    st.tuples(st.sampled_from(list(combinations("abcde", 2))), st.sampled_from(["link", "unlink", "unsure"])),
    max_size=15,
)


@settings(max_examples=30)
@given(steps=steps)
def test_whatever_is_entered_what_stands_never_contradicts_itself(
    steps: list[tuple[tuple[str, str], str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    refused = 0
    with open_store(f"sqlite:///{folder}/decisions.sqlite3") as store:
        for (left, right), verdict in steps:
            try:
                store.decide(said(left, right, verdict))
            except DecisionConflictError:
                refused += 1
        log = store.log()
    standing = standing_decisions(log, POLICY)
    assert len(log) == len(steps) - refused
    assert set(standing.column("state").to_pylist()) <= {"in_force"}


def test_taking_a_decision_back_twice_over_is_the_decision_again() -> None:
    def row(seq: int, verdict: str, retracts: str | None = None) -> Decision:
        return Decision(seq, f"D{seq}", "a", "b", verdict, "ann", BEGAN, BEGAN, retracts=retracts)  # type: ignore[arg-type]

    rows = [row(1, "link"), row(2, "retract", "D1"), row(3, "retract", "D2")]
    assert pair_state(rows[:2]).in_force is None
    assert pair_state(rows).in_force == rows[0]


@pytest.mark.parametrize(
    ("verdict", "roles", "rules", "n_records", "expected"),
    [
        ("link", ({"victim"}, {"offender"}), set(), 2, ("victim_offender",)),
        ("link", ({"suspect", "witness"}, {"at_risk"}), set(), 2, ("victim_offender",)),
        ("link", ({"victim", "suspect"}, {"witness"}), set(), 2, ()),
        ("unlink", ({"victim"}, {"offender"}), set(), 2, ()),
        ("link", ({"witness"}, {"witness"}), {"name_only"}, 2, ("name_only",)),
        ("link", (set(), set()), {"twin_suspicion"}, 20, ()),
        ("link", (set(), set()), set(), 21, ("many_records",)),
        ("unlink", (set(), set()), set(), 21, ("many_records",)),
        ("retract", ({"victim"}, {"offender"}), set(), 21, ()),
        ("unsure", ({"victim"}, {"offender"}), set(), 21, ()),
    ],
)
def test_the_policy_file_says_when_a_second_person_is_needed(
    verdict: Any, roles: tuple[set[str], set[str]], rules: set[str], n_records: int, expected: tuple[str, ...]
) -> None:
    facts = CaseFacts(frozenset(roles[0]), frozenset(roles[1]), frozenset(rules), n_records)
    assert second_because(POLICY, verdict, facts) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("disagreeing_levels = ['els']", "no such level: els"),
        ("disagreeing_levels = []\n[[two_person]]\nname = 'x'\nabout = ''\nverdicts = ['link']", "at least one of"),
        (
            "disagreeing_levels = []\n[[two_person]]\nname = 'x'\nabout = ''\nverdicts = ['link']\nroles = [['victm'], ['suspect']]",
            "victm",
        ),
        (f"{RULE}roles = [['victim', 'at_risc'], ['suspect']]", r"no such role: at_risc \(did you mean at_risk\?\)"),
        (
            f"{RULE}rules = ['nameonly']",
            r"two_person\.1: x: no such rule of the model: nameonly \(did you mean name_only\?\)",
        ),
        (RULE.replace("['link']", "[]"), r"two_person\.1\.verdicts: must have 1 or more items\."),
        (RULE.replace("link", "lnk"), r"two_person\.1\.verdicts\.1: must be 'link', 'unlink' or 'retract'\. pipeline"),
        (f"{RULE}more_records_than = 'a'", "more_records_than: must be a whole number"),
        (f"{RULE}more_records_than = 0", "more_records_than: must be 1 or more"),
        ("disagreeing_levels = ]", "cannot be read"),
        ("", "disagreeing_levels"),
    ],
)
def test_a_policy_file_with_a_slip_says_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        load_policy(path, ["name_only", "no_forename"])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"record_id_l": "a", "record_id_r": "a"}, "same one"),
        ({"record_id_l": None}, "two record ids"),
        ({"reason": "  "}, "at least 1 character"),
        ({"decided_by": "ann\x1b[2J"}, "control character"),
        ({"record_id_l": "a\nb"}, "control character"),
        ({"reason": "x" * 4001}, "at most 4000"),
        ({"verdict": "merge"}, "'link', 'unlink', 'unsure' or 'retract'"),
        ({"verdict": "retract"}, "needs the id"),
        ({"retracts": "8b8f4e0e-2c0a-4f0e-9a53-0d6f2d1c8a47"}, "needs the id"),
        ({"decision_id": "1"}, "UUID"),
        ({"decided_at": "2026-11-20T10:00:00"}, "timezone"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_a_decision_that_says_something_impossible_is_no_decision(fields: dict[str, str | None], problem: str) -> None:
    whole = {"record_id_l": "a", "record_id_r": "b", "verdict": "link", "decided_by": "ann", "reason": "r"}
    with pytest.raises(ValueError, match=problem):
        NewDecision.model_validate({**whole, **fields})
