"""Where people live is one thing, in however many fields: who has moved differs in all of them, neighbours agree in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_pairs import HOUSEHOLDS, MATCHES, PAIRS, STRANGERS, Field, evidence_of, model_of, shares
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import SettingsError
from pipeline.link import em
from pipeline.link.em import Mixture
from pipeline.link.pattern_table import PatternTable
from pipeline.link.place_bits import place_bits, place_evidence
from pipeline.link.places import Places, Whereabouts
from pipeline.link.relatives import RELATIVES
from pipeline.link.shares import MOST_LEVELS, Shares
from pipeline.link.training import train
from pipeline.link.weights import ClassBits
from schemas.model import LEVELS, Comparison, Kind, Model, PlaceField, PlaceShares, load_model, save_model
from schemas.plan import NOTHING_FIXED

NAMES: tuple[Field, ...] = (("forename", "forename", False), ("surname", "surname", True))
FIELDS: tuple[Field, ...] = (*NAMES, ("address", "address", True), ("postcode", "postcode", True))
ONE_PLACE = (shares("address", close=0.1, most_words=0.05, exact=0.82), shares("postcode", area=0.05, exact=0.9))
TWO_PLACES = (shares("address", some_words=0.002, exact=0.0002), shares("postcode", area=0.02, exact=0.001))
MOVED = 0.4  # of the pairs
SIZES = np.array([len(LEVELS["address"]), len(LEVELS["postcode"])])


def test_persons_who_moved_are_still_persons() -> None:
    stayed, moved, strangers = (*MATCHES[:2], *ONE_PLACE), (*MATCHES[:2], *TWO_PLACES), (*STRANGERS[:2], *TWO_PLACES)
    household = (*HOUSEHOLDS[:2], *ONE_PLACE)
    evidence = evidence_of(
        (0.01 * (1 - MOVED), stayed), (0.01 * MOVED, moved), (0.01, household), (0.98, strangers), fields=FIELDS
    )
    done = train(model_of(FIELDS), evidence)
    assert done.has_converged
    assert done.expected_matches == pytest.approx(0.01 * PAIRS, rel=0.1)
    for comparison in done.model.comparison[2:]:
        assert comparison.levels[0].m == pytest.approx(MOVED, abs=0.08)


def test_relatives_who_live_apart_are_no_persons() -> None:
    """They share a surname and a phone; taken for persons, a forename would count for little."""
    fields: tuple[Field, ...] = (*FIELDS, ("phone", "phone", True))
    near, far = shares("phone", close=0.02, exact=0.75), shares("phone", exact=0.0005)
    classes = (
        (0.006, (*MATCHES[:2], *ONE_PLACE, near)),
        (0.004, (*MATCHES[:2], *TWO_PLACES, near)),
        (0.006, (*HOUSEHOLDS[:2], *ONE_PLACE, near)),
        (0.004, (*HOUSEHOLDS[:2], *TWO_PLACES, near)),
        (0.98, (*STRANGERS[:2], *TWO_PLACES, far)),
    )
    done = train(model_of(fields), evidence_of(*classes, fields=fields))
    assert done.model.comparison[0].levels[0].m < 0.08
    assert done.expected_matches == pytest.approx(0.01 * PAIRS, rel=0.15)


def test_people_of_one_town_and_forename_are_no_persons_though_of_a_town_few_pairs_are_candidates() -> None:
    """Those who share the town alone share no block: how many they are is read off the random pairs."""
    town = (shares("address", close=0.05, exact=0.95), shares("postcode", close=0.05, exact=0.95))
    namesakes = (shares("forename", exact=1.0), *STRANGERS[1:2])
    persons = (0.0006, (*MATCHES[:2], *ONE_PLACE)), (0.0004, (*MATCHES[:2], *TWO_PLACES))
    candidates = (*persons, (0.001, (*namesakes, *town)), (0.009, (*namesakes, *TWO_PLACES)))
    townsmen = (0.1, (*STRANGERS[:2], *town)), (0.899, (*STRANGERS[:2], *TWO_PLACES))
    random = evidence_of(*persons, *townsmen, fields=FIELDS).random
    done = train(model_of(FIELDS), replace(evidence_of(*candidates, fields=FIELDS), random=random))
    assert done.expected_matches == pytest.approx(0.001 * PAIRS, rel=0.25)
    assert done.model.comparison[1].levels[0].m < 0.15


def test_neighbours_are_no_relatives_however_many_there_are() -> None:
    """Were relatives taken for neighbours, who share no surname, the households would be left to the persons."""
    fields: tuple[Field, ...] = (*FIELDS, ("phone", "phone", True))
    near, far = shares("phone", close=0.02, exact=0.75), shares("phone", exact=0.0005)
    street = (shares("address", some_words=0.4, close=0.5, exact=0.01), shares("postcode", area=0.01, exact=0.97))
    classes = (
        (0.002, (*MATCHES[:2], *ONE_PLACE, near)),
        (0.001, (*MATCHES[:2], *TWO_PLACES, near)),
        (0.002, (*HOUSEHOLDS[:2], *ONE_PLACE, near)),
        (0.001, (*HOUSEHOLDS[:2], *TWO_PLACES, near)),
        (0.040, (*STRANGERS[:2], *street, far)),
        (0.954, (*STRANGERS[:2], *TWO_PLACES, far)),
    )
    done = train(model_of(fields), evidence_of(*classes, fields=fields))
    assert done.model.comparison[1].levels[-1].related > 0.6
    assert done.model.comparison[0].levels[0].m < 0.08
    assert done.expected_matches == pytest.approx(0.003 * PAIRS, rel=0.15)


def test_a_model_with_one_field_of_a_place_knows_nothing_of_moving() -> None:
    mixture = Mixture(model_of().comparison, evidence_of((0.01, MATCHES), (0.99, STRANGERS)), NOTHING_FIXED)
    start = mixture.places.start(em.usual_m(mixture.comparisons), 0.1)
    assert not any(part.any() for part in start)


def level_shares(size: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.floats(0.01, 1.0), min_size=size, max_size=size).map(
        lambda weights: np.pad(np.array(weights) / sum(weights), (0, MOST_LEVELS - size))
    )


both = st.tuples(*(level_shares(int(size)) for size in SIZES)).map(np.stack)


@given(stayed=both, moved=both, share=st.floats(0.05, 0.6), at=st.integers(1, int(SIZES[0])))
def test_a_pair_that_tells_one_field_of_a_place_weighs_as_its_class_does(
    stayed: np.ndarray, moved: np.ndarray, share: float, at: int
) -> None:
    """Two that tell weigh as both parts of the class say together."""
    comparisons = tuple(Comparison(field=kind, kind=kind, is_shared=True) for kind in ("address", "postcode"))
    places = Places(comparisons, np.full((2, MOST_LEVELS), 0.01), 100.0)
    whole = (1 - share) * stayed + share * moved
    bits = ClassBits(np.zeros((2, 32)), np.zeros((len(RELATIVES), 2, 32)), np.zeros(35), ())
    bits.match[0, 1 : SIZES[0] + 1] = np.log2(whole[0, : SIZES[0]])
    bits.match[1, 1 : SIZES[1] + 1] = np.log2(whole[1, : SIZES[1]])
    table = PatternTable(np.array([[at, 0], [at, 1]], np.uint8), None)
    prior = np.full(1 + len(RELATIVES), 0.5)
    at_places = Whereabouts(moved, np.full(2, share), stayed, np.array([0.5]))
    odds, has_moved, neighbours = places.odds(table, prior, bits, whole, whole, at_places)
    assert odds[0, 0] == pytest.approx(0.5 * whole[0, at - 1])
    stayed_both, moved_both = (1 - share) * stayed[0, at - 1] * stayed[1, 0], share * moved[0, at - 1] * moved[1, 0]
    assert odds[0, 1] == pytest.approx(0.5 * (stayed_both + moved_both))
    assert has_moved[0, 1] == pytest.approx(moved_both / (stayed_both + moved_both))
    np.testing.assert_allclose(neighbours, 0.5 * stayed[0, at - 1] * np.array([1.0, stayed[1, 0]]))


@given(stayed=both, moved=both, share=st.floats(0.05, 0.6), at=st.integers(1, int(SIZES[0])))
def test_fields_of_a_place_weigh_together_as_both_parts_of_the_class_say(
    stayed: np.ndarray, moved: np.ndarray, share: float, at: int
) -> None:
    comparisons = tuple(Comparison(field=kind, kind=kind, is_shared=True) for kind in ("address", "postcode"))
    whole, u = (1 - share) * stayed + share * moved, np.full((2, MOST_LEVELS), 0.1)
    levels_of = [
        PlaceField(field=field.field, moved=moved[k, : SIZES[k]], neighbours=stayed[k, : SIZES[k]])
        for k, field in enumerate(comparisons)
    ]
    written = PlaceShares(matches_moved=share, relatives_moved=share, neighbours_per_record=8.0, field=tuple(levels_of))
    match = np.pad(np.log2(np.maximum(whole, 1e-9) / u), ((0, 0), (1, 31 - MOST_LEVELS)))
    places = place_bits(written, comparisons, Shares(whole, u, whole), match, partners=2.0)
    levels = np.array([[at, 0], [at, 1]])
    said = place_evidence(places, levels)
    one_by_one = np.log2(whole[0, at - 1] * np.array([1.0, whole[1, 0]]))
    both_parts = (1 - share) * stayed[0, at - 1] * stayed[1, 0] + share * moved[0, at - 1] * moved[1, 0]
    np.testing.assert_allclose(one_by_one + said.match.sum(1), np.log2([whole[0, at - 1], both_parts]), atol=1e-6)
    np.testing.assert_allclose(said.relatives, said.match, atol=1e-9)
    near = np.log2(stayed[0, at - 1] / 0.1) + np.array([0.0, np.log2(stayed[1, 0] / 0.1)])
    np.testing.assert_allclose(places.prior_neighbours + said.neighbours.sum(1), 2.0 + near, atol=1e-6)
    assert said.match[0, 1] == 0.0, "nothing is put down to a field that a pair does not have"
    assert said.match[1, 0] == said.match[1, 1]


def trained_on_movers() -> Model:
    stayed, moved, strangers = (*MATCHES[:2], *ONE_PLACE), (*MATCHES[:2], *TWO_PLACES), (*STRANGERS[:2], *TWO_PLACES)
    evidence = evidence_of((0.006, stayed), (0.004, moved), (0.99, strangers), fields=FIELDS)
    return train(model_of(FIELDS), evidence).model


def test_a_model_file_keeps_what_is_known_of_places(tmp_path: Path) -> None:
    model = trained_on_movers()
    assert model.places
    assert model.places.matches_moved == pytest.approx(MOVED, abs=0.08)
    save_model(model, tmp_path / "movers.toml")
    assert load_model(tmp_path / "movers.toml") == model


def test_a_model_file_whose_places_have_other_levels_is_refused(tmp_path: Path) -> None:
    model = trained_on_movers()
    assert model.places
    fields = tuple(field.model_copy(update={"moved": field.moved[1:]}) for field in model.places.field)
    wrong = model.model_copy(update={"places": model.places.model_copy(update={"field": fields})})
    save_model(wrong, tmp_path / "movers.toml")
    with pytest.raises(SettingsError, match="address must be compared, and have a share for each of its levels"):
        load_model(tmp_path / "movers.toml")


@pytest.mark.parametrize(
    ("kinds", "town", "pairs_per_record", "are_known"),
    [
        (("forename", "surname", "address", "category"), 0.12, 500.0, True),
        (("forename", "surname", "address", "category"), 0.12, 50_000.0, False),
        (("forename", "surname", "address", "category"), 0.01, 50_000.0, True),
        (("forename", "surname", "date", "address", "category"), 0.12, 50_000.0, True),
        (("forename", "surname", "address"), 0.0, 500.0, False),
        (("forename", "surname", "address", "category", "phone"), 0.08, 20_000.0, True),
        (("forename", "surname", "address", "category", "email"), 0.08, 20_000.0, True),
        (("forename", "surname", "address", "category", "middle_names"), 0.08, 20_000.0, True),
    ],
)
def test_who_moved_is_told_by_names_and_one_of_few_towns_only_where_namesakes_are_few(
    kinds: Sequence[Kind], town: float, pairs_per_record: float, are_known: bool
) -> None:
    shared = ("surname", "address", "category")
    comparisons = tuple(
        Comparison(field="town" if kind == "category" else kind, kind=kind, is_shared=kind in shared) for kind in kinds
    )
    observed = np.zeros((len(kinds), MOST_LEVELS))
    for row, kind in zip(observed, kinds, strict=True):
        row[len(LEVELS[kind]) - 1] = town if kind == "category" else 0.003
    assert Places(comparisons, observed, pairs_per_record).are_known == are_known


@pytest.mark.parametrize(
    ("heading", "is_known"), [("town", True), ("county", True), ("birth_place", False), ("trade", False)]
)
def test_a_category_says_where_somebody_lives_only_if_its_heading_does(heading: str, is_known: bool) -> None:
    """Beside a postcode: who has moved was born where he was."""
    comparisons = [
        Comparison(field="postcode", kind="postcode", is_shared=True),
        Comparison(field=heading, kind="category", is_shared=True),
    ]
    assert Places(comparisons, np.zeros((2, MOST_LEVELS)), 10_000.0).are_known is is_known
