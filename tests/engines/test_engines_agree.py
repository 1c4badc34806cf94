"""One suite over all engines: the same candidate pairs, levels and weights, pair by pair."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE, SAMPLE, SOURCES
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import ScoredPairs
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.engines.spark.engine import SparkEngine
from pipeline.engines.spark.session import find_java, spark_session
from pipeline.link.training_stage import weights_on
from pipeline.read.feed import read_feed
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.reference import Reference
from schemas.contract import load_contract
from schemas.model import LEVELS, Model, level_numbers, load_model

MODEL = load_model(MODELS / "person.toml")
GROUPS = name_groups(REFERENCE)
ENGINES = {"local": LocalEngine(GROUPS), "recordlinkage": RecordlinkageEngine(GROUPS)}
FEW = 40  # records a part, so that even a small table is in several
CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "pairs.yaml").read_text("utf-8"))
SURNAME = MODEL.comparison_of("surname")
MIDDLE_NAMES = SURNAME.model_copy(update={"field": "middle_names", "kind": "middle_names", "is_shared": False})
LESS = [comparison for comparison in MODEL.comparison if comparison.field not in ("age", "ethnicity")]
OF_MIDDLE_NAMES = MODEL.model_copy(update={"comparison": (*LESS, MIDDLE_NAMES)})
"""Any table may have middle names; beside all that nights compare they would be too much for one pattern"""
FIELDS = [comparison.field for comparison in MODEL.comparison]


def scored(engine, table: pa.Table, floor: float = -8.0, model: Model = MODEL):
    workspace = engine.load(table, model)
    return workspace.score(weights_on(workspace, model), floor)


def levels_of(pairs: ScoredPairs) -> np.ndarray:
    return pairs.patterns.levels[pairs.patterns.of]


def assert_agree(table: pa.Table, model: Model = MODEL, other=ENGINES["recordlinkage"]) -> None:
    left, right = (scored(engine, table, -1e9, model) for engine in (ENGINES["local"], other))
    assert left.candidates == right.candidates
    np.testing.assert_array_equal(np.stack([left.left, left.right]), np.stack([right.left, right.right]))
    np.testing.assert_array_equal(levels_of(left), levels_of(right))
    np.testing.assert_allclose(left.weight, right.weight, atol=1e-3)


@pytest.fixture(scope="module")
def real_records() -> pa.Table:
    """Standard records of some of the sample's exports: names of all communities, aliases, ages, identifiers."""
    reference, out = Reference.load(), []
    for source in ("custody", "visor", "crimint"):
        contract = load_contract(SOURCES / f"{source}.yaml")
        for feed in contract.all_feeds():
            read = read_feed(contract, feed, str(SAMPLE / "exports"), {})
            out.append(standardise_feed(read.records, contract, reference, dt.date(2026, 11, 20)).std_records)
    return pa.concat_tables(out).sort_by("record_id").slice(0, 350)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    """The engine, with one session for all tests: starting Spark takes longest."""
    if not find_java():
        pytest.skip("this machine has no Java")
    with spark_session():
        yield SparkEngine(GROUPS, FEW)


def test_engines_agree_on_real_records(real_records: pa.Table) -> None:
    assert_agree(real_records)


NAMES = st.sampled_from(
    [
        "ANNA",
        "ANA",
        "ANNABEL",
        "JOHN",
        "JON",
        "MOHAMMED",
        "MUHAMMAD",
        "MD",
        "SMITH",
        "SMYTH",
        "SMITH JONES",
        "JONES",
        "LI",
        "A",
        "KAUR",
    ]
)
DAYS = st.dates(dt.date(2008, 1, 1), dt.date(2010, 12, 31)).map(lambda d: d.replace(day=min(d.day, 12)))
NEW_YEARS_DAYS = st.integers(1988, 2008).map(lambda year: dt.date(year, 1, 1))
ROWS = st.fixed_dictionaries(
    {
        "forename": st.lists(NAMES, max_size=2),
        "surname": st.lists(NAMES, max_size=2),
        "middle_names": st.none() | NAMES | st.tuples(NAMES, NAMES).map(" ".join),
        "alias": st.lists(st.tuples(NAMES, NAMES).map(" ".join) | NAMES, max_size=2),
        "date_of_birth": st.none() | DAYS | NEW_YEARS_DAYS,
        "date_of_birth_alt": st.none() | DAYS,
        "age_low": st.none() | st.integers(5, 18),
        "age_high": st.none() | st.integers(5, 18),
        "recorded_at": st.none() | st.just(dt.datetime(2024, 5, 5, tzinfo=dt.UTC)),
        "sex": st.sampled_from([None, "M", "F"]),
        "ethnicity": st.sampled_from([None, "B1", "B2", "W1"]),
        "postcode": st.sampled_from([None, "E1 1AA", "E1 1AB", "E1 2AA", "E10 2AA", "N1 1AA"]),
        "address": st.sampled_from([None, "1 HIGH STREET", "FLAT 2 1 HIGH STREET", "11 HIGH STREET", "9 ELM ROAD"]),
        "phone": st.sampled_from([None, "+447700900001", "+447700900011"]),
        "email": st.sampled_from(
            [None, "a@x.com", "a@y.com", "ann.lee51@x.com", "ann.lee61@x.com", "anne.lee51@x.com"]
        ),
        "pnc_id": st.sampled_from([None, "2003/0011985X", "2003/0011986Y", "1999/1234567A"]),
        "nhs_number": st.sampled_from([None, "9434765919"]),
    }
)


@settings(max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, min_size=2, max_size=30))
def test_engines_agree_on_any_messy_table(rows: list[dict[str, object]]) -> None:
    assert_agree(table_of(rows))


@settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, min_size=2, max_size=30))
def test_engines_agree_on_middle_names(rows: list[dict[str, object]]) -> None:
    assert_agree(table_of(rows), OF_MIDDLE_NAMES)


def of_common_tokens() -> pa.Table:
    chance = random.Random(4)
    rows = [
        {
            "forename": [chance.choice(["ANNA", "JOHN"])],
            "surname": ["SMITH"],
            "postcode": f"E{chance.randint(1, 3)} 1AA",
            "date_of_birth": dt.date(2000, 1, chance.randint(1, 28)),
        }
        for _ in range(200)
    ]
    return table_of(rows)


def test_engines_agree_where_tokens_are_too_common_to_stand_alone() -> None:
    assert_agree(of_common_tokens())


@pytest.mark.spark
def test_spark_agrees_on_real_records(spark: SparkEngine, real_records: pa.Table) -> None:
    assert_agree(real_records, other=spark)


@pytest.mark.spark
@settings(max_examples=6, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(ROWS, min_size=2, max_size=90))
def test_spark_agrees_on_any_messy_table(spark: SparkEngine, rows: list[dict[str, object]]) -> None:
    assert_agree(table_of(rows), other=spark)


@pytest.mark.spark
def test_spark_agrees_where_tokens_are_too_common_to_stand_alone(spark: SparkEngine) -> None:
    assert_agree(of_common_tokens(), other=spark)


@pytest.mark.spark
def test_spark_agrees_where_records_of_one_source_are_not_compared(spark: SparkEngine, real_records: pa.Table) -> None:
    across = MODEL.model_copy(update={"blocking": MODEL.blocking.model_copy(update={"across": "source"})})
    assert_agree(real_records, across, other=spark)


@pytest.mark.spark
def test_spark_finds_nothing_in_a_table_of_one_record(spark: SparkEngine, real_records: pa.Table) -> None:
    pairs = scored(spark, real_records.slice(0, 1))
    assert (pairs.candidates, len(pairs.left)) == (0, 0)


@pytest.mark.spark
@pytest.mark.parametrize("records_a_part", [7, 10_000])
def test_the_number_of_parts_changes_nothing(spark: SparkEngine, real_records: pa.Table, records_a_part: int) -> None:
    otherwise = scored(SparkEngine(GROUPS, records_a_part), real_records.slice(0, 150))
    assert_same(scored(spark, real_records.slice(0, 150)), otherwise)


@pytest.mark.spark
def test_the_order_of_rows_changes_nothing_for_spark(spark: SparkEngine, real_records: pa.Table) -> None:
    assert_order_changes_nothing(spark, real_records)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_levels_are_as_stewards_expect(engine, case) -> None:
    rows = [{**case.get("both", {}), **case[side]} for side in ("left", "right")]
    workspace = engine.load(table_of(rows), MODEL)
    levels = workspace.compare(np.array([0], np.int32), np.array([1], np.int32))[0]
    kinds = [comparison.kind for comparison in MODEL.comparison]
    names = {
        field: ("null", *LEVELS[kind])[level_numbers(kind)[level]]
        for field, kind, level in zip(FIELDS, kinds, levels, strict=True)
    }
    assert {field: names[field] for field in case["expect"]} == case["expect"]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_the_order_of_rows_changes_nothing(engine, real_records: pa.Table) -> None:
    assert_order_changes_nothing(engine, real_records)


def assert_order_changes_nothing(engine, real_records: pa.Table) -> None:
    turned = real_records.take(np.arange(len(real_records))[::-1])
    forward, backward = scored(engine, real_records), scored(engine, turned)
    ids = real_records.column("record_id").to_pylist()

    def pairs(scored_pairs, names):
        return {
            tuple(sorted((names[a], names[b]))): round(float(w), 3)
            for a, b, w in zip(scored_pairs.left, scored_pairs.right, scored_pairs.weight, strict=True)
        }

    assert pairs(forward, ids) == pairs(backward, ids[::-1])


def test_the_number_of_threads_changes_nothing(real_records: pa.Table) -> None:
    by_threads = [scored(LocalEngine(GROUPS, threads), real_records) for threads in (1, 2, 3)]
    for with_more in by_threads[1:]:
        assert_same(by_threads[0], with_more)


def assert_same(pairs: ScoredPairs, others: ScoredPairs) -> None:
    assert pairs.candidates == others.candidates
    np.testing.assert_array_equal(pairs.left, others.left)
    np.testing.assert_array_equal(levels_of(pairs), levels_of(others))
    np.testing.assert_array_equal(pairs.weight, others.weight)
