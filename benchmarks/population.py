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
    f"{what} {who}".strip()
    for what in ("", "master", "assistant", "chief", "retired")
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
}


def write_population(path: Path, rows: int, seed: int, shape: str = "city") -> Path:
    """Write about so many rows as Parquet: unique_id, entity_id (the truth), and the columns of the shape, as text."""
    said = SHAPES[shape]
    people = max(int(rows / said.records), 2)
    names = _Names.load()
    writer: pq.ParquetWriter | None = None
    first_row = 0
    for first in range(0, people, CHUNK):
        chance = np.random.default_rng([seed, first])
        table = _chunk(chance, said, names, first, min(CHUNK, people - first), people, first_row)
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
        for own in groups.values():
            for name in own:
                short.setdefault(name, []).extend(other for other in own if other != name)
        found = communities()
        lists = [
            [np.char.lower(np.array(getattr(c, kind), dtype=str)) for c in found] for kind in ("male", "female", "last")
        ]
        male, female, last = lists
        return cls(male, female, last, np.array([c.share for c in found]), short)


def _chunk(
    chance: np.random.Generator, shape: Shape, names: _Names, first: int, people: int, all_people: int, first_row: int
) -> pa.Table:
    """The records of the people first .. first + people, in random order."""
    household = np.repeat(np.arange(people), chance.choice([1, 2, 3, 4, 5], people, p=[0.35, 0.25, 0.18, 0.14, 0.08]))[
        :people
    ]
    homes = household[-1] + 1
    community = chance.choice(len(names.share), homes, p=names.share / names.share.sum())[household]
    place = np.arange(people) - np.searchsorted(household, household)  # 0 and 1 are the parents
    female = chance.random(people) < 0.5
    surname = _zipf(
        chance, names.last, chance.permuted(community[np.searchsorted(household, np.arange(homes))]), homes
    )[household]
    forename = np.where(
        female, _zipf(chance, names.female, community, people), _zipf(chance, names.male, community, people)
    )
    born = np.where(place < 2, chance.integers(-14_000, 2_500, people), chance.integers(4_000, 19_000, people))
    born = np.where(
        place == 1, born[np.maximum(np.arange(people) - 1, 0)] + chance.integers(-2_500, 2_500, people), born
    )
    is_twin = (place > 2) & (chance.random(people) < 0.06)
    born[is_twin] = born[np.flatnonzero(is_twin) - 1]
    is_junior = (place == 2) & (chance.random(people) < 0.02)
    father = np.flatnonzero(is_junior) - 2
    forename[is_junior], female[is_junior] = forename[father], female[father]
    homes_known = max(all_people // 25, 150)
    home = chance.integers(0, homes_known, homes)[household]
    town, trade = chance.integers(0, len(TOWNS), homes)[household], chance.integers(0, len(TRADES), people)
    second = chance.integers(0, homes_known, people)
    married = np.where(female & (chance.random(people) < 0.12), _zipf(chance, names.last, community, people), surname)

    extra = (
        chance.geometric(1 / shape.records, people)
        if shape.records > 2
        else 1 + chance.poisson(shape.records - 1, people)
    )
    who = chance.permutation(np.repeat(np.arange(people), extra))
    n = len(who)
    is_later = chance.random(n) < shape.moves
    columns = {
        "first_name": _spoilt(chance, _shortened(chance, forename[who], names, shape.short), shape.typo),
        "surname": _spoilt(chance, np.where(is_later, married[who], surname[who]), shape.typo),
        "dob": _days(chance, born[who], shape.wrong_day),
        "postcode": _spoilt(chance, _postcodes(np.where(is_later, second[who], home[who])), shape.typo / 3),
        "gender": np.where(female[who], "f", "m"),
        "birth_place": _spoilt(chance, np.array(TOWNS)[town[who]], shape.typo / 2),
        "occupation": np.array(TRADES)[
            np.where(chance.random(n) < 0.15, chance.integers(0, len(TRADES), n), trade[who])
        ],
    }
    arrays: dict[str, pa.Array] = {"unique_id": pa.array(first_row + np.arange(n)), "entity_id": pa.array(first + who)}
    for name in shape.columns:
        share = {"first_name": 0.4, "surname": 0.2, "postcode": 1.5}.get(name, 1.0) * shape.missing
        arrays[name] = pa.array(columns[name].astype(object), pa.string(), mask=chance.random(n) < share)
    return pa.table(arrays)


def _zipf(chance: np.random.Generator, lists: list[np.ndarray], community: np.ndarray, size: int) -> np.ndarray:
    """A name for each, the commoner the earlier it stands in its community's list."""
    out = np.empty(size, dtype="<U28")
    for at, names in enumerate(lists):
        own = np.flatnonzero(community == at)
        share = 1 / (np.arange(len(names)) + 8.0)
        out[own] = names[chance.choice(len(names), len(own), p=share / share.sum())]
    return out


def _shortened(chance: np.random.Generator, names: np.ndarray, known: _Names, share: float) -> np.ndarray:
    out = names.copy()
    for at in np.flatnonzero(chance.random(len(names)) < share):
        others = known.short.get(out[at])
        if others and chance.random() < 0.6:
            out[at] = others[int(chance.integers(len(others)))]
        elif share > 0.1 and chance.random() < 0.4:
            out[at] = out[at][:1]
    return out


def _spoilt(chance: np.random.Generator, texts: np.ndarray, share: float) -> np.ndarray:
    """Some texts with a letter dropped, doubled, exchanged or moved."""
    out = texts.astype("<U30")
    own = np.flatnonzero(chance.random(len(out)) < share)
    kinds, letters = chance.integers(0, 4, len(own)), LETTERS[chance.integers(0, 26, len(own))]
    places = chance.random(len(own))
    for at, kind, letter, place in zip(own.tolist(), kinds.tolist(), letters.tolist(), places.tolist(), strict=True):
        text = str(out[at])
        if len(text) > 2:
            k = int(place * (len(text) - 1))
            swapped = text[:k] + text[k + 1] + text[k] + text[k + 2 :]
            out[at] = (
                text[:k] + text[k + 1 :],
                text[:k] + letter + text[k:],
                text[:k] + letter + text[k + 1 :],
                swapped,
            )[kind]
    return out


def _days(chance: np.random.Generator, born: np.ndarray, share: float) -> np.ndarray:
    out = np.datetime_as_string(np.datetime64("1970-01-01") + born.astype("timedelta64[D]"))
    own = np.flatnonzero(chance.random(len(out)) < share)
    kinds, digits = chance.integers(0, 5, len(own)), chance.integers(0, 10, len(own))
    for at, kind, digit in zip(own.tolist(), kinds.tolist(), digits.tolist(), strict=True):
        year, month, day = str(out[at]).split("-")
        swapped = f"{year}-{day}-{month}" if int(day) < 13 else f"{year}-{month}-{digit % 3}{day[1]}"
        out[at] = (
            swapped,
            f"{year[:3]}{digit}-{month}-{day}",
            f"{year}-{month}-{day[0]}{digit}",
            f"{year}-01-01",
            f"{int(year) + digit % 3 - 1}-{month}-{day}",
        )[kind]
    return out


def _postcodes(codes: np.ndarray) -> np.ndarray:
    """A postcode for each number: districts of some hundred."""
    letters = np.array(list("abdefghjlnpqrstuwxyz"))
    area = np.array(["e", "n", "nw", "se", "sw", "w", "br", "cr", "ha", "ig", "kt", "rm", "sm", "tw", "ub", "en"])
    district, rest = (codes // 400).astype(int), (codes % 400).astype(int)
    outward = np.char.add(area[district % 16], (district // 16 + 1).astype(str))
    inward = np.char.add(
        (rest % 10).astype(str), np.char.add(letters[rest // 20 % 20], letters[(rest * 7 + district) % 20])
    )
    return np.char.add(np.char.add(outward, " "), inward)
