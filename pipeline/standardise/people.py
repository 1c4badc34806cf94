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
from pipeline.standardise.distinct import Mapped, Reading, map_distinct, map_rows
from pipeline.standardise.identifiers import Police, read_nhs_number, read_police, read_upn
from pipeline.standardise.names import NameCells, Names, read_names
from pipeline.standardise.notes import Remarks
from pipeline.standardise.reference import Reference
from pipeline.standardise.rules import Rules
from schemas.tables import DAY, FLAG, OFFICIAL, SMALL, TEXT, TEXTS

Columns = dict[str, pa.Array]


def read_people(cells: Cells, rules: Rules, remarks: Remarks) -> Columns:
    """Everything that the cells say of persons, except ages that need the day of the record."""
    columns = _names(cells, rules, remarks)
    columns |= _police(cells, rules, remarks)
    columns |= _address(cells, rules.reference, remarks)
    for name, read in _single_fields(rules.reference).items():
        columns[name] = read_column(cells, name, read, TEXT, remarks)
    return columns


def read_column(
    cells: Cells, name: str, read: Callable[[str], Reading[Any]], kind: pa.DataType, remarks: Remarks
) -> pa.Array:
    """One field standardised by itself, its notes added to the remarks."""
    mapped = map_distinct(cells[name], read)
    remarks.add_notes(mapped.notes(lambda reading: reading.notes))
    return mapped.column(lambda reading: reading.value, kind)


def _single_fields(reference: Reference) -> dict[str, Callable[[str], Reading[str]]]:
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


def _names(cells: Cells, rules: Rules, remarks: Remarks) -> Columns:
    def read(*name_cells: str | None) -> Names:
        return read_names(NameCells(*name_cells), rules.contract.name_order, rules.reference)

    mapped: Mapped[Names] = map_rows(_rows_of(cells, *NameCells._fields), read)
    remarks.add_notes(mapped.notes(lambda names: names.notes))
    for flag in sorted({flag for names in mapped.results for flag in names.flags}):
        remarks.add_flag(mapped.rows_where(lambda names, flag=flag: flag in names.flags), flag)  # type: ignore[misc]
    lists = ("forename", "surname", "alias", "forename_phonetic", "surname_phonetic")
    columns = {
        field: mapped.column(lambda names, field=field: getattr(names, field) or None, TEXTS)  # type: ignore[misc]
        for field in lists
    }
    return columns | {"middle_names": mapped.column(lambda names: names.middle_names, TEXT)}


def _police(cells: Cells, rules: Rules, remarks: Remarks) -> Columns:
    rows = _rows_of(cells, "pnc_id", "cro_number", "police_id")
    read = partial(read_police, reference=rules.reference, this_year=rules.as_of.year)
    identifiers: Mapped[Police] = map_rows(rows, read)
    remarks.add_notes(identifiers.notes(lambda police: police.notes))
    return {
        "pnc_id": identifiers.column(lambda police: police.pnc_id, TEXT),
        "cro_number": identifiers.column(lambda police: police.cro_number, TEXT),
    }


def _address(cells: Cells, reference: Reference, remarks: Remarks) -> Columns:
    addresses: Mapped[Address] = map_rows(
        _rows_of(cells, "address", "postcode"), partial(read_address, reference=reference)
    )
    remarks.add_notes(addresses.notes(lambda address: address.notes))
    return {
        "address": addresses.column(lambda address: address.address, TEXT),
        "postcode": addresses.column(lambda address: address.postcode.postcode, TEXT),
        "postcode_sector": addresses.column(lambda address: address.postcode.sector, TEXT),
        "postcode_district": addresses.column(lambda address: address.postcode.district, TEXT),
        "is_no_fixed_abode": addresses.column(lambda address: address.is_no_fixed_abode, FLAG),
    }


def read_births(cells: Cells, rules: Rules, recorded_at: pa.Array, remarks: Remarks) -> Columns:
    """Birthdays and ages; an age cell comes before the age that a birthday cell gives."""
    births = map_distinct(
        cells["date_of_birth"],
        lambda text: read_birthday(text, rules.contract.dates, rules.reference, rules.as_of),
    )
    ages = map_distinct(cells["age"], read_age)
    for mapped in (births, ages):
        remarks.add_notes(mapped.notes(lambda birthday: birthday.notes))
    remarks.add_flag(births.rows_where(lambda birthday: birthday.swapped is not None), "dob_ambiguous")
    low, high = _ages_of_years(births, recorded_at, rules.as_of)
    return {
        "date_of_birth": births.column(lambda birthday: birthday.date_of_birth, DAY),
        "date_of_birth_alt": births.column(lambda birthday: birthday.swapped, DAY),
        "age_low": pc.coalesce(ages.column(_low, SMALL), births.column(_low, SMALL), low),
        "age_high": pc.coalesce(ages.column(_high, SMALL), births.column(_high, SMALL), high),
    }


def _low(birthday: Birthday) -> int | None:
    return birthday.ages.low


def _high(birthday: Birthday) -> int | None:
    return birthday.ages.high


def _ages_of_years(births: Mapped[Birthday], recorded_at: pa.Array, as_of: dt.date) -> tuple[pa.Array, pa.Array]:
    """The ages that a year of birth alone leaves open on the day of the record."""
    born = births.column(lambda birthday: birthday.year, pa.int64())
    age = pc.subtract(pc.fill_null(pc.year(recorded_at), as_of.year), born)
    is_possible = pc.greater_equal(age, 0)
    high = pc.if_else(is_possible, age, pa.scalar(None, pa.int64()))
    return pc.max_element_wise(pc.subtract(high, 1), 0, skip_nulls=False).cast(SMALL), high.cast(SMALL)


def has_identity(columns: Columns) -> NDArray[np.bool_]:
    """Whether a record has any name, birthday or identifier: without one nothing can be linked to it."""
    fields = ("forename", "surname", "alias", "date_of_birth", *OFFICIAL)
    is_identified = np.zeros(len(columns["forename"]), bool)
    for name in fields:
        is_identified |= np.asarray(columns[name].is_valid().to_numpy(zero_copy_only=False))
    return is_identified
