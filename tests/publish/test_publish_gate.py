"""The publish gate: what it measures, and what waits when it refuses."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from pipeline.core.errors import LimitsPassedError, PublishRefusedError
from pipeline.publish.gate import Before, measure
from schemas.settings import PublishLimits
from schemas.tables import LINK_CHANGES, LINKS, PERSONS, SOURCE_STATUS

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


def tables(changed: list[dict] = [], sizes: tuple[int, ...] = (1,), chances: tuple[float, ...] = (), **rows_used: int):  # noqa: B006
    persons = [
        dict.fromkeys(PERSONS.names) | {"person_id": f"P{number}", "n_records": n} for number, n in enumerate(sizes)
    ]
    links = [
        {
            "record_id_l": "a",
            "record_id_r": f"b{n}",
            "match_probability": chance,
            "decision": "link",
            "decided_by": "model",
        }
        for n, chance in enumerate(chances)
    ]
    loose = {
        table.name: pa.schema([field.with_nullable(True) for field in table.arrow_schema()])
        for table in (PERSONS, LINKS)
    }
    return {
        "link_changes": pa.Table.from_pylist(changed, LINK_CHANGES.arrow_schema()),
        "persons": pa.Table.from_pylist(persons, loose["persons"]),
        "links": pa.Table.from_pylist(links, loose["links"]),
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
    assert gone.startswith("cris has 0 records where it had 200")


def test_a_person_of_too_many_records_is_refused_even_on_the_first_night() -> None:
    assert broken({"person_records": 200}, None, sizes=(200, 3)) == []
    (told,) = broken({"person_records": 200}, None, sizes=(201, 500, 3))
    assert "500 records" in told
    assert "2 have more" in told


def test_a_large_person_that_was_let_through_is_not_asked_about_every_night() -> None:
    before = Before("2026-11-20-1", 2000, BEFORE.source_status, {"P0": 240})
    assert broken({"person_records": 200}, before, sizes=(240, 3)) == []
    assert broken({"person_records": 200}, before, sizes=(300, 3)) == []
    (grown,) = broken({"person_records": 200}, before, sizes=(301, 3))
    assert "301 records" in grown
    (other,) = broken({"person_records": 200}, before, sizes=(250, 201))
    assert "201 records" in other
    assert "1 have more" in other


def test_links_that_the_model_itself_doubts_are_refused() -> None:
    assert broken({"expected_precision": 0.99}, None, chances=(0.999, 0.985)) == []
    assert "98.20%" in broken({"expected_precision": 0.99}, None, chances=(0.999, 0.965))[0]
    assert broken({"expected_precision": 0.99}, None) == []


def test_too_many_rejected_rows_are_refused() -> None:
    assert broken({"rejected_share": 0.05}, None) == []
    assert "5.00%, at most 4.00%" in broken({"rejected_share": 0.04}, None)[0]


def test_the_first_night_is_asked_only_what_needs_no_night_before() -> None:
    asked = {found.limit for found in measure(tables(), None, PublishLimits())}
    assert asked == {"person_records", "expected_precision", "rejected_share"}


def test_a_refusal_is_a_refusal_to_publish_and_crosses_processes() -> None:
    error = LimitsPassedError("2026-11-21-1", ("too much",))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, PublishRefusedError)
    assert str(again) == str(error)
    assert "runs release 2026-11-21-1 --by NAME" in str(again)
