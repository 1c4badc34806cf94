"""Make synthetic London: exports in every format, and the truth about them, apart."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.synth.authorities import Authorities
from pipeline.synth.book_files import PASSWORD
from pipeline.synth.cad import cad
from pipeline.synth.crimint import Crimint
from pipeline.synth.cris import Cris
from pipeline.synth.custody import custody
from pipeline.synth.dirt import write_down
from pipeline.synth.exports import Export, Truth
from pipeline.synth.households import households
from pipeline.synth.lives import absences_of, events_of
from pipeline.synth.merlin import merlin_mis, merlin_pac
from pipeline.synth.people import Household, Person
from pipeline.synth.recency import Recency
from pipeline.synth.trackers import Trackers
from pipeline.synth.visor import Visor

AS_OF = dt.date(2026, 11, 20)
BATCH = 50_000
Progress = Callable[[str, int, int], None]
TRUTH_RECORDS = pa.schema(
    [
        ("feed_id", pa.string()),
        ("file", pa.string()),
        ("sheet", pa.string()),
        ("row_number", pa.int32()),
        ("part", pa.int16()),
        ("true_person_id", pa.string()),
    ]
)
TRUTH_PERSONS = pa.schema(
    [
        ("true_person_id", pa.string()),
        ("household_id", pa.string()),
        ("community", pa.string()),
        ("forename", pa.string()),
        ("surname", pa.string()),
        ("date_of_birth", pa.date32()),
        ("sex", pa.string()),
        ("address", pa.string()),
        ("postcode", pa.string()),
    ]
)
TRUTH_RELATIONS = pa.schema([("person_a", pa.string()), ("person_b", pa.string()), ("kind", pa.string())])
RUN_FILE = """# One night on this synthetic London. Paths are relative to this file.
home: home
exports: exports
as_of: {as_of}
passwords:
  BOROUGHLINK_MERTON_PASSWORD: passwords/merton
"""


@dataclass(frozen=True, slots=True)
class SynthSummary:
    """What was made."""

    people: int
    records: int
    out: Path


@dataclass(slots=True)
class _TruthFile:
    """Truth rows, written in batches so that memory stays bounded."""

    path: Path
    schema: pa.Schema
    rows: list[tuple[object, ...]] = field(default_factory=list)
    count: int = 0
    writer: pq.ParquetWriter | None = None

    def add(self, *row: object) -> None:
        self.rows.append(row)
        self.count += 1
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        self.writer = self.writer or pq.ParquetWriter(self.path, self.schema, compression="zstd")
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.schema)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, self.schema.types, strict=True)]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self.rows = []

    def close(self) -> None:
        self.flush()
        if self.writer:
            self.writer.close()


def generate(
    people: int, seed: int, out: Path, as_of: dt.date = AS_OF, progress: Progress = lambda *_: None
) -> SynthSummary:
    """Write exports, truth, passwords and a run file below ``out``; the same for the same people, seed and date.

    The password-protected workbook alone differs in its bytes, for its salt is random; its rows are the same.
    """
    root, truth_folder = out / "exports", out / "truth"
    for folder in (root, truth_folder, out / "passwords"):
        folder.mkdir(parents=True, exist_ok=True)
    (out / "passwords" / "merton").write_text(PASSWORD + "\n", "utf-8")
    (out / "run.yaml").write_text(RUN_FILE.format(as_of=as_of.isoformat()), "utf-8")
    records = _TruthFile(truth_folder / "records.parquet", TRUTH_RECORDS)
    persons = _TruthFile(truth_folder / "persons.parquet", TRUTH_PERSONS)
    relations = _TruthFile(truth_folder / "relations.parquet", TRUTH_RELATIONS)
    writers = _writers(root, records.add, seed, as_of)
    recency, n_people = Recency(as_of), 0
    for number, household in enumerate(households(people, seed, as_of), start=1):
        for part, happen in (("life", events_of), ("calls", absences_of)):
            rng = random.Random(f"{seed}/{part}/{number}")
            for event in happen(household, rng, as_of):
                recency.settle(event, is_late=n_people * 2 > people)
                writers[event.system].add(write_down(event, household.people, rng))
        _tell(household, persons, relations, as_of)
        n_people += len(household.people)
        if number % 500 == 0:
            progress("people", n_people, people)
    progress("people", people, people)
    for n_closed, (name, writer) in enumerate(writers.items(), start=1):
        writer.close()
        progress(f"files: {name}", n_closed, len(writers))
    for file in (records, persons, relations):
        file.close()
    return SynthSummary(n_people, records.count, out)


def _writers(root: Path, truth: Truth, seed: int, as_of: dt.date) -> dict[str, Export]:
    def random_of(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")

    visor = Visor(root, truth, random_of("visor"))
    return {
        "cris": Cris(root, truth, random_of("cris")),
        "merlin_mis": merlin_mis(root, truth, random_of("mis"), visor.homes),
        "merlin_pac": merlin_pac(root, truth, random_of("pac")),
        "cad": cad(root, truth, random_of("cad"), as_of),
        "custody": custody(root, truth),
        "visor": visor,
        "crimint": Crimint(root, truth, random_of("crimint")),
        "borough_cse": Trackers(root, truth, random_of("cse"), as_of),
        "la_children": Authorities(root, truth),
    }


def _tell(household: Household, persons: _TruthFile, relations: _TruthFile, as_of: dt.date) -> None:
    for person in household.people:
        persons.add(*_truth_of(person, as_of))
    for relation in household.relations:
        relations.add(*relation)


def _truth_of(person: Person, as_of: dt.date) -> tuple[object, ...]:
    home = person.home_on(as_of)
    return (
        person.person_id,
        person.household_id,
        person.community.name,
        person.forename,
        person.surname,
        person.born,
        person.sex,
        home.address,
        home.postcode,
    )
