"""How common names are with all their spellings, and what two spellings of one are worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups as listed
from pipeline.engines.frequency_table import from_rows
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import Engine
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.engines.spellings import Spellings, name_groups, spellings
from pipeline.link.training_stage import weights_on
from schemas.model import LEVELS, SPELLING_BITS, Blocking, Comparison, Kind, Level, Model, load_model

MODEL = load_model(MODELS / "person.toml")
GROUPS = listed(REFERENCE)
ENGINES: dict[str, Engine] = {"local": LocalEngine(GROUPS), "recordlinkage": RecordlinkageEngine(GROUPS)}
FORENAME = 0
COMMON, RARE = ("MOHAMMED", "MUHAMMAD"), ("KRZYSZTOF", "KRISTOF")


def of_counts(counts: Mapping[str, int]) -> Spellings:
    names = name_groups(list(counts), GROUPS)
    return spellings(names, np.repeat(np.arange(len(counts)), list(counts.values())))


@given(st.dictionaries(st.sampled_from(sorted(GROUPS)), st.integers(1, 500), min_size=1, max_size=30))
def test_on_the_whole_two_spellings_weigh_what_they_do_if_all_names_weigh_alike(counts: dict[str, int]) -> None:
    found, names = of_counts(counts), name_groups(list(counts), GROUPS)
    number = np.array(list(counts.values()), float)
    in_group = np.zeros((len(names.names), len(counts)))
    for value, groups in enumerate(names.of):
        in_group[groups[groups >= 0], value] = number[value]
    differing = (in_group.sum(1) ** 2 - (in_group**2).sum(1)) / 2
    if found.usual_rarity is None:
        assert not differing.any()
        return
    times = np.exp2(np.array(SPELLING_BITS)[found.bin] - found.usual_rarity)
    assert (differing * times).sum() == pytest.approx(differing.sum())


def test_a_name_is_as_common_as_all_its_spellings_together() -> None:
    found = of_counts({"MOHAMMED": 40, "MUHAMMAD": 40, "ZEBEDEE": 920})
    apart = of_counts({"MOHAMMED": 40, "ZEBEDEE": 960})
    assert found.bin.min() < apart.bin.min()


def names_of_many() -> pa.Table:
    """Two of five are a Mohammed in one spelling or another, two of 400 a Krzysztof."""
    forenames = [*COMMON * 40, *RARE, *(f"NAME{number}" for number in range(118))]
    return table_of([{"forename": [name], "surname": [f"OF{row}"]} for row, name in enumerate(forenames * 2)])


def bits_of(engine: Engine, table: pa.Table, model: Model, pair: tuple[str, str]) -> float:
    """What the forenames of the first two records so named are worth."""
    names = [forenames[0] for forenames in table.column("forename").to_pylist()]
    rows = sorted(names.index(name) for name in pair)
    workspace = engine.load(table, model)
    level = workspace.compare(*(np.array([row], np.int32) for row in rows))[0, FORENAME]
    return float(weights_on(workspace, model).match[FORENAME, level])


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_two_spellings_of_a_rare_name_tell_more_than_two_of_a_common_one(engine: Engine) -> None:
    table = names_of_many()
    assert bits_of(engine, table, MODEL, RARE) >= bits_of(engine, table, MODEL, COMMON) + 4


def test_a_model_of_an_earlier_format_weighs_the_spellings_of_all_names_alike() -> None:
    earlier = MODEL.model_copy(
        update={"comparison": tuple(one.model_copy(update={"usual_rarity": None}) for one in MODEL.comparison)}
    )
    table = names_of_many()
    assert bits_of(ENGINES["local"], table, earlier, RARE) == bits_of(ENGINES["local"], table, earlier, COMMON)


def test_a_model_of_an_earlier_format_has_the_stamp_that_its_nights_were_published_with() -> None:
    kinds: tuple[Kind, ...] = ("surname", "phone")
    comparisons = []
    for kind in kinds:
        share = 1 / len(LEVELS[kind])
        levels = tuple(Level(name=name, m=share, u=share, related=share) for name in LEVELS[kind])
        comparisons.append(Comparison(field=kind, kind=kind, levels=levels))
    earlier = Model(name="earlier", blocking=Blocking(fields=("phone",)), comparison=tuple(comparisons))
    assert earlier.stamp == "earlier-1:2554c435222f"
    rarer = [one.model_copy(update={"usual_rarity": 8.0}) for one in comparisons]
    assert earlier.model_copy(update={"comparison": tuple(rarer)}).stamp != earlier.stamp


def test_a_kept_frequency_table_gives_spellings_the_weight_they_had() -> None:
    table, engine = names_of_many(), LocalEngine(GROUPS)
    made = engine.frequency_table(table, MODEL)
    kept = from_rows(made.rows(), made.numbers())
    groups = pa.array(sorted({group for groups in GROUPS.values() for group in groups}))
    known = engine.load(table, MODEL).frequencies[FORENAME].spellings
    for comparison in range(len(MODEL.comparison)):
        assert kept.spelling_bins(comparison, groups).tolist() == made.spelling_bins(comparison, groups).tolist()
    assert sorted(set(kept.spelling_bins(FORENAME, groups).tolist())) == sorted({*known.bin.tolist(), known.unseen_bin})
