"""What two persons weigh as one: by all their records, and beside others who fit as well."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import Engine
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.link.stage import link_records
from schemas.model import load_model
from schemas.tables import DECIDED_PAIRS

MODEL = load_model(MODELS / "person.toml")
GROUPS = name_groups(REFERENCE)
ENGINE = LocalEngine(GROUPS, 2)
ENGINES = pytest.mark.parametrize("engine", [ENGINE, RecordlinkageEngine(GROUPS)], ids=["local", "plain"])
REVIEW_BITS = MODEL.policy["strict"].review_bits
NAME = {"forename": ["KADIATOU"], "surname": ["SYLLA"], "sex": "F"}
YOUNG = NAME | {"date_of_birth": dt.date(2009, 4, 17), "postcode": "E8 3QT", "address": "9 ELM ROAD"}
OLD = NAME | {"date_of_birth": dt.date(1981, 9, 30), "postcode": "SE15 4LP", "address": "40 MILL ROAD"}
OLDER = NAME | {"date_of_birth": dt.date(1962, 2, 11), "postcode": "W3 7HN", "address": "2 PARK ROAD"}
Row = dict[str, Any]


def strangers(n: int = 1_500) -> list[Row]:
    """Both names are common among them, but nobody bears the two."""
    chance = random.Random(3)
    names = ["KADIATOU", "SYLLA", *("".join(chance.choices("ABDEGIKLMNORSTV", k=6)) for _ in range(60))]
    return [
        {
            "forename": [forename],
            "surname": [chance.choice(names[2:] if forename in names[:2] else names[1:])],
            "date_of_birth": dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(18_000)),
            "sex": chance.choice("MF"),
        }
        for forename in chance.choices(names, k=n)
    ]


def questions_on(rows: list[Row], engine: Engine = ENGINE, parted: tuple[int, int] | None = None) -> dict[str, Row]:
    """Questions on the first of the rows, by the other person's first record: its number among the rows."""
    apart = None
    if parted:
        columns = {
            "record_id_l": [f"{parted[0]:05d}"],
            "record_id_r": [f"{parted[1]:05d}"],
            "constraint": ["cannot_link"],
        }
        filled = {
            column.name: pa.array(columns.get(column.name, ["1"]), column.type) for column in DECIDED_PAIRS.columns
        }
        apart = pa.table(filled)
    linked = link_records(table_of([*rows, *strangers()]), MODEL, "strict", engine, decided=apart)
    cluster = dict(
        zip(*(linked.cluster_members.column(n).to_pylist() for n in ("record_id", "cluster_id")), strict=True)
    )
    found = {}
    for row in linked.review_pairs.to_pylist():
        ends = {row["cluster_id_l"], row["cluster_id_r"]}
        if cluster["00000"] in ends:
            (other,) = ends - {cluster["00000"]}
            found[other.lstrip("0")] = row
    return found


@ENGINES
def test_a_name_alone_fits_each_of_two_people_less_than_the_only_one_who_bears_it(engine: Engine) -> None:
    alone = questions_on([NAME, YOUNG, YOUNG], engine)["1"]
    beside = questions_on([NAME, YOUNG, YOUNG, OLD, OLD], engine)
    assert alone["rivals_weight"] == 0.0
    for other in ("1", "3"):
        fits = beside["3" if other == "1" else "1"]["together_weight"]
        assert beside[other]["rivals_weight"] == pytest.approx(-np.log2(1 + 2**fits), abs=0.05)
        assert beside[other]["match_probability"] <= 0.5


def test_people_of_whom_one_at_most_is_right_are_right_once_at_most_in_all() -> None:
    found = questions_on([NAME, YOUNG, YOUNG, OLD, OLD, OLDER, OLDER])
    assert sum(row["match_probability"] for row in found.values()) <= 1.0


def test_two_records_of_one_person_are_no_rivals() -> None:
    """Two records of a name that nothing tells apart may be one person."""
    fitting = questions_on([NAME, NAME | {"ethnicity": "B2"}, NAME])
    assert fitting
    assert {row["rivals_weight"] for row in fitting.values()} == {0.0}


def test_a_person_whom_a_steward_parted_from_the_first_is_no_rival_any_more() -> None:
    rows = [NAME, YOUNG, YOUNG, OLD, OLD]
    before, after = questions_on(rows)["1"], questions_on(rows, parted=(0, 3))
    assert "3" not in after
    assert (after["1"]["rivals_weight"], before["rivals_weight"] < -0.5) == (0.0, True)


@ENGINES
def test_nobody_is_asked_about_a_record_that_fits_while_the_persons_others_speak_against_it(engine: Engine) -> None:
    """The name fits both; but the first has a phone in common with a record that tells its birthday."""
    phone = {"phone": "+447700900001"}
    told = [NAME | phone, YOUNG | phone, YOUNG | phone, OLD, OLD]
    linked = questions_on(told, engine)
    assert "3" not in linked
    assert "3" in questions_on([NAME, YOUNG, YOUNG, OLD, OLD], engine)


def test_a_question_on_two_single_records_weighs_what_their_pair_says() -> None:
    rows = [NAME, OLD]
    table = table_of([*rows, *strangers()])
    linked = link_records(table, MODEL, "strict", ENGINE)
    pair = next(row for row in linked.links.to_pylist() if row["record_id_r"] == "00001")
    assert questions_on(rows)["1"]["match_weight"] == pytest.approx(pair["match_weight"], abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([NAME, YOUNG, OLD, OLDER, NAME | {"postcode": "E8 3QT"}]), min_size=2, max_size=9))
def test_a_questions_weight_is_the_sum_of_its_parts_and_rivals_only_take(rows: list[Row]) -> None:
    for row in questions_on(rows).values():
        assert row["rivals_weight"] <= 0
        assert row["match_weight"] == pytest.approx(row["together_weight"] + row["rivals_weight"], abs=1e-5)
        assert row["match_weight"] >= REVIEW_BITS - 3.0


def test_who_shares_an_identifier_and_nothing_else_is_asked_about_as_that() -> None:
    number = {"pnc_id": "2003/0011985X"}
    other = {"forename": ["OLUWASEUN"], "surname": ["ADEBAYO"], "date_of_birth": dt.date(1990, 6, 4), "sex": "M"}
    (row,) = questions_on([YOUNG | number, other | number]).values()
    assert (row["review_type"], row["match_weight"] < REVIEW_BITS) == ("shared_identifier", True)
    (row,) = questions_on([YOUNG | number | {"flags": ["unborn"]}, YOUNG | number]).values()
    assert (row["review_type"], row["match_weight"] > REVIEW_BITS) == ("unborn", True)


def test_the_balanced_policy_lists_pairs_by_what_they_say_whatever_their_persons_others_do() -> None:
    phone = {"phone": "+447700900001"}
    rows = [NAME | phone, *6 * [YOUNG | phone], OLD, *strangers()]
    waiting = {
        policy: {
            row["record_id_r"]
            for row in link_records(table_of(rows), MODEL, policy, ENGINE).links.to_pylist()
            if row["decision"] == "review" and row["record_id_l"] == "00000"
        }
        for policy in ("balanced", "strict")
    }
    assert waiting == {"balanced": {"00007"}, "strict": set()}
