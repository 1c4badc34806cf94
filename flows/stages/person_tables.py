"""The tables of the persons stage in the run's folder: how they are written, and read by the stages after it.

What is large and mostly as it was is not written again: records and events are as linking wrote them but for their
persons, and of ``person_fields`` only what took the place of other rows since some night is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from flows.night.plan import Night
from flows.stages.linking import LINK
from pipeline.core.durable import hand_on
from pipeline.core.parquet import AT_ONCE, count_rows, read_table, replace_parts, replace_rows, write_table
from pipeline.core.places import RunFolder
from pipeline.persons.again import FieldsSince
from pipeline.persons.handed_on import WithPersons, with_persons
from pipeline.persons.stage import Identified, PersonTables
from pipeline.publish.rows import InParts, Rows, of_file
from schemas.tables import (
    EVENTS,
    IDENTITY_LEDGER,
    LINK_CHANGES,
    PERSON_FIELDS,
    RECORDS,
    REVIEW_CLOSED,
    REVIEW_QUEUE,
    Table,
)
from schemas.tables import PERSONS as PERSONS_TABLE

PERSONS = "persons"
RECORD_PERSONS = "record_persons"
FIELDS_SINCE, PERSONS_SINCE = "person_fields_since", "persons_since"
OF_LINKING = {RECORDS: "std_records", EVENTS: "events"}
AS_THEY_ARE = (PERSONS_TABLE, IDENTITY_LEDGER)  # large, and as their contracts have them
IN_ORDER = (LINK_CHANGES, REVIEW_QUEUE, REVIEW_CLOSED)
OLD_SHARE = 0.75  # of the file of fields must still count, else it is written anew


def write_identified(folder: RunFolder, identified: Identified) -> None:
    """Write the ledger, the changes and each record's person into the run's folder."""
    for table in (IDENTITY_LEDGER, LINK_CHANGES):
        _write(folder, table, getattr(identified, table.name))
    replace_rows(folder.table(PERSONS, RECORD_PERSONS), identified.record_persons)


def write_built(folder: RunFolder, built: PersonTables) -> None:
    """Write golden records and questions into the run's folder, two tables at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        writing = [pool.submit(_write, folder, PERSONS_TABLE, built.persons)]
        writing.append(pool.submit(write_fields, folder, built.person_fields))
        writing += [
            pool.submit(_write, folder, table, getattr(built, table.name)) for table in (REVIEW_QUEUE, REVIEW_CLOSED)
        ]
        for write in writing:
            write.result()


def built_rows(night: Night) -> dict[str, Rows]:
    """The tables of persons that a run built, by name; long ones stay in their files and are read in parts."""
    folder = night.folder
    record_persons = read_table(folder.table(PERSONS, RECORD_PERSONS))
    with ThreadPoolExecutor(AT_ONCE) as pool:  # whose each row is, and how many there are, are looked up in long tables
        long = {
            table: pool.submit(with_persons, folder.table(LINK, name), record_persons, table)
            for table, name in OF_LINKING.items()
        }
        fields = pool.submit(lambda: _in_parts(PERSON_FIELDS, fields_of(folder)))
        return {
            **{table.name: of_file(folder.table(PERSONS, table.name), table) for table in AS_THEY_ARE},
            **{table.name: read_table(folder.table(PERSONS, table.name)) for table in IN_ORDER},
            **{table.name: _in_parts(table, rows.result()) for table, rows in long.items()},
            PERSON_FIELDS.name: fields.result(),
        }


def _in_parts(table: Table, rows: WithPersons | FieldsSince) -> InParts:
    return InParts(table, rows.parts, rows.n_rows)


def fields_of(folder: RunFolder) -> FieldsSince:
    """``person_fields`` of a run."""
    main, newer, renewed = fields_files(folder)
    return FieldsSince(main, read_table(renewed).column("person_id").combine_chunks(), read_table(newer))


def fields_files(folder: RunFolder) -> tuple[Path, Path, Path]:
    """The files that ``person_fields`` is made of."""
    main, newer, renewed = (folder.table(PERSONS, name) for name in (PERSON_FIELDS.name, FIELDS_SINCE, PERSONS_SINCE))
    return main, newer, renewed


def _write(folder: RunFolder, table: Table, rows: pa.Table | Iterable[pa.Table]) -> None:
    path = folder.table(PERSONS, table.name)
    if isinstance(rows, pa.Table):
        write_table(path, rows, table)
    else:
        replace_parts(path, rows, table.arrow_schema())


def write_fields(folder: RunFolder, fields: pa.Table | FieldsSince) -> None:
    """Write ``person_fields``: only the rows that replaced others, while they are few beside the file's."""
    main, newer, renewed = fields_files(folder)
    schema = PERSON_FIELDS.arrow_schema()
    if isinstance(fields, FieldsSince) and len(fields.new_rows) <= (1 - OLD_SHARE) * count_rows(fields.path):
        main.parent.mkdir(parents=True, exist_ok=True)
        hand_on(fields.path, main)
        newer_rows, persons = fields.new_rows, fields.touched
    else:
        replace_parts(main, [fields] if isinstance(fields, pa.Table) else fields.parts(), schema)
        newer_rows, persons = schema.empty_table(), pa.array([], pa.string())
    replace_rows(newer, newer_rows)
    replace_rows(renewed, pa.table({"person_id": persons}))
