"""What strangers have in common, because one field hangs on another or they live in one house, does not make them a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_pairs import FIELDS, MATCHES, PAIRS, STRANGERS, drawn, evidence_of, model_of, shares
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.port import PatternCounts
from pipeline.link.dependence_bits import bits_together, dependence_bits
from pipeline.link.em import MOST_UNLIKE, MOST_UNLIKE_ALONE, Mixture, _is_another, _most_unlike
from pipeline.link.evidence import Evidence
from pipeline.link.shares import bounded, unlike_levels
from pipeline.link.starts import _start as start
from pipeline.link.strangers import dependences_of
from pipeline.link.training import train
from schemas.model import LEVELS, Comparison, Kind
from schemas.plan import NOTHING_FIXED

SEX = (*FIELDS[:3], ("sex", "category", False))
SEX_AND_RACE = (*SEX, ("race", "category", False))
INITIAL = (*FIELDS[:2], FIELDS[3], ("initial", "category", True))
EXACT_FORENAME = shares("forename", exact=1.0)
NO_FORENAME = shares("forename", similar=0.01, part=0.005)


def of_one_name(is_tied: bool) -> Evidence:
    """Few matches; one in a hundred strangers bears the other's forename, and then has the other's sex if that is tied."""
    matches = (*MATCHES[:3], shares("category", exact=0.98))
    strangers = (NO_FORENAME, *STRANGERS[1:3], shares("category", exact=0.5))
    namesakes = (EXACT_FORENAME, *STRANGERS[1:3], shares("category", exact=0.99 if is_tied else 0.5))
    return evidence_of((0.001, matches), (0.989, strangers), (0.01, namesakes), fields=SEX)


def lift_of(
    fields: tuple[tuple[str, Kind, bool], ...], observed: np.ndarray, random: PatternCounts, levels: np.ndarray
) -> np.ndarray:
    """(patterns,) how many times as likely each is among strangers as if its fields were independent."""
    comparisons = model_of(fields).comparison
    ties = dependence_bits(
        dependences_of(comparisons, observed, random, random, float(random.count.sum())), comparisons
    )
    return np.exp2(bits_together(ties, levels).sum(0))


def test_namesakes_of_one_sex_and_race_are_not_taken_for_persons() -> None:
    """Thirty times as many as there are matches: one in a hundred pairs of strangers."""
    matches = (*MATCHES[:3], *(shares("category", exact=0.98) for _ in "sr"))
    strangers = (NO_FORENAME, *STRANGERS[1:3], *(shares("category", exact=share) for share in (0.5, 0.3)))
    namesakes = (EXACT_FORENAME, *STRANGERS[1:3], *(shares("category", exact=share) for share in (0.995, 0.8)))
    evidence = evidence_of((0.0003, matches), (0.9897, strangers), (0.01, namesakes), fields=SEX_AND_RACE)
    done = train(model_of(SEX_AND_RACE), evidence)
    assert done.expected_matches == pytest.approx(0.0003 * PAIRS, rel=0.2)


def test_how_an_age_hangs_on_a_year_of_birth_is_read_off_the_random_pairs() -> None:
    fields = (*FIELDS[:3], ("age", "category", True))
    born = shares("date", **{"else": 0.45}, part=0.02)
    other_year = (*STRANGERS[:2], born, shares("category", exact=0.01))
    same_year = (*STRANGERS[:2], shares("date", same_year=1.0), shares("category", exact=0.97))
    random = evidence_of((0.98, other_year), (0.02, same_year), fields=fields).random
    observed = np.zeros((4, 8))
    observed[3, :3] = (0.97, 1e-6, 0.03)
    levels = np.concatenate(
        [
            drawn((*STRANGERS[:2], *day, shares("category", exact=1.0)), 1, 1, fields)
            for day in ((born,), (same_year[2],))
        ]
    )  # type: ignore[arg-type]
    lift = lift_of(fields, observed, random, levels)
    assert lift == pytest.approx([0.01 / 0.0292, 0.97 / 0.0292], rel=0.1)


@pytest.mark.parametrize("is_tied", [False, True])
def test_what_goes_with_a_forename_is_read_off_the_random_pairs(is_tied: bool) -> None:
    evidence = of_one_name(is_tied)
    sexes = np.array([0.5, 0.0, 0.5])
    observed = np.zeros((4, 8))
    observed[3, :3] = np.maximum(sexes, 1e-6)
    exact = drawn((EXACT_FORENAME, *STRANGERS[1:3], shares("category", exact=1.0)), 1, 1, SEX)
    other = drawn((NO_FORENAME, *STRANGERS[1:3], shares("category", exact=1.0)), 1, 1, SEX)
    unknown = exact * np.array([1, 1, 1, 0], np.uint8)
    lift = lift_of(SEX, observed, evidence.random, np.concatenate([exact, other, unknown]))
    assert lift == pytest.approx([2.0 if is_tied else 1.0, 1.0, 1.0], rel=0.1)


def test_matches_among_random_pairs_do_not_count_as_namesakes() -> None:
    matches = (*MATCHES[:3], shares("category", exact=1.0))
    strangers = (*STRANGERS[:3], shares("category", exact=0.5))
    evidence = evidence_of((0.02, matches), (0.98, strangers), fields=SEX)
    observed = np.zeros((4, 8))
    observed[3, :3] = (0.5, 1e-6, 0.5)
    exact = drawn((EXACT_FORENAME, *STRANGERS[1:3], shares("category", exact=1.0)), 1, 1, SEX)
    assert lift_of(SEX, observed, evidence.random, exact) == pytest.approx([1.0], rel=0.15)


def test_where_no_field_tells_a_match_nothing_is_read_off_the_random_pairs() -> None:
    fields = (FIELDS[0], ("sex", "category", False))
    random = PatternCounts(np.array([[20, 6], [1, 1]], np.uint8), np.array([1000, 1000]))
    observed = np.full((2, 8), 0.5)
    assert (lift_of(fields, observed, random, random.levels) == 1.0).all()  # type: ignore[arg-type]


NAMES_AND_POSTCODE = (FIELDS[0], FIELDS[1], FIELDS[3])


def of_one_community(share: float) -> Evidence:
    """Of so many pairs of strangers both have names of one community, each written in its own way, and nothing else in common."""
    matches = (*MATCHES[:2], shares("postcode", area=0.05, exact=0.95))
    strangers = (NO_FORENAME, STRANGERS[1], STRANGERS[3])
    one_community = (shares("forename", variant=1.0), shares("surname", variant=0.5, exact=0.5), STRANGERS[3])
    spellings = (shares("forename", variant=0.02), STRANGERS[1], STRANGERS[3])
    return evidence_of(
        (0.002, matches),
        (share, one_community),
        (0.05, spellings),
        (0.948 - share, strangers),
        fields=NAMES_AND_POSTCODE,
    )


def test_spellings_of_names_of_one_community_are_not_taken_for_persons() -> None:
    evidence = of_one_community(0.004)
    done = train(model_of(NAMES_AND_POSTCODE), evidence)
    assert done.expected_matches == pytest.approx(0.002 * PAIRS, rel=0.2)
    assert [(one.field, one.on) for one in done.model.dependence] == [("forename", "surname")]


def test_names_of_one_community_count_for_less_together_unless_both_are_the_same() -> None:
    pairs = {
        "written otherwise": (shares("forename", variant=1.0), shares("surname", exact=1.0)),
        "the same": (shares("forename", exact=1.0), shares("surname", exact=1.0)),
        "unlike": (shares("forename"), shares("surname", exact=1.0)),
    }
    levels = np.concatenate([drawn((*names, STRANGERS[3]), 1, 1, NAMES_AND_POSTCODE) for names in pairs.values()])
    observed = np.zeros((3, 8))
    written_otherwise, same, unlike = lift_of(NAMES_AND_POSTCODE, observed, of_one_community(0.004).random, levels)
    assert written_otherwise > 4
    assert same == unlike == 1.0
    without = lift_of(NAMES_AND_POSTCODE, observed, of_one_community(0.0).random, levels)
    assert without == pytest.approx([1.0, 1.0, 1.0], abs=0.3)


@pytest.mark.parametrize("unlike", [0.95, 0.6, 0.2])
def test_at_least_half_of_those_taken_for_relatives_have_one_surname(unlike: float) -> None:
    """Neighbours of one street, who are more, share the address as relatives do: then families would be taken for persons."""
    mixture = Mixture(model_of().comparison, evidence_of((0.001, MATCHES), (0.999, STRANGERS)), NOTHING_FIXED)
    begin = start(mixture, 0.8, 0.3, 1.0)
    surname = np.zeros(begin.related.shape[1])
    surname[[0, LEVELS["surname"].index("exact")]] = unlike, 1.0 - unlike
    related = np.stack([begin.related[0], surname, *begin.related[2:]])
    tidied = mixture.tidy(begin._replace(related=related)).related[1]
    assert tidied[0] == pytest.approx(min(unlike, 0.5))
    assert tidied.sum() == pytest.approx(1.0)


def test_inmates_of_a_large_house_are_not_taken_for_persons() -> None:
    """Of an address with hundreds of people only pairs that share something else are candidates: here the initial."""
    matches = (*MATCHES[:2], MATCHES[3], shares("category", exact=0.998))
    strangers = (*STRANGERS[:2], STRANGERS[3], shares("category", exact=0.1))
    families = (STRANGERS[0], shares("surname", exact=0.93), shares("postcode", exact=0.97), strangers[3])
    inmates = (*STRANGERS[:2], shares("postcode", exact=0.99), shares("category", exact=1.0))
    random = evidence_of((0.0002, matches), (0.9998, strangers), fields=INITIAL).random
    classes = (0.002, matches), (0.006, families), (0.004, inmates), (0.988, strangers)
    done = train(model_of(INITIAL), replace(evidence_of(*classes, fields=INITIAL), random=random))
    assert done.expected_matches == pytest.approx(0.002 * PAIRS, rel=0.25)
    assert done.model.comparison[0].levels[0].m < 0.1


@pytest.mark.parametrize(
    ("levels", "is_another"),
    [
        ({"forename": "else", "surname": "else"}, True),
        ({"forename": "else", "date_of_birth": "far"}, True),
        ({"surname": "else", "date_of_birth": "else", "postcode": "exact"}, True),
        ({"forename": "else", "surname": "else", "date_of_birth": "far", "number": "exact"}, False),
        ({"forename": "else", "surname": "else", "number": "close"}, False),
        ({"forename": "else", "surname": "else", "number": "conflict"}, True),
        ({"forename": "else", "surname": "exact", "date_of_birth": "part"}, False),
        ({"forename": "else", "postcode": "else"}, False),
        ({}, False),
    ],
)
def test_training_takes_nobody_for_one_person_who_is_unlike_in_name_and_birthday(
    levels: dict[str, str], is_another: bool
) -> None:
    fields = (*FIELDS, ("number", "identifier", False))
    model = model_of(fields)
    kinds = {name: LEVELS[kind] for name, kind, _ in fields}
    row = [1 + kinds[name].index(levels[name]) if name in levels else 0 for name in kinds]
    patterns = np.array([row], np.uint8)
    assert _is_another(model.comparison, unlike_levels(model.comparison), patterns).tolist() == [is_another]


@given(
    st.lists(st.lists(st.floats(0.01, 100), min_size=4, max_size=4), min_size=1, max_size=5),
    st.floats(0.05, 1.0),
)
def test_bound_levels_have_no_more_than_their_bound_and_all_keep_their_proportions(
    rows: list[list[float]], most: float
) -> None:
    before = np.array(rows)
    is_bound = np.tile([True, True, False, False], (len(rows), 1))
    after = bounded(before, is_bound, np.full(len(rows), most))
    assert after.sum(1) == pytest.approx(before.sum(1))
    assert (after[:, :2].sum(1) <= most * after.sum(1) * (1 + 1e-9)).all()
    assert after[:, 0] / after[:, 1] == pytest.approx(before[:, 0] / before[:, 1])
    assert after[:, 2] / after[:, 3] == pytest.approx(before[:, 2] / before[:, 3])


@pytest.mark.parametrize(
    ("kind", "most"),
    [("phone", MOST_UNLIKE_ALONE), ("date", MOST_UNLIKE["forename"]), ("identifier", MOST_UNLIKE["forename"])],
)
def test_where_forenames_alone_tell_relatives_from_a_person_few_of_a_person_are_unlike(kind: Kind, most: float) -> None:
    comparisons = [Comparison(field="forename", kind="forename"), Comparison(field="other", kind=kind)]
    assert _most_unlike(comparisons)[0] == most


def test_what_the_same_names_show_of_a_community_holds_of_other_spellings_at_least() -> None:
    evidence = of_one_community(0.0)
    comparisons = model_of(NAMES_AND_POSTCODE).comparison
    mixture = Mixture(comparisons, replace(evidence, names_together_bits=3.0), NOTHING_FIXED)
    tie = next(one for one in mixture.dependences if (one.field, one.on) == ("forename", "surname"))
    spelled, same = tie.times[LEVELS["surname"].index("close")][-1], tie.times[-1][-1]
    assert spelled >= 8.0 - 1e-6
    assert same == 1.0
