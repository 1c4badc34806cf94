"""Synthetic people in any number: households, twins, namesakes, movers, slips of the pen; the truth beside every row.

Another generator than ``boroughlink synth``, made to be quick and to come in shapes: nothing in the linkage was tuned to it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.places import REFERENCE
from pipeline.synth.names import communities

CHUNK = 200_000  # people made at a time: memory stays the same however many there are
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
TOWNS = tuple(
    f"{head}{tail}"
    for head in (
        "ash",
        "bex",
        "cran",
        "dun",
        "elm",
        "far",
        "green",
        "hart",
        "ink",
        "kings",
        "long",
        "mel",
        "nor",
        "oak",
        "pen",
        "raven",
        "stan",
        "thorn",
        "wal",
        "york",
    )
    for tail in ("bury", "ford", "ham", "ley", "mouth", "stead", "ton", "wick")
)
TRADES = tuple(
    f"{rank} {who}".strip()
    for rank in ("", "master", "assistant", "chief", "retired")
    for who in (
        "baker",
        "carpenter",
        "clerk",
        "cook",
        "driver",
        "engineer",
        "farmer",
        "gardener",
        "lawyer",
        "mason",
        "miner",
        "musician",
        "nurse",
        "painter",
        "physician",
        "politician",
        "sailor",
        "smith",
        "teacher",
        "weaver",
    )
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many records a person has, how they are spoilt, and which columns there are."""

    columns: tuple[str, ...]
    records: float
    """mean records a person, at least one"""
    typo: float
    """share of a record's names that have a slip"""
    missing: float
    """share of a record's fields that are empty"""
    wrong_day: float
    """share of birthdays with a digit, the order or the year wrong"""
    short: float
    """share of forenames that are a nickname or an initial"""
    moves: float
    """share of records from another address"""


PLAIN = ("first_name", "surname", "dob", "postcode", "gender")
SHAPES = {
    "city": Shape(PLAIN, 1.45, 0.07, 0.05, 0.06, 0.06, 0.25),
    "messy": Shape((*PLAIN, "birth_place", "occupation"), 10.0, 0.22, 0.16, 0.18, 0.18, 0.35),
    "no_birthday": Shape(
        ("first_name", "surname", "postcode", "gender", "birth_place", "occupation"), 2.5, 0.12, 0.10, 0.0, 0.10, 0.20
    ),
    "names_and_birthdays": Shape(("first_name", "surname", "dob"), 2.0, 0.12, 0.04, 0.10, 0.08, 0.0),
    "movers": Shape(
        ("first_name", "surname", "gender", "street", "town", "postcode", "phone"), 2.2, 0.12, 0.10, 0.0, 0.08, 0.30
    ),
}


def write_population(path: Path, rows: int, seed: int, shape: str = "city") -> Path:
    """Write about so many rows as Parquet: unique_id, entity_id (the truth), and the columns of the shape, as text."""
    form = SHAPES[shape]
    people = max(int(rows / form.records), 2)
    names = _Names.load()
    writer: pq.ParquetWriter | None = None
    first_row = 0
    for first in range(0, people, CHUNK):
        chance = np.random.default_rng([seed, first])
        table = _chunk(chance, form, names, first, min(CHUNK, people - first), people, first_row)
        first_row += len(table)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()
    return path


@dataclass(frozen=True, slots=True)
class _Names:
    male: list[np.ndarray]
    female: list[np.ndarray]
    last: list[np.ndarray]
    share: np.ndarray
    short: dict[str, list[str]]

    @classmethod
    def load(cls) -> _Names:
        groups: dict[str, list[str]] = {}
        with (REFERENCE / "nicknames.csv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                if row["kind"] == "forename":
                    groups.setdefault(row["group"], []).append(row["name"].lower())
        short: dict[str, list[str]] = {}
        for group in groups.values():
            for name in group:
                short.setdefault(name, []).extend(another for another in group if another != name)
        origins = communities()
        lists = [
            [np.char.lower(np.array(getattr(origin, kind), dtype=str)) for origin in origins]
            for kind in ("male", "female", "last")
        ]
        male, female, last = lists
        return cls(male, female, last, np.array([origin.share for origin in origins]), short)


@dataclass(frozen=True, slots=True)
class _People:
    """What is true of each person."""

    forename: np.ndarray
    surname: np.ndarray
    later_surname: np.ndarray
    """another one for those who marry"""
    is_female: np.ndarray
    born: np.ndarray
    """days since 1970"""
    household: np.ndarray
    home: np.ndarray
    later_home: np.ndarray
    """numbers of postcodes"""
    town: np.ndarray
    trade: np.ndarray


def _chunk(
    chance: np.random.Generator, shape: Shape, names: _Names, first: int, people: int, all_people: int, first_row: int
) -> pa.Table:
    """The records of the people first .. first + people, in random order."""
    drawn = _people(chance, names, people, max(all_people // 25, 150))
    if shape.records > 2:
        n_records = chance.geometric(1 / shape.records, people)
    else:
        n_records = 1 + chance.poisson(shape.records - 1, people)
    who = chance.permutation(np.repeat(np.arange(people), n_records))
    columns = _records(chance, shape, names, drawn, who)
    arrays: dict[str, pa.Array] = {
        "unique_id": pa.array(first_row + np.arange(len(who))),
        "entity_id": pa.array(first + who),
    }
    for name in shape.columns:
        share = {"first_name": 0.4, "surname": 0.2, "postcode": 1.5}.get(name, 1.0) * shape.missing
        arrays[name] = pa.array(columns[name].astype(object), pa.string(), mask=chance.random(len(who)) < share)
    return pa.table(arrays)


def _people(chance: np.random.Generator, names: _Names, people: int, postcodes: int) -> _People:
    """Households of up to five, with parents, twins, and sons who are called as their fathers."""
    household = np.repeat(np.arange(people), chance.choice([1, 2, 3, 4, 5], people, p=[0.35, 0.25, 0.18, 0.14, 0.08]))
    household = household[:people]
    homes = household[-1] + 1
    community = chance.choice(len(names.share), homes, p=names.share / names.share.sum())[household]
    place = np.arange(people) - np.searchsorted(household, household)  # 0 and 1 are the parents
    is_female = chance.random(people) < 0.5
    of_home = chance.permuted(community[np.searchsorted(household, np.arange(homes))])
    surname = _zipf(chance, names.last, of_home, homes)[household]
    female, male = (_zipf(chance, lists, community, people) for lists in (names.female, names.male))
    forename = np.where(is_female, female, male)
    born = np.where(place < 2, chance.integers(-14_000, 2_500, people), chance.integers(4_000, 19_000, people))
    partner = born[np.maximum(np.arange(people) - 1, 0)]
    born = np.where(place == 1, partner + chance.integers(-2_500, 2_500, people), born)
    is_twin = (place > 2) & (chance.random(people) < 0.06)
    born[is_twin] = born[np.flatnonzero(is_twin) - 1]
    is_junior = (place == 2) & (chance.random(people) < 0.02)
    father = np.flatnonzero(is_junior) - 2
    forename[is_junior], is_female[is_junior] = forename[father], is_female[father]
    home = chance.integers(0, postcodes, homes)[household]
    town, trade = chance.integers(0, len(TOWNS), homes)[household], chance.integers(0, len(TRADES), people)
    later_home = chance.integers(0, postcodes, people)
    marries = is_female & (chance.random(people) < 0.12)
    later_surname = np.where(marries, _zipf(chance, names.last, community, people), surname)
    return _People(forename, surname, later_surname, is_female, born, household, home, later_home, town, trade)


def _records(
    chance: np.random.Generator, shape: Shape, names: _Names, people: _People, who: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns of one record for each of ``who``, with slips of the pen."""
    n = len(who)
    is_later = chance.random(n) < shape.moves
    surname = np.where(is_later, people.later_surname[who], people.surname[who])
    home = np.where(is_later, people.later_home[who], people.home[who])
    columns = {
        "first_name": _spoilt(chance, _shortened(chance, people.forename[who], names, shape.short), shape.typo),
        "surname": _spoilt(chance, surname, shape.typo),
        "dob": _days(chance, people.born[who], shape.wrong_day),
        "postcode": _spoilt(chance, _postcodes(home), shape.typo / 3),
        "gender": np.where(people.is_female[who], "f", "m"),
        "birth_place": _spoilt(chance, np.array(TOWNS)[people.town[who]], shape.typo / 2),
        "occupation": np.array(TRADES)[
            np.where(chance.random(n) < 0.15, chance.integers(0, len(TRADES), n), people.trade[who])
        ],
    }
    if "street" in shape.columns:
        columns |= _where(chance, shape, people.household[who], home, who, is_later)
    return columns


def _where(
    chance: np.random.Generator,
    shape: Shape,
    household: np.ndarray,
    home: np.ndarray,
    who: np.ndarray,
    is_later: np.ndarray,
) -> dict[str, np.ndarray]:
    """Street and town of each record, which change with the postcode, and the phone of the household, which mostly does not."""
    house = np.where(is_later, who * 7, household) % 60 + 1
    road = np.char.add(np.array(TOWNS)[home * 13 % len(TOWNS)], np.array([" road", " street", " lane"])[home % 3])
    is_other = chance.random(len(who)) < 0.15
    number = np.where(is_other, chance.integers(0, 10**6, len(who)), household * 7919 % 10**6)
    return {
        "street": _spoilt(chance, np.char.add(np.char.add(house.astype(str), " "), road), shape.typo),
        "town": _spoilt(chance, np.array(TOWNS)[home // 40 % len(TOWNS)], shape.typo / 2),
        "phone": np.char.add("07700 ", np.char.zfill(number.astype(str), 6)),
    }


def _zipf(chance: np.random.Generator, lists: list[np.ndarray], community: np.ndarray, size: int) -> np.ndarray:
    """A name for each, the commoner the earlier it stands in its community's list."""
    names = np.empty(size, dtype="<U28")
    for number, listed in enumerate(lists):
        rows = np.flatnonzero(community == number)
        share = 1 / (np.arange(len(listed)) + 8.0)
        names[rows] = listed[chance.choice(len(listed), len(rows), p=share / share.sum())]
    return names


def _shortened(chance: np.random.Generator, names: np.ndarray, name_lists: _Names, share: float) -> np.ndarray:
    shortened = names.copy()
    for row in np.flatnonzero(chance.random(len(names)) < share):
        short_forms = name_lists.short.get(shortened[row])
        if short_forms and chance.random() < 0.6:
            shortened[row] = short_forms[int(chance.integers(len(short_forms)))]
        elif share > 0.1 and chance.random() < 0.4:
            shortened[row] = shortened[row][:1]
    return shortened


def _spoilt(chance: np.random.Generator, texts: np.ndarray, share: float) -> np.ndarray:
    """Some texts with a letter dropped, doubled, exchanged or moved."""
    spoilt = texts.astype("<U30")
    rows = np.flatnonzero(chance.random(len(spoilt)) < share)
    kinds, letters = chance.integers(0, 4, len(rows)), LETTERS[chance.integers(0, 26, len(rows))]
    places = chance.random(len(rows))
    for row, kind, letter, place in zip(rows.tolist(), kinds.tolist(), letters.tolist(), places.tolist(), strict=True):
        text = str(spoilt[row])
        if len(text) > 2:
            letter_at = int(place * (len(text) - 1))
            swapped = text[:letter_at] + text[letter_at + 1] + text[letter_at] + text[letter_at + 2 :]
            spoilt[row] = (
                text[:letter_at] + text[letter_at + 1 :],
                text[:letter_at] + letter + text[letter_at:],
                text[:letter_at] + letter + text[letter_at + 1 :],
                swapped,
            )[kind]
    return spoilt


def _days(chance: np.random.Generator, born: np.ndarray, share: float) -> np.ndarray:
    days = np.datetime_as_string(np.datetime64("1970-01-01") + born.astype("timedelta64[D]"))
    rows = np.flatnonzero(chance.random(len(days)) < share)
    kinds, digits = chance.integers(0, 5, len(rows)), chance.integers(0, 10, len(rows))
    for row, kind, digit in zip(rows.tolist(), kinds.tolist(), digits.tolist(), strict=True):
        year, month, day = str(days[row]).split("-")
        swapped = f"{year}-{day}-{month}" if int(day) < 13 else f"{year}-{month}-{digit % 3}{day[1]}"
        days[row] = (
            swapped,
            f"{year[:3]}{digit}-{month}-{day}",
            f"{year}-{month}-{day[0]}{digit}",
            f"{year}-01-01",
            f"{int(year) + digit % 3 - 1}-{month}-{day}",
        )[kind]
    return days


def _postcodes(codes: np.ndarray) -> np.ndarray:
    """A postcode for each number: districts of some hundred."""
    letters = np.array(list("abdefghjlnpqrstuwxyz"))
    area = np.array(["e", "n", "nw", "se", "sw", "w", "br", "cr", "ha", "ig", "kt", "rm", "sm", "tw", "ub", "en"])
    district, number = (codes // 400).astype(int), (codes % 400).astype(int)
    outward = np.char.add(area[district % 16], (district // 16 + 1).astype(str))
    inward = np.char.add(
        (number % 10).astype(str), np.char.add(letters[number // 20 % 20], letters[(number * 7 + district) % 20])
    )
    return np.char.add(np.char.add(outward, " "), inward)
