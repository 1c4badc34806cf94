"""The person columns of std_records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.addresses import Address, read_address
from pipeline.standardise.birthdays import Birthday, read_age, read_birthday
from pipeline.standardise.cells import Cells
from pipeline.standardise.codes import read_code, read_ethnicity, read_observed
from pipeline.standardise.contacts import read_email, read_phone, read_uprn
from pipeline.standardise.distinct import Mapped, Read, map_distinct, map_rows
from pipeline.standardise.identifiers import Police, read_nhs_number, read_police, read_upn
from pipeline.standardise.names import Names, read_names
from pipeline.standardise.notes import Gathered
from pipeline.standardise.reference import Reference
from schemas.contract import Contract
from schemas.tables import DAY, FLAG, SMALL, TEXT, TEXTS

Columns = dict[str, pa.Array]


def read_people(cells: Cells, contract: Contract, reference: Reference, as_of: dt.date, gathered: Gathered) -> Columns:
    """Everything that the cells say of persons, except ages that need the day of the record."""
    columns = _names(cells, contract, reference, gathered)
    columns |= _police(cells, reference, as_of, gathered)
    columns |= _address(cells, reference, gathered)
    for name, read in _single_fields(reference).items():
        columns[name] = read_column(cells, name, read, TEXT, gathered)
    return columns


def read_column(
    cells: Cells, name: str, read: Callable[[str], Read[Any]], kind: pa.DataType, gathered: Gathered
) -> pa.Array:
    """One field standardised by itself, its notes gathered."""
    mapped = map_distinct(cells[name], read)
    gathered.add_notes(mapped.notes(lambda found: found.notes))
    return mapped.column(lambda found: found.value, kind)


def _single_fields(reference: Reference) -> dict[str, Callable[[str], Read[str]]]:
    return {
        "sex": lambda text: read_code("sex", text, reference),
        "ethnicity": lambda text: read_ethnicity(text, reference),
        "ethnicity_observed": lambda text: read_observed(text, reference),
        "uprn": lambda text: read_uprn(text, reference),
        "phone": lambda text: read_phone(text, reference),
        "email": lambda text: read_email(text, reference),
        "nhs_number": lambda text: read_nhs_number(text, reference),
        "upn": lambda text: read_upn(text, reference),
    }


def _rows_of(cells: Cells, *names: str) -> list[tuple[str | None, ...]]:
    return list(zip(*(cells[name].to_pylist() for name in names), strict=True))


def _names(cells: Cells, contract: Contract, reference: Reference, gathered: Gathered) -> Columns:
    rows = _rows_of(cells, "full_name", "surname", "forename", "middle_names", "alias")
    found: Mapped[Names] = map_rows(rows, partial(read_names, order=contract.name_order, reference=reference))
    gathered.add_notes(found.notes(lambda names: names.notes))
    for flag in sorted({flag for names in found.results for flag in names.flags}):
        gathered.add_flag(found.rows_where(lambda names, flag=flag: flag in names.flags), flag)  # type: ignore[misc]
    lists = ("forename", "surname", "alias", "forename_phonetic", "surname_phonetic")
    columns = {
        name: found.column(lambda names, name=name: getattr(names, name) or None, TEXTS)  # type: ignore[misc]
        for name in lists
    }
    return columns | {"middle_names": found.column(lambda names: names.middle_names, TEXT)}


def _police(cells: Cells, reference: Reference, as_of: dt.date, gathered: Gathered) -> Columns:
    rows = _rows_of(cells, "pnc_id", "cro_number", "police_id")
    found: Mapped[Police] = map_rows(rows, partial(read_police, reference=reference, this_year=as_of.year))
    gathered.add_notes(found.notes(lambda police: police.notes))
    return {
        "pnc_id": found.column(lambda police: police.pnc_id, TEXT),
        "cro_number": found.column(lambda police: police.cro_number, TEXT),
    }


def _address(cells: Cells, reference: Reference, gathered: Gathered) -> Columns:
    found: Mapped[Address] = map_rows(
        _rows_of(cells, "address", "postcode"), partial(read_address, reference=reference)
    )
    gathered.add_notes(found.notes(lambda address: address.notes))
    return {
        "address": found.column(lambda a: a.address, TEXT),
        "postcode": found.column(lambda a: a.postcode.postcode, TEXT),
        "postcode_sector": found.column(lambda a: a.postcode.sector, TEXT),
        "postcode_district": found.column(lambda a: a.postcode.district, TEXT),
        "is_no_fixed_abode": found.column(lambda a: a.is_no_fixed_abode, FLAG),
    }


def read_births(
    cells: Cells, contract: Contract, reference: Reference, as_of: dt.date, recorded_at: pa.Array, gathered: Gathered
) -> Columns:
    """Birthdays and ages; an age cell comes before the age that a birthday cell gives."""
    births = map_distinct(cells["date_of_birth"], lambda text: read_birthday(text, contract.dates, reference, as_of))
    ages = map_distinct(cells["age"], read_age)
    for mapped in (births, ages):
        gathered.add_notes(mapped.notes(lambda birthday: birthday.notes))
    gathered.add_flag(births.rows_where(lambda birthday: birthday.swapped is not None), "dob_ambiguous")
    low, high = _ages_of_years(births, recorded_at, as_of)
    return {
        "date_of_birth": births.column(lambda birthday: birthday.date_of_birth, DAY),
        "date_of_birth_alt": births.column(lambda birthday: birthday.swapped, DAY),
        "age_low": pc.coalesce(
            ages.column(lambda b: b.ages.low, SMALL), births.column(lambda b: b.ages.low, SMALL), low
        ),
        "age_high": pc.coalesce(
            ages.column(lambda b: b.ages.high, SMALL), births.column(lambda b: b.ages.high, SMALL), high
        ),
    }


def _ages_of_years(births: Mapped[Birthday], recorded_at: pa.Array, as_of: dt.date) -> tuple[pa.Array, pa.Array]:
    """The ages that a year of birth alone leaves open on the day of the record."""
    born = births.column(lambda birthday: birthday.year, pa.int64())
    age = pc.subtract(pc.fill_null(pc.year(recorded_at), as_of.year), born)
    is_possible = pc.greater_equal(age, 0)
    high = pc.if_else(is_possible, age, pa.scalar(None, pa.int64()))
    return pc.max_element_wise(pc.subtract(high, 1), 0, skip_nulls=False).cast(SMALL), high.cast(SMALL)


def has_identity(columns: Columns) -> NDArray[np.bool_]:
    """Whether a record has any name, birthday or identifier: without one nothing can be linked to it."""
    known = ("forename", "surname", "alias", "date_of_birth", "pnc_id", "cro_number", "nhs_number", "upn")
    found = np.zeros(len(columns["forename"]), bool)
    for name in known:
        found |= np.asarray(columns[name].is_valid().to_numpy(zero_copy_only=False))
    return found
