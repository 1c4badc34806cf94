"""Training: without labels, from several starts, with figures that are given, and with stewards' decisions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from drawn_pairs import (
    FIELDS,
    HOUSEHOLDS,
    MATCHES,
    PAIRS,
    STRANGERS,
    Field,
    counted,
    drawn,
    evidence_of,
    model_of,
    shares,
)
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import SettingsError, SourceError
from pipeline.core.places import MODELS
from pipeline.engines.frequency import NamePairs
from pipeline.engines.port import PatternCounts
from pipeline.link import em, starts
from pipeline.link.agreement import fit
from pipeline.link.decided_training import pairs_of, train_with
from pipeline.link.em import Estimate, Mixture
from pipeline.link.evidence import DecidedLevels, rows_of, thin
from pipeline.link.places import Whereabouts
from pipeline.link.shares import MOST_LEVELS
from pipeline.link.starts import _extrapolate
from pipeline.link.training import train, training_metrics
from pipeline.link.weights import class_bits, lift_bits
from schemas.model import FORMAT, LEVELS, Model, load_model, save_model
from schemas.plan import NOTHING_FIXED, FixedParameters, load_plan

PERSONS = evidence_of((0.01, MATCHES), (0.99, STRANGERS))
FAMILIES = evidence_of((0.005, MATCHES), (0.03, HOUSEHOLDS), (0.965, STRANGERS))


# ---- without labels


def test_training_finds_the_shares_that_made_the_data() -> None:
    done = train(model_of(), PERSONS)
    assert done.has_converged
    assert done.expected_matches == pytest.approx(0.01 * PAIRS, rel=0.05)
    for comparison, m in zip(done.model.comparison, MATCHES, strict=True):
        assert [level.m for level in comparison.levels] == pytest.approx(m, abs=0.03)


def test_households_are_not_taken_for_persons() -> None:
    done = train(model_of(), FAMILIES)
    assert done.has_converged
    assert done.expected_matches == pytest.approx(0.005 * PAIRS, rel=0.1)
    assert done.expected_related == pytest.approx(0.03 * PAIRS, rel=0.1)


def test_twins_are_not_taken_for_persons_where_there_are_hardly_any_other_relatives() -> None:
    """A list of one school year: its brothers and sisters are twins."""
    fields: list[Field] = [*FIELDS, ("sex", "category", False)]
    alike, by_chance = shares("category", exact=0.99), shares("category", exact=0.5)
    twins = [STRANGERS[0], HOUSEHOLDS[1], MATCHES[2], HOUSEHOLDS[3], by_chance]
    evidence = evidence_of(
        (0.002, [*MATCHES, alike]), (0.0005, twins), (0.9975, [*STRANGERS, by_chance]), fields=fields
    )
    done = train(model_of(fields), evidence)
    assert done.expected_matches == pytest.approx(0.002 * PAIRS, rel=0.1)
    assert done.model.comparison[0].levels[0].m == pytest.approx(MATCHES[0][0], abs=0.03)


def test_people_with_wrong_names_are_not_taken_for_twins() -> None:
    """Twins share a surname as a rule; who has another birthday's phone under two other names is rather one person."""
    fields: list[Field] = [*FIELDS[:3], ("phone", "phone", True), ("town", "category", False)]
    own, by_chance = shares("phone", close=0.08, exact=0.915), shares("phone", close=1e-6, exact=3e-5)
    town, any_town = shares("category", exact=0.7), shares("category", exact=0.5)
    misnamed = [*STRANGERS[:2], MATCHES[2], own, town]
    evidence = evidence_of(
        (0.004, [*MATCHES[:3], own, town]),
        (0.0002, misnamed),
        (0.9958, [*STRANGERS[:3], by_chance, any_town]),
        fields=fields,
    )
    done = train(model_of(fields), evidence)
    assert done.model.prior is not None
    assert done.model.prior.twins_per_record < 0.001
    assert done.expected_related < 0.00002 * PAIRS


def test_a_level_that_no_random_pair_shows_is_as_common_as_among_the_candidates() -> None:
    """Strangers called Frank Thomas and Thomas Frank are few, but not none: they must not become one person."""
    swapped = LEVELS["forename"].index("swapped")
    random = PERSONS.random
    is_seen = random.levels[:, 0] != 1 + swapped
    unseen = replace(PERSONS, random=PatternCounts(random.levels[is_seen], random.count[is_seen]))
    (among_all, among_few) = (train(model_of(), evidence).model.comparison[0].levels for evidence in (PERSONS, unseen))
    assert among_few[swapped].u == pytest.approx(among_all[swapped].u, rel=0.3)
    assert among_few[swapped].m == pytest.approx(among_all[swapped].m, rel=0.3)


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.1])
def test_training_never_swaps_matches_and_non_matches(share: float) -> None:
    done = train(model_of(), evidence_of((share, MATCHES), (1 - share, STRANGERS)))
    for comparison in done.model.comparison:
        assert comparison.levels[-1].m > comparison.levels[0].m


def test_one_shared_field_tells_no_relatives_and_training_settles_all_the_same() -> None:
    """With a surname alone relatives and strangers can change places for ever: matches must not wait for it."""
    evidence = evidence_of((0.005, MATCHES), (0.03, HOUSEHOLDS), (0.965, STRANGERS), fields=FIELDS[:3])
    done = train(model_of(FIELDS[:3]), evidence)
    assert done.has_converged
    assert done.expected_matches == pytest.approx(0.005 * PAIRS, rel=0.15)


def test_where_nothing_tells_father_and_son_apart_some_are_expected() -> None:
    """Without a birthday a relative of one forename looks like the person: none is no answer, and all is none either."""
    fields = (FIELDS[0], FIELDS[1], FIELDS[3])
    levels = [tuple(shares[k] for k in (0, 1, 3)) for shares in (MATCHES, HOUSEHOLDS, STRANGERS)]
    done = train(model_of(fields), evidence_of(*zip((0.005, 0.03, 0.965), levels, strict=True), fields=fields))
    assert done.model.prior
    assert done.model.prior.namesakes_per_record == pytest.approx(0.02 * done.model.prior.related_per_record, rel=1e-3)


def test_fathers_and_sons_of_one_name_and_house_are_not_taken_for_persons_with_a_wrong_birthday() -> None:
    """More of them than a class of namesakes may hold; what is left must not go to matches."""
    exact_forename = shares("forename", close=0.05, exact=0.95)
    generation_apart = shares("date", far=1.0)
    fathers = (exact_forename, HOUSEHOLDS[1], generation_apart, HOUSEHOLDS[3])
    done = train(model_of(), evidence_of((0.005, MATCHES), (0.004, fathers), (0.01, HOUSEHOLDS), (0.981, STRANGERS)))
    assert _m_of_far(done.model) == pytest.approx(0.002)


def test_how_often_birthdays_of_one_person_are_a_generation_apart_is_told_by_those_who_share_an_identifier() -> None:
    """Suspects give wrong birthdays: their identifiers show it, fathers and sons of one name and house have none in common."""
    fields: list[Field] = [*FIELDS, ("pnc_id", "identifier", False)]
    one_number, two_numbers = shares("identifier", conflict=0.01, exact=0.98), shares("identifier", conflict=0.999)
    fathers = [
        shares("forename", close=0.05, exact=0.95),
        HOUSEHOLDS[1],
        shares("date", far=1.0),
        HOUSEHOLDS[3],
        two_numbers,
    ]
    strangers = [*STRANGERS, two_numbers]
    found = []
    for right in (0.92, 0.90):  # of MATCHES' birthdays; the others are a generation apart
        birthdays = shares("date", **{"else": 0.02}, part=0.01, close=0.05, exact=right)
        persons = [*MATCHES[:2], birthdays, MATCHES[3], one_number]
        evidence = evidence_of((0.005, persons), (0.004, fathers), (0.991, strangers), fields=fields)
        found.append(_m_of_far(train(model_of(fields), evidence).model))
    assert found[0] < 0.002
    assert 0.015 < found[1] < 0.029  # 59 of 1,962 drawn


def _m_of_far(model: Model) -> float:
    return model.comparison[2].levels[LEVELS["date"].index("far")].m


def test_the_same_evidence_gives_the_same_model() -> None:
    assert train(model_of(), FAMILIES).model == train(model_of(), FAMILIES).model


@pytest.mark.parametrize("pairs", [0, 1, 2])
def test_a_table_of_hardly_any_pairs_gives_a_model(pairs: int) -> None:
    few = counted(drawn(MATCHES, pairs, 1))
    done = train(model_of(), replace(PERSONS, candidates=few, random=few, records=pairs + 1, pairs=float(pairs)))
    assert done.model.is_trained
    assert np.isfinite(done.race.best.log_likelihood)


# ---- several starts


def test_starts_agree_and_the_metrics_say_so() -> None:
    done = train(model_of(), FAMILIES)
    values = {metric.metric: metric.value for metric in training_metrics(done)}
    assert values["starts"] == len(starts.STARTS) == len(done.race.ends)
    assert values["starts_at_best"] == 1.0
    assert values["has_converged"] == 1.0
    assert {f"log_likelihood_{k}" for k in range(1, 6)} < set(values)


def test_a_start_that_takes_households_for_persons_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    poor, good = (0.001, 300.0, 0.001), (0.8, 0.3, 1.0)
    monkeypatch.setattr(em, "MOST_UNLIKE", {})  # else it comes to persons as well
    monkeypatch.setattr(em, "USUAL_FAR", 1.0)
    monkeypatch.setattr(em, "MOST_FAR", 1.0)
    monkeypatch.setattr(starts, "STARTS", (poor,))
    alone = train(model_of(FIELDS), FAMILIES)
    assert alone.expected_matches > 3 * 0.005 * PAIRS
    monkeypatch.setattr(starts, "STARTS", (poor, good))
    done = train(model_of(FIELDS), FAMILIES)
    assert done.expected_matches == pytest.approx(0.005 * PAIRS, rel=0.1)
    assert done.race.best.log_likelihood > alone.race.best.log_likelihood
    assert done.race.at_best == 1
    assert done.model.trained
    assert (done.model.trained.starts, done.model.trained.starts_at_best) == (2, 1)


def test_training_that_has_not_settled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "MOST_ROUNDS", 1)
    done = train(model_of(), FAMILIES)
    assert not done.has_converged
    assert done.model.trained
    assert not done.model.trained.has_converged


def test_speeding_up_comes_to_where_plain_rounds_come() -> None:
    mixture = Mixture(model_of().comparison, FAMILIES, NOTHING_FIXED)
    plain = starts._start(mixture, *starts.STARTS[0])
    for _ in range(400):
        plain = mixture.round(plain).better
    end = starts.climb(mixture, starts._start(mixture, *starts.STARTS[0]))
    assert end.rounds < 100
    assert end.matches == pytest.approx(plain.prior[0] * mixture.pairs, rel=1e-3)


def test_a_round_of_training_weighs_pairs_by_the_bits_of_their_levels() -> None:
    """Training must not have two ideas of a weight: the odds of EM are the bits of the weights."""
    mixture = Mixture(model_of().comparison, FAMILIES, NOTHING_FIXED)
    at = mixture.round(starts._start(mixture, *starts.STARTS[0])).better
    rate = at.prior[0] * mixture.pairs / mixture.records
    known = FAMILIES.frequencies, FAMILIES.together
    bits = class_bits(mixture.comparisons, mixture.shares(at), rate, *known, is_training=True)
    odds = np.log2(mixture._table.odds(at.prior, bits))
    levels = FAMILIES.candidates.levels
    columns = np.arange(levels.shape[1])
    np.testing.assert_allclose(odds[0], np.log2(at.prior[0]) + bits.match[columns, levels].sum(1), atol=1e-9)
    for k, relative_bits in enumerate(bits.relatives, start=1):
        np.testing.assert_allclose(odds[k], np.log2(at.prior[k]) + relative_bits[columns, levels].sum(1), atol=1e-9)


def test_starts_are_tried_on_fewer_patterns_that_stand_for_all() -> None:
    chance = np.random.default_rng(1)
    rare = PatternCounts(chance.integers(0, 9, (5_000, 4)).astype(np.uint8), chance.integers(1, 4, 5_000))
    every = replace(FAMILIES, candidates=rare)
    fewer = thin(every, 1_000).candidates
    assert len(fewer.count) == 1_000
    assert fewer.count.sum() == pytest.approx(rare.count.sum(), rel=0.05)
    assert thin(every, 5_000) is every


@given(st.floats(0.01, 0.6), st.lists(st.integers(0, 2_000), min_size=35, max_size=35))
def test_how_names_go_together_moves_little_when_matches_move_little(rate: float, occurrences: list[int]) -> None:
    """A jump here once kept EM swinging between two estimates for ever."""
    named = np.array(occurrences, float)
    together = NamePairs(named, named * 0.6, np.full(35, 40.0))
    change = lift_bits(together, rate * 1.0001) - lift_bits(together, rate)
    assert np.abs(change).max() < 0.05


# ---- what is given


def plan_text(levels: str, *, fixed: str = "", prior: str = "") -> str:
    return f"""name = "steward"
{prior}
[blocking]
fields = ["forename"]

[[comparison]]
field = "surname"
kind = "surname"
is_shared = true
{fixed}
levels = [{levels}]

[[comparison]]
field = "forename"
kind = "forename"
"""


SURNAME_M = dict(zip(LEVELS["surname"], (0.1, 0.05, 0.05, 0.1, 0.1, 0.6), strict=True))
EVERY_LEVEL = ", ".join(f'{{ name = "{name}", m = {m} }}' for name, m in SURNAME_M.items())
TWO_FIELDS = (FIELDS[1], FIELDS[0])


def planned(tmp_path: Path, text: str) -> tuple[Model, FixedParameters]:
    (tmp_path / "plan.toml").write_text(text, "utf-8")
    return load_plan(tmp_path / "plan.toml")


def two_fields():
    turned = [(levels[1], levels[0]) for levels in (MATCHES, STRANGERS)]
    return evidence_of((0.01, turned[0]), (0.99, turned[1]), fields=TWO_FIELDS)


def test_a_fixed_m_stays_and_the_rest_is_found(tmp_path: Path) -> None:
    model, fixed = planned(tmp_path, plan_text(EVERY_LEVEL, fixed='fixed = ["m"]'))
    free, done = train(model, two_fields()), train(model, two_fields(), fixed)
    surname, forename = done.model.comparison
    assert {level.name: level.m for level in surname.levels} == pytest.approx(SURNAME_M)
    assert free.model.comparison[0].levels[-1].m == pytest.approx(MATCHES[1][-1], abs=0.05)
    assert forename.levels[-1].m == pytest.approx(MATCHES[0][-1], abs=0.1)
    assert surname.levels[-1].u < 0.05


def test_one_fixed_level_leaves_the_others_the_rest(tmp_path: Path) -> None:
    model, fixed = planned(tmp_path, plan_text('{ name = "exact", m = 0.5, u = 0.02, fixed = ["m", "u"] }'))
    levels = train(model, two_fields(), fixed).model.comparison[0].levels
    assert (levels[-1].m, levels[-1].u, levels[-1].fixed) == (0.5, 0.02, ("m", "u"))
    assert sum(level.m for level in levels) == pytest.approx(1.0)
    assert levels[0].fixed == ()


def test_a_fixed_prior_stays(tmp_path: Path) -> None:
    prior_text = '[prior]\nmatches_per_record = 2.5\nfixed = ["matches_per_record"]'
    model, fixed = planned(tmp_path, plan_text("", prior=prior_text))
    prior = train(model, two_fields(), fixed).model.prior
    assert prior
    assert prior.matches_per_record == 2.5
    assert prior.fixed == ("matches_per_record",)


def test_what_is_fixed_is_kept_by_the_next_training_too(tmp_path: Path) -> None:
    text = plan_text(
        EVERY_LEVEL, fixed='fixed = ["m"]', prior='[prior]\ntwins_per_record = 0.125\nfixed = ["twins_per_record"]'
    )
    model, fixed = planned(tmp_path, text)
    save_model(train(model, two_fields(), fixed).model, tmp_path / "trained.toml")
    assert load_model(tmp_path / "trained.toml").is_trained
    again = load_plan(tmp_path / "trained.toml")
    assert again.fixed.rates == fixed.rates
    assert again.fixed.shares["surname"]["m"] == pytest.approx(fixed.shares["surname"]["m"])
    assert again.model.prior is None
    assert not again.model.comparison[0].levels


def test_a_model_file_that_fixes_nothing_gives_nothing(tmp_path: Path) -> None:
    model, fixed = planned(tmp_path, plan_text(EVERY_LEVEL))
    assert fixed == NOTHING_FIXED
    assert not model.is_trained


def test_training_the_person_model_again_leaves_what_synthetic_people_never_change() -> None:
    """They tell one ethnicity and keep one phone for ever: trained on them, two of either would be two persons."""
    fixed = load_plan(MODELS / "person.toml").fixed
    unlike = {field: given["m"]["else"] for field, given in fixed.shares.items()}
    assert unlike == pytest.approx({"sex": 0.005, "ethnicity": 0.03, "phone": 0.25, "email": 0.2})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (plan_text("", fixed='fixed = ["m"]'), "surname: m is fixed, but level else does not give it"),
        (plan_text('{ name = "exact", u = 0.1, fixed = ["m"] }'), "m is fixed, but level exact does not give it"),
        (
            plan_text(EVERY_LEVEL.replace("0.6", "0.7"), fixed='fixed = ["m"]'),
            "m is fixed at every level, but sums to 1.1",
        ),
        (
            plan_text('{ name = "else", m = 0.5, fixed = ["m"] }, { name = "exact", m = 0.5, fixed = ["m"] }'),
            "the fixed m sum to 1.0000, which leaves nothing",
        ),
        (plan_text('{ name = "same", m = 0.5 }'), "surname has no level same; its levels are else, similar"),
        (plan_text('{ name = "exact", m = 1.5, fixed = ["m"] }'), "comparison.1.levels.1.m"),
        (plan_text("", fixed='fixed = ["v"]'), "comparison.1.fixed.1"),
        (
            plan_text(EVERY_LEVEL.replace("m =", "related ="), fixed='fixed = ["related"]').replace(
                "= true", "= false"
            ),
            "related cannot be fixed",
        ),
        (plan_text("", prior='[prior]\nfixed = ["matches_per_record"]'), "matches_per_record is fixed, but no number"),
        (plan_text("", prior='[prior]\nmatches_per_record = 0\nfixed = ["matches_per_record"]'), "no number above 0"),
        ('comparison = "surname"', "comparison"),
    ],
)
def test_what_cannot_be_fixed_is_told(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=r"plan\.toml") as caught:
        planned(tmp_path, text)
    assert problem in str(caught.value)


# ---- model files


def test_a_trained_model_says_where_it_came_from_and_reads_back_the_same(tmp_path: Path) -> None:
    model = train(model_of(), FAMILIES).model
    assert model.trained
    assert model.trained.records == FAMILIES.records
    assert model.trained.code.startswith("boroughlink ")
    assert model.format_version == FORMAT
    save_model(model, tmp_path / "model.toml")
    assert load_model(tmp_path / "model.toml") == model
    assert f"format_version = {FORMAT}" in (tmp_path / "model.toml").read_text("utf-8")


@pytest.mark.parametrize("load", [load_model, load_plan])
def test_a_file_of_a_later_format_says_so_rather_than_what_it_stumbles_on(tmp_path: Path, load) -> None:
    text = (MODELS / "person.toml").read_text("utf-8")
    later = f"format_version = {FORMAT + 1}\nshoe_size = 9\n"
    without = "\n".join(line for line in text.splitlines() if not line.startswith("format_version"))
    (tmp_path / "later.toml").write_text(later + without, "utf-8")
    with pytest.raises(SettingsError, match=rf"format {FORMAT + 1}.*up to {FORMAT}.*Update boroughlink"):
        load(tmp_path / "later.toml")


def test_a_plan_cannot_be_linked_with_and_the_message_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(plan_text(EVERY_LEVEL, fixed='fixed = ["m"]'), "utf-8")
    with pytest.raises(SettingsError, match=r"not trained yet: boroughlink train --model plan\.toml"):
        load_model(tmp_path / "plan.toml")


# ---- with decisions


ALONE = tuple((name, kind, False) for name, kind, _ in FIELDS)
"""The fields, none of them said to be shared: training takes households for persons."""


def decided(links: int, unlinks: int) -> DecidedLevels:
    levels = np.concatenate([drawn(MATCHES, links, 5), drawn(HOUSEHOLDS, unlinks, 6)])
    return DecidedLevels(levels, np.arange(len(levels)) < links)


def test_decisions_help_where_training_without_them_is_misled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(em, "MOST_UNLIKE", {})  # else it would not be
    monkeypatch.setattr(em, "USUAL_FAR", 0.03)
    evidence = evidence_of((0.005, MATCHES), (0.002, HOUSEHOLDS), (0.993, STRANGERS), fields=ALONE)
    misled = train(model_of(ALONE), evidence)
    done = train_with(model_of(ALONE), evidence, NOTHING_FIXED, decided(500, 500))
    assert misled.expected_matches > 0.0068 * PAIRS
    assert 0.0045 * PAIRS < done.expected_matches < 0.0062 * PAIRS
    agreement = done.agreement
    assert agreement
    assert agreement.before.log_loss > agreement.unseen.log_loss > agreement.after.log_loss
    assert agreement.unseen.log_loss < 0.75 * agreement.before.log_loss
    assert (agreement.pairs, agreement.links) == (1_000, 500)
    assert agreement.after.expected_links < agreement.before.expected_links


def test_a_few_decisions_change_little() -> None:
    evidence = evidence_of((0.005, MATCHES), (0.002, HOUSEHOLDS), (0.993, STRANGERS), fields=ALONE)
    misled, done = train(model_of(ALONE), evidence), train_with(model_of(ALONE), evidence, NOTHING_FIXED, decided(5, 5))
    assert done.expected_matches == pytest.approx(misled.expected_matches, rel=0.01)


def test_decisions_that_say_what_training_knew_change_nothing() -> None:
    """Decided pairs are doubtful ones, not drawn at random: they must not be counted a second time."""
    plain = train(model_of(), PERSONS)
    sure = PERSONS.candidates.levels.max(0)  # agrees on everything
    done = train_with(
        model_of(), PERSONS, NOTHING_FIXED, DecidedLevels(np.tile(sure, (1_000, 1)), np.ones(1_000, bool))
    )
    assert done.expected_matches == pytest.approx(plain.expected_matches, rel=1e-3)
    assert done.model.trained
    assert done.model.trained.decided_pairs == 1_000


def test_a_decided_pair_takes_the_place_of_the_candidate_it_is() -> None:
    agree, differ, stranger = [len(LEVELS[kind]) for _, kind, _ in FIELDS], [1] * 4, [2] * 4
    candidates = PatternCounts(np.array([agree, differ], np.uint8), np.array([3, 10]))
    levels = np.array([agree, agree, differ, stranger], np.uint8)
    evidence = replace(
        PERSONS, candidates=candidates, scale=2.0, decided=DecidedLevels(levels, np.array([True, False, False, True]))
    )
    rows = rows_of(evidence)
    assert rows.pairs.sum() == 2.0 * 13 + 1  # the other pair was no candidate
    assert rows.pairs[:2].tolist() == [4.0, 19.0]
    assert rows.pairs[rows.is_link].sum() == rows.pairs[rows.is_unlink].sum() == 2.0


def test_unlinked_pairs_may_be_relatives_but_no_matches() -> None:
    rows = drawn(HOUSEHOLDS, 400, 8)
    evidence = replace(FAMILIES, candidates=counted(rows), decided=DecidedLevels(rows, np.zeros(len(rows), bool)))
    mixture = Mixture(model_of().comparison, evidence, NOTHING_FIXED)
    start = starts._start(mixture, *starts.STARTS[0])
    better = mixture.round(start).better
    assert better.prior[0] * mixture.pairs == pytest.approx(0.5)
    assert better.prior[1] * mixture.pairs > 300


def table(*rows: tuple[str, str, str, int | None]) -> pa.Table:
    at = [None if day is None else dt.datetime(2026, 11, day, tzinfo=dt.UTC) for *_, day in rows]
    columns = {name: [row[k] for row in rows] for k, name in enumerate(("record_id_l", "record_id_r", "decision"))}
    return pa.table({**columns, "decided_at": pa.array(at, pa.timestamp("us", tz="UTC"))})


IDS = pa.array(["a", "b", "c", "d"])


def test_decisions_become_rows_and_what_cannot_be_used_is_counted() -> None:
    pairs = pairs_of(
        table(
            ("b", "a", "link", None),
            ("a", "b", "link", None),
            ("c", "d", "unlink", None),
            ("a", "d", "unsure", None),
            ("a", "x", "link", None),
            ("a", "a", "link", None),
        ),
        IDS,
        "d.csv",
    )
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.is_link.tolist(), strict=True)) == [
        (0, 1, True),
        (2, 3, False),
    ]
    assert (pairs.unsure, pairs.unknown) == (1, 2)


@pytest.mark.parametrize(
    ("rows", "verdicts"),
    [
        ([("a", "b", "link", 1), ("b", "a", "unlink", 2)], [False]),
        ([("a", "b", "unlink", 2), ("b", "a", "link", 3), ("a", "b", "unsure", 1)], [True]),
        ([("a", "b", "link", 1), ("a", "b", "unsure", 2)], []),
        ([("a", "b", "link", 1), ("a", "b", "retract", 2)], []),
        ([("a", "b", "link", None), ("a", "b", "unsure", None)], [True]),
    ],
)
def test_of_several_decisions_on_a_pair_the_last_one_counts(rows, verdicts: list[bool]) -> None:
    assert pairs_of(table(*rows), IDS, "d.csv").is_link.tolist() == verdicts


@pytest.mark.parametrize("days", [(None, None), (2, 2), (2, None)])
def test_contradictory_decisions_of_one_pair_are_refused(days) -> None:
    rows = [("a", "b", verdict, day) for verdict, day in zip(("link", "unlink"), days, strict=True)]
    with pytest.raises(SourceError, match="1 pairs are decided both link and unlink") as caught:
        pairs_of(table(*rows), IDS, "d.csv")
    assert caught.value.place == "d.csv"


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_agreement_counts_every_decided_pair_once(decided_pairs) -> None:
    chance, is_link = (
        np.array([probability for probability, _ in decided_pairs]),
        np.array([link for _, link in decided_pairs]),
    )
    agreement = fit(chance, is_link)
    assert sum(each.pairs for each in agreement.bins) == len(decided_pairs)
    assert agreement.log_loss >= 0
    assert agreement.expected_links == pytest.approx(chance.sum())
    assert fit(is_link.astype(float), is_link).log_loss < 1e-5


def test_a_leap_that_points_far_out_does_not_overflow() -> None:
    """Three estimates on a straight line of logarithms point to infinity."""

    def at(step: int) -> Estimate:
        shares = np.full((1, MOST_LEVELS), 1e-9 * 10.0**step)
        return Estimate(np.full(4, 1e-9), shares, shares, Whereabouts(shares, np.zeros(2), shares, np.zeros(1)))

    with np.errstate(all="raise"):
        leap = _extrapolate(at(0), at(2), at(4))
    assert all(np.isfinite(part).all() for part in (leap.prior, leap.m, leap.related, *leap.places))
