"""The publish gate: what it measures, and what waits when it refuses."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from pipeline.core.errors import LimitsPassedError, PublishRefusedError
from pipeline.publish.gate import Before, measure
from schemas.settings import PublishLimits
from schemas.tables import LINK_CHANGES, PERSONS, SOURCE_STATUS

NO_LIMIT = dict.fromkeys(
    ("merged_share", "split_share", "source_rows_kept", "person_records", "expected_precision", "rejected_share")
)


def changes(kind: str, count: int, n_before: int = 1) -> list[dict]:
    return [
        {
            "run_id": "2026-11-21-1",
            "kind": kind,
            "person_id_before": f"P{n}",
            "person_id_after": f"Q{n}",
            "cause": "model",
            "blamed_on": [],
            "n_records_before": n_before,
            "n_records_after": 2,
        }
        for n in range(count)
    ]


def status(**rows_used: int) -> pa.Table:
    rows = [
        {
            "feed_id": f"{name}.{part}",
            "source": name,
            "state": "fresh",
            "rows_read": rows,
            "rows_used": rows,
            "rows_quarantined": rows // 20,
        }
        for name, rows in rows_used.items()
        for part in "ab"
    ]
    return pa.Table.from_pylist(rows, SOURCE_STATUS.arrow_schema())


def persons(sizes: tuple[int, ...], chances: tuple[float, ...]) -> pa.Table:
    """Persons of so many records; the first of them are right with these chances, the others for sure."""
    sure = (1.0,) * (len(sizes) - len(chances))
    rows = [
        dict.fromkeys(PERSONS.names) | {"person_id": f"P{number}", "n_records": n, "cluster_confidence": chance}
        for number, (n, chance) in enumerate(zip(sizes, (*chances, *sure), strict=True))
    ]
    loose = pa.schema([field.with_nullable(True) for field in PERSONS.arrow_schema()])
    return pa.Table.from_pylist(rows, loose)


def tables(changed: list[dict] = [], sizes: tuple[int, ...] = (1,), chances: tuple[float, ...] = (), **rows_used: int):  # noqa: B006
    return {
        "link_changes": pa.Table.from_pylist(changed, LINK_CHANGES.arrow_schema()),
        "persons": persons(sizes, chances),
        "source_status": status(**(rows_used or {"custody": 1000})),
    }


def broken(limits: dict, before: Before | None, **given) -> list[str]:
    found = measure(tables(**given), before, PublishLimits(**{**NO_LIMIT, **limits}))
    assert len(found) == 1 or "source_rows_kept" in limits
    return [one.sentence for one in found if one.is_broken]


BEFORE = Before("2026-11-20-1", 2000, status(custody=1000, cris=100))


@pytest.mark.parametrize(("kind", "words"), [("merged", "merged into others"), ("split", "split")])
def test_too_many_persons_merged_or_split_are_refused_with_share_and_limit(kind: str, words: str) -> None:
    limit = {f"{kind}_share": 0.02}
    assert broken(limit, BEFORE, changed=changes(kind, 40)) == []
    told = broken(limit, BEFORE, changed=changes(kind, 41))
    assert told == [f"41 of 2,000 persons were {words}: 2.05%, at most 2.00% are allowed"]
    assert broken(limit, BEFORE, changed=changes(kind, 41, n_before=0)) == [], "persons that were withdrawn before"


def test_a_few_changes_of_a_small_home_are_no_matter() -> None:
    small = Before("2026-11-20-1", 100, BEFORE.source_status)
    assert broken({"merged_share": 0.02}, small, changed=changes("merged", 25)) == []
    assert broken({"merged_share": 0.02, "few": 24}, small, changed=changes("merged", 25)) != []


def test_a_source_that_lost_more_than_half_of_its_records_is_named() -> None:
    told = broken({"source_rows_kept": 0.5}, BEFORE, custody=499, cris=100)
    assert told == ["custody has 998 records where it had 2,000: 50%, at least 50% are expected"]
    assert broken({"source_rows_kept": 0.5}, BEFORE, custody=500, cris=50) == []
    (gone,) = broken({"source_rows_kept": 0.5}, BEFORE, custody=1000)
    assert gone.startswith("cris has 0 records where it had 200, for no contract names it any more: 0%")


def test_a_person_of_too_many_records_is_refused_even_on_the_first_night() -> None:
    assert broken({"person_records": 200}, None, sizes=(200, 3)) == []
    (told,) = broken({"person_records": 200}, None, sizes=(201, 500, 3))
    assert "500 records, at most 200 are allowed (2 have more)" in told


def test_a_large_person_that_was_let_through_is_not_asked_about_every_night() -> None:
    before = Before("2026-11-20-1", 2000, BEFORE.source_status, {"P0": 240})
    assert broken({"person_records": 200}, before, sizes=(240, 3)) == []
    assert broken({"person_records": 200}, before, sizes=(300, 3)) == []
    (grown,) = broken({"person_records": 200}, before, sizes=(301, 3))
    assert "301 records" in grown
    (other,) = broken({"person_records": 200}, before, sizes=(250, 201))
    assert "201 records" in other
    assert "1 have more" in other


def test_persons_that_the_model_itself_doubts_are_refused() -> None:
    limit = {"expected_precision": 0.99}
    assert broken(limit, None, sizes=(2,) * 200, chances=(0.991,) * 200) == []
    assert broken(limit, None, sizes=(2,) * 200, chances=(0.982,) * 200) == [
        "of 200 persons of several records 98.20% are expected to be right, at least 99.00% are asked for"
    ]
    assert broken(limit, None) == [], "persons of one record are nobody's mistake"


@pytest.mark.parametrize("others", [0, 10, 500])
def test_one_large_person_alone_does_not_decide_whether_a_night_is_right(others: int) -> None:
    assert broken({"expected_precision": 0.99}, None, sizes=(250, *(2,) * others), chances=(0.4,)) == []


def test_a_large_person_does_not_make_up_for_doubtful_small_ones() -> None:
    told = broken({"expected_precision": 0.99}, None, sizes=(*(2,) * 200, 250), chances=(0.98,) * 200)
    assert "201 persons of several records 98.01%" in told[0]


def test_too_many_rejected_rows_are_refused() -> None:
    assert broken({"rejected_share": 0.05}, None) == []
    assert "5.00%, at most 4.00%" in broken({"rejected_share": 0.04}, None)[0]


def test_a_few_rejected_rows_of_a_small_home_are_no_matter() -> None:
    assert broken({"rejected_share": 0.04}, None, custody=240) == []
    assert broken({"rejected_share": 0.04, "few": 23}, None, custody=240) != []


def test_what_is_over_a_limit_and_too_few_to_hold_the_night_back_says_so() -> None:
    small = Before("2026-11-20-1", 100, BEFORE.source_status)
    given = tables(changed=changes("merged", 25), sizes=(2, 2), chances=(0.4,), custody=12)
    found = {one.limit: one for one in measure(given, small, PublishLimits(source_rows_kept=None))}
    spared = {limit for limit, one in found.items() if one.sentence.endswith("; too few to hold the night back")}
    assert spared == {"merged_share", "expected_precision"}
    assert not any(one.is_broken for one in found.values())


def test_the_first_night_is_asked_only_what_needs_no_night_before() -> None:
    asked = {found.limit for found in measure(tables(), None, PublishLimits())}
    assert asked == {"person_records", "expected_precision", "rejected_share"}


def test_a_refusal_is_a_refusal_to_publish_and_crosses_processes() -> None:
    error = LimitsPassedError("2026-11-21-1", ("too much",))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, PublishRefusedError)
    assert str(again) == str(error)
    assert "runs release 2026-11-21-1 --by NAME" in str(again)
