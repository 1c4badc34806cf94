"""What one field tells of another is counted once: in weights as in training."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import numpy as np
import pytest
from drawn_pairs import FIELDS, MATCHES, NO_NAME_PAIRS, STRANGERS, evidence_of, model_of, shares, spread
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.errors import SettingsError
from pipeline.core.places import REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import LevelWeights
from pipeline.explain.levels import level_words, levels_of
from pipeline.link.relatives import RELATIVES
from pipeline.link.stage import link_records
from pipeline.link.training import train
from pipeline.link.weights import class_parts, level_weights, pattern_waterfall
from schemas.model import LEVELS, Dependence, Kind, Model, PlaceField, PlaceShares, load_model, save_model

SEX = (*FIELDS, ("sex", "category", False))
FORENAME, SURNAME, EMAIL = ("forename", "forename", False), ("surname", "surname", False), ("email", "email", False)
BORN, POSTCODE = ("date_of_birth", "date", False), ("postcode", "postcode", True)
NAMES_OF = random.Random(1)
FORENAMES, SURNAMES = (["".join(NAMES_OF.choices("ABDEGIKLMNORSTV", k=size)) for _ in range(60)] for size in (6, 7))
EXACT = {kind: len(levels) for kind, levels in LEVELS.items()}


def trained(is_tied: bool) -> Model:
    """On pairs in which strangers of one forename have one sex, if that is tied."""
    matches = (*MATCHES, shares("category", exact=0.98))
    no_forename = shares("forename", similar=0.01, part=0.005)
    strangers = (no_forename, *STRANGERS[1:], shares("category", exact=0.5))
    namesakes = (
        shares("forename", exact=1.0),
        *STRANGERS[1:],
        shares("category", exact=0.99 if is_tied else 0.5),
    )
    evidence = evidence_of((0.001, matches), (0.989, strangers), (0.01, namesakes), fields=SEX)
    return train(model_of(SEX), evidence).model


@pytest.fixture(scope="module")
def tied() -> Model:
    return trained(is_tied=True)


def weights_of(model: Model) -> LevelWeights:
    return level_weights(model, spread(SEX), NO_NAME_PAIRS, 500.0)


def pair(**levels: int) -> np.ndarray:
    return np.array([[levels.get(name, 0) for name, _, _ in SEX]], np.uint8)


def test_a_model_knows_what_hangs_on_what_and_nothing_of_fields_that_are_independent(tied: Model) -> None:
    assert [(one.field, one.on) for one in tied.dependence] == [("sex", "forename")]
    assert trained(is_tied=False).dependence == ()


def test_who_shares_a_forename_shares_the_sex_that_goes_with_it_so_the_sex_tells_nothing_more(tied: Model) -> None:
    weights = weights_of(tied)
    alone, beside = (
        pattern_waterfall(weights, pair(sex=EXACT["category"], **more))[0][0, -1]
        for more in ({}, {"forename": EXACT["forename"]})
    )
    assert alone - beside == pytest.approx(np.log2(0.99 / 0.505), abs=0.1)


def test_what_each_field_tells_adds_up_to_what_both_tell_together(tied: Model) -> None:
    weights = weights_of(tied)
    one = tied.dependence[0]
    together = pair(forename=EXACT["forename"], sex=EXACT["category"])
    parts, _ = pattern_waterfall(weights, together)
    plain, _ = pattern_waterfall(weights_of(tied.model_copy(update={"dependence": ()})), together)
    assert parts.sum() == pytest.approx(plain.sum() - np.log2(one.times[-1][-1]))


def test_for_relatives_a_forename_goes_with_a_sex_as_among_strangers_but_for_those_of_one_forename(tied: Model) -> None:
    levels = pair(forename=EXACT["forename"], sex=EXACT["category"])
    plain = tied.model_copy(update={"dependence": ()})
    with_ties, without = (list(class_parts(weights_of(model), levels)) for model in (tied, plain))
    took_off = [old[1].sum() - new[1].sum() for new, old in zip(with_ties, without, strict=True)]
    bits = np.log2(tied.dependence[0].times[-1][-1])
    assert took_off == pytest.approx([bits, *(bits if "category" in kinds else 0.0 for kinds in RELATIVES.values())])


@given(forename=st.integers(0, EXACT["forename"]), sex=st.integers(0, EXACT["category"]))
def test_how_fields_compared_is_read_off_their_bits_though_one_hangs_on_the_other(
    tied: Model, forename: int, sex: int
) -> None:
    parts, _ = pattern_waterfall(weights_of(tied), pair(forename=forename, sex=sex))
    row = {f"mw_{name}": round(float(bits), 6) for (name, _, _), bits in zip(SEX, parts[0], strict=True)}
    names = {"forename": (None, *LEVELS["forename"])[forename], "sex": (None, *LEVELS["category"])[sex]}
    assert levels_of(row, tied) == {name: level for name, level in names.items() if level}


def test_of_fields_of_a_place_bits_tell_no_more_than_whether_they_agree(tied: Model) -> None:
    levels = {"moved": (0.1,) * 6, "neighbours": (0.1,) * 6}
    place = PlaceField(field="postcode", **levels)
    places = PlaceShares(matches_moved=0.2, relatives_moved=0.2, neighbours_per_record=4.0, field=(place,))
    model = tied.model_copy(update={"places": places})
    postcode = model.comparison_of("postcode")
    bits = float(np.log2(postcode.levels[1].m / postcode.levels[1].u))
    assert levels_of({"mw_postcode": bits}, tied) == {"postcode": "area"}
    assert levels_of({"mw_postcode": bits}, model) == {"postcode": "agrees" if bits > 0 else "differs"}
    assert level_words(model, {"postcode": bits}) == {}


def people_with_addresses_of_their_names(chance: random.Random) -> list[dict[str, object]]:
    """1,500 persons at 300 firms; every third is listed once more, by an address at another firm."""
    forenames = ["".join(chance.choices("ABDEGIKLMNORSTV", k=6)) for _ in range(60)]
    surnames = ["".join(chance.choices("ABDEGIKLMNORSTV", k=7)) for _ in range(4000)]
    rows: list[dict[str, object]] = []
    for person in range(1500):
        names = chance.choice(forenames), chance.choice(surnames)
        firms = (f"firm{chance.randrange(300)}.example" for _ in range(1 + (person % 3 == 0)))
        for firm in firms:
            email = f"{names[0]}.{names[1]}@{firm}".lower()
            rows.append({"forename": [names[0]], "surname": [names[1]], "email": email, "person": person})
    return rows


def people_with_numbers_beside_their_names(chance: random.Random) -> list[dict[str, object]]:
    """900 persons of 600 names, each with a number in the address and a birthday; every third is listed once more."""
    rows: list[dict[str, object]] = []
    for person in range(900):
        names = FORENAMES[chance.randrange(20)], SURNAMES[chance.randrange(30)]
        email = f"{names[0]}.{names[1]}{chance.randrange(10, 100)}@{chance.choice(('gmail', 'yahoo'))}.example".lower()
        born = dt.date(1950, 1, 1) + dt.timedelta(chance.randrange(20_000))
        row = {"forename": [names[0]], "surname": [names[1]], "email": email, "date_of_birth": born, "person": person}
        rows += [row] * (1 + (person % 3 == 0))
    return rows


def placeholders(chance: random.Random) -> list[dict[str, object]]:
    """People of a few names whose birthday nobody knows, among many others; some moved, and are listed in two places."""
    rows: list[dict[str, object]] = []
    for person in range(1500):
        is_placeholder = person % 10 == 0
        forename, surname = (chance.choice(names[: 6 if is_placeholder else 60]) for names in (FORENAMES, SURNAMES))
        year = chance.randrange(1985, 2005)
        born = dt.date(year, 1, 1) + dt.timedelta(0 if is_placeholder else chance.randrange(1, 365))
        for _ in range(1 + (person % 3 == 0)):
            place = f"E{chance.randrange(1, 20)} {chance.randrange(1, 9)}{''.join(chance.choices('ABDEFGHJ', k=2))}"
            row = {"forename": [forename], "surname": [surname], "date_of_birth": born, "postcode": place}
            rows.append({**row, "person": person})
    return rows


def links_of(rows: list[dict[str, object]], *fields: tuple[str, Kind, bool]) -> tuple[list[bool], Model]:
    """Whether each link is right, and the model that was trained."""
    model = model_of(fields)
    blocking = model.blocking.model_copy(update={"fields": tuple(name for name, _, _ in fields)})
    model = model.model_copy(update={"blocking": blocking})
    linked = link_records(table_of(rows), model, "balanced", LocalEngine(name_groups(REFERENCE), 2))
    person = {f"{at:05d}": row["person"] for at, row in enumerate(rows)}
    links = linked.links.filter(linked.links.column("decision").to_numpy(zero_copy_only=False) == "link")
    ends = (links.column(name).to_pylist() for name in ("record_id_l", "record_id_r"))
    return [person[left] == person[other] for left, other in zip(*ends, strict=True)], linked.model


def test_people_of_one_forename_are_no_person_because_their_addresses_are_made_of_it() -> None:
    right, _ = links_of(people_with_addresses_of_their_names(random.Random(7)), FORENAME, SURNAME, EMAIL)
    assert sum(right) >= 450
    assert sum(right) >= 0.95 * len(right)


def test_namesakes_whose_addresses_are_made_of_their_names_are_not_one_person() -> None:
    right, model = links_of(people_with_numbers_beside_their_names(random.Random(7)), FORENAME, SURNAME, EMAIL, BORN)
    tie = next(one for one in model.dependence if one.field == "email")
    similar = LEVELS["email"].index("similar")
    assert (tie.on, tie.beside) == ("forename", "surname")
    assert tie.times_beside[-1][similar] > 4 * tie.times[-1][similar] > 4
    assert sum(right) >= 290
    assert sum(right) >= 0.98 * len(right)


def test_1_january_of_people_of_one_name_tells_less_than_of_any_two() -> None:
    _, model = links_of(placeholders(random.Random(7)), FORENAME, SURNAME, BORN, POSTCODE)
    tie = next(one for one in model.dependence if one.field == "date_of_birth")
    times = dict(zip(LEVELS["date"], tie.times_beside[-1], strict=True))
    assert times.pop("both_first_of_january") > 4
    assert set(times.values()) == {1.0}


def beside_surname(tied: Model) -> Model:
    """The sex hangs on the forename only where surnames are not alike."""
    (one,) = tied.dependence
    ones = tuple(tuple(1.0 for _ in row) for row in one.times)
    return tied.model_copy(
        update={
            "dependence": (one.model_copy(update={"beside": "surname", "times_beside": ones}),),
            "format_version": 6,
        }
    )


@pytest.mark.parametrize("surname", ["similar", "close", "exact"])
def test_what_hangs_on_both_names_is_told_beside_both(tied: Model, surname: str) -> None:
    level = 1 + LEVELS["surname"].index(surname)
    levels = pair(forename=EXACT["forename"], surname=level, sex=EXACT["category"])
    model = beside_surname(tied)
    parts, _ = pattern_waterfall(weights_of(model), levels)
    plain, _ = pattern_waterfall(weights_of(tied.model_copy(update={"dependence": ()})), levels)
    told_twice = np.log2(tied.dependence[0].times[-1][-1]) if surname == "similar" else 0.0
    assert plain[0, -1] - parts[0, -1] == pytest.approx(told_twice)
    row = {f"mw_{name}": round(float(bits), 6) for (name, _, _), bits in zip(SEX, parts[0], strict=True)}
    assert levels_of(row, model) == {"forename": "exact", "surname": surname, "sex": "exact"}


def test_a_model_file_keeps_what_hangs_on_what(tied: Model, tmp_path: Path) -> None:
    for model in (tied, beside_surname(tied)):
        save_model(model, tmp_path / "tied.toml")
        assert load_model(tmp_path / "tied.toml") == model


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "religion"},
        {"on": "religion"},
        {"times": ((1.0, 1.0, 1.0),)},
        {"on": "sex", "times": ((1.0, 1.0),) * 3},
        {"beside": "surname", "times_beside": ((1.0, 1.0, 1.0),)},
    ],
)
def test_a_model_file_that_says_it_of_other_levels_is_refused(
    tied: Model, tmp_path: Path, wrong: dict[str, object]
) -> None:
    one: Dependence = tied.dependence[0].model_copy(update=wrong)
    save_model(tied.model_copy(update={"dependence": (one,)}), tmp_path / "wrong.toml")
    with pytest.raises(SettingsError, match=f"dependence of {one.field} on {one.on}: both must be compared"):
        load_model(tmp_path / "wrong.toml")
