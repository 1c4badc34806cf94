"""Drift: a frozen model tells when tonight's data no longer look like those it was trained on, and links as ever."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.metrics import Metric
from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.link.drift import FEWEST_RECORDS, LOOK, RETRAIN, drift_told, stability_index
from pipeline.link.stage import link_records
from pipeline.link.training_stage import train_model
from pipeline.synth.names import communities, pick
from schemas.model import Model, save_model
from schemas.plan import load_plan

ENGINE = LocalEngine(name_groups(REFERENCE))
PEOPLE = 3_000


def people(seed: int, n: int = PEOPLE) -> list[dict[str, object]]:
    """Records of London, two of each person."""
    chance = random.Random(seed)
    rows: list[dict[str, object]] = []
    for _ in range(n // 2):
        community = chance.choices(communities(), [c.share for c in communities()])[0]
        person = {
            "forename": [pick(chance, community.male).upper()],
            "surname": [pick(chance, community.last, 25).upper()],
            "date_of_birth": dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(20_000)),
            "sex": chance.choice("MF"),
            "postcode": f"E{chance.randint(1, 18)} {chance.randint(1, 9)}{chance.choice('ABDE')}{chance.choice('ABDEFGH')}",
        }
        rows += [person, person]
    return rows


@pytest.fixture(scope="module")
def model() -> Model:
    return train_model(table_of(people(1)), load_plan(MODELS / "person.toml"), ENGINE).model


def drift_of(model: Model, rows: list[dict[str, object]]) -> list[str]:
    return drift_told(link_records(table_of(rows), model, "strict", ENGINE).metrics)


def test_the_data_it_was_trained_on_has_not_drifted(model: Model) -> None:
    metrics = link_records(table_of(people(1)), model, "strict", ENGINE).metrics
    index = {m.metric: m.value for m in metrics if m.metric.startswith("psi_")}
    assert {"psi_nulls_postcode", "psi_levels_surname", "psi_values_forename"} <= set(index)
    assert max(index.values()) < 0.01
    assert drift_told(metrics) == []


@pytest.mark.parametrize(("seed", "size"), [(2, PEOPLE), (3, PEOPLE), (4, 2 * PEOPLE)])
def test_other_people_of_the_same_city_are_no_drift(model: Model, seed: int, size: int) -> None:
    assert drift_of(model, people(seed, size)) == []


def test_a_field_that_goes_missing_is_told(model: Model) -> None:
    rows = [row if k % 2 else {**row, "postcode": None} for k, row in enumerate(people(2))]
    (sentence,) = drift_of(model, rows)
    assert "postcode: missing in 50% of the records, in 0% when the model was trained" in sentence
    assert "train the model anew" in sentence


def test_a_birthday_that_stands_for_unknown_is_told(model: Model) -> None:
    rows = [row if k % 5 else {**row, "date_of_birth": dt.date(1900, 1, 1)} for k, row in enumerate(people(2))]
    assert any(
        sentence.startswith("date_of_birth: its values are commoner or rarer") for sentence in drift_of(model, rows)
    )


def test_more_records_of_each_person_are_told(model: Model) -> None:
    sentences = drift_of(model, [row for row in people(2, PEOPLE // 2) for _ in range(2)])
    assert any("matches are expected for a record" in sentence for sentence in sentences)


def test_few_records_never_cry_wolf(model: Model) -> None:
    rows = [{**row, "postcode": None} for row in people(2, FEWEST_RECORDS - 2)]
    metrics = link_records(table_of(rows), model, "strict", ENGINE).metrics
    assert [m for m in metrics if m.stage == "drift"] == [Metric("drift", "is_measured", 0.0, "count")]
    assert drift_told(metrics) == []


def test_drift_changes_no_link(model: Model) -> None:
    rows = table_of([row if k % 3 else {**row, "postcode": None} for k, row in enumerate(people(2))])
    blind = model.model_copy(update={"reference": None})
    with_reference, without = (link_records(rows, each, "strict", ENGINE) for each in (model, blind))
    assert with_reference.links.equals(without.links)
    assert drift_told(with_reference.metrics)
    assert not [m for m in without.metrics if m.stage == "drift"]


def test_a_model_file_holds_no_value_of_a_person(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model.toml")
    text = (tmp_path / "model.toml").read_text("utf-8").upper()
    values = {v for row in people(1) for field in ("forename", "surname") for v in row[field] if len(v) > 4}
    assert len(values) > 500
    assert not [v for v in values if f'"{v}"' in text]
    assert not [row for row in people(1)[:500] if str(row["postcode"]) in text or str(row["date_of_birth"]) in text]


def test_the_reference_adds_up(model: Model) -> None:
    assert model.reference
    assert model.reference.records == PEOPLE
    for field in model.reference.field:
        assert sum(level.random for level in field.levels) == pytest.approx(1.0, abs=1e-4)
        for part in ("values", "occurrences"):
            assert not field.bins or sum(getattr(each, part) for each in field.bins) == pytest.approx(1.0, abs=1e-4)
    assert json.loads(model.reference.model_dump_json())


SHARES = st.lists(st.floats(0.001, 1.0), min_size=2, max_size=8)


@given(SHARES)
def test_the_same_shares_are_perfectly_stable(shares: list[float]) -> None:
    assert stability_index(np.array(shares), 7 * np.array(shares)) == pytest.approx(0.0, abs=1e-9)


@given(SHARES, SHARES)
def test_stability_is_the_same_both_ways_and_never_negative(first: list[float], second: list[float]) -> None:
    size = min(len(first), len(second))
    now, then = np.array(first[:size]), np.array(second[:size])
    assert stability_index(now, then) >= -1e-12
    assert stability_index(now, then) == pytest.approx(stability_index(then, now))


def test_the_published_limits_are_where_sentences_begin() -> None:
    """A worked example of Siddiqi's index: 10 % that become 20 % are worth a look; 10 % that become 40 % call for a model."""
    mild, strong = (stability_index(np.array([share, 1 - share]), np.array([0.1, 0.9])) for share in (0.22, 0.4))
    assert LOOK <= mild < RETRAIN < strong
