"""What the columns of any table of people may hold.

``boroughlink link`` takes a file as it is: canonical headings speak for themselves, others are given a kind.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from pipeline.core.errors import SettingsError
from schemas.usual_columns import kinds_taken
from schemas.usual_headings import BIRTH_PARTS, CERTAIN, heading_key, line_stems, usual_kinds

ColumnKind = Literal[
    "record_id", "source", "forename", "middle_names", "surname", "full_name", "alias", "date_of_birth", "year_of_birth", "month_of_birth",
    "day_of_birth", "age", "recorded_at", "postcode", "address", "phone", "email", "identifier", "category",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(ColumnKind)
IGNORE = "ignore"
KINDS_TOLD = f"Kinds: {', '.join(KINDS)}, {IGNORE}."
CANONICAL: Mapping[str, str] = {
    "record_id": "record_id", "source": "source", "forename": "forename", "middle_names": "middle_names", "surname": "surname", "full_name": "full_name",
    "alias": "alias", "date_of_birth": "date_of_birth", "year_of_birth": "year_of_birth", "month_of_birth": "month_of_birth",
    "day_of_birth": "day_of_birth", "age": "age", "age_low": "carried", "age_high": "carried", "recorded_at": "recorded_at",
    "role": "carried", "flags": "carried", "sex": "category", "ethnicity": "ethnicity", "address": "address", "postcode": "postcode",
    "phone": "phone", "email": "email", "pnc_id": "identifier", "cro_number": "identifier", "nhs_number": "identifier",
    "upn": "identifier",
}  # fmt: skip
"""Headings of ``std_records`` that need no map, and what they hold; ``carried`` columns are kept for rules and ages."""
NOT_COMPARED = ("record_id", "source", "recorded_at", "carried")
TELL_NOBODY = (*NOT_COMPARED, "category", "ethnicity")
"""Kinds that do not make a linkage by themselves, unless somebody says so."""
CANONICAL_KEYS: Mapping[str, str] = {
    heading_key(name): name for name, kind in CANONICAL.items() if kind not in NOT_COMPARED
}
"""Canonical headings as people type them: ``Date of Birth``, ``E-mail``, ``Post Code``."""
CERTAIN_KEYS: Mapping[str, str] = {key: name for name, keys in CERTAIN.items() for key in keys.split()} | {
    "gender": "sex"
}
"""Other headings that leave no doubt, and the canonical one that says the same."""
ONE_FIELD = ("forename", "surname", "date_of_birth")
"""Several columns of such a kind are several values of one field: a married and a maiden name, two birthdays on file."""
AGE = ("age_low", "age_high", "recorded_at")
"""Columns that together say an age on a day; of a table without the day all ages are of one."""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """One column of a file: what it holds, and the field of the linkage table that it fills."""

    column: str
    kind: str
    field: str
    is_taken: bool = False
    """Whether its usual heading and its values alone say so"""


def read_uses(
    headings: Sequence[str],
    kind_of_column: Mapping[str, str],
    unused: Iterable[str] = (),
    fitting: Mapping[str, str] = MappingProxyType({}),
    likely: Mapping[str, str] = MappingProxyType({}),
) -> tuple[ColumnUse, ...]:
    """How each column is used: as given, else by its canonical heading in any case and spacing, else by what fits it.

    A heading that says the same without a doubt (``first_name``, ``dob``) counts where no other column is of its kind.

    Args:
        headings: of the table.
        kind_of_column: what was said of columns.
        unused: columns that are left out.
        fitting: kinds of columns with a usual heading whose values fit it; they yield to all others.
        likely: kinds that columns may have, for the advice of an error.

    Raises:
        SettingsError: If a kind is unknown, a column is not there, or nothing is left that could be compared.
    """
    check_kinds(headings, kind_of_column)
    skipped = {*unused, *(column for column, kind in kind_of_column.items() if kind == IGNORE)}
    left = [column for column in headings if column not in skipped]
    canonical = _canonical([column for column in left if column not in kind_of_column])
    canonical |= _certain(
        [column for column in left if column not in {*kind_of_column, *canonical}],
        {*kind_of_column.values(), *canonical.values()},
    )
    canonical = _without_odd_parts(canonical, kind_of_column)
    kinds = {column: kind_of_column.get(column) or CANONICAL.get(canonical.get(column, "")) for column in left}
    known = [kind for kind in kinds.values() if kind]
    open_columns = {column: kind for column, kind in fitting.items() if column in left and not kinds[column]}
    taken = kinds_taken(open_columns, known)
    kinds |= taken
    kinds_of_columns = [(column, kind) for column, kind in kinds.items() if kind]
    for single in ("record_id", "source", *BIRTH_PARTS, "age", "recorded_at"):
        columns = [column for column, kind in kinds_of_columns if kind == single]
        if len(columns) > 1:  # a kind that was given goes before a heading's own
            columns = [column for column in columns if column in kind_of_column]
            kinds_of_columns = [
                (column, kind) for column, kind in kinds_of_columns if kind != single or column in columns
            ]
        if len(columns) > 1:
            raise SettingsError(
                "--field", f"{' and '.join(columns)} are both {single}; a record has one.", "Take one away."
            )
    parts = [kind for _, kind in kinds_of_columns if kind in BIRTH_PARTS]
    if parts and BIRTH_PARTS[0] not in parts:
        problem = f"{parts[0]} alone tells no birthday."
        raise SettingsError("--field", problem, f"Give the column with the year, too: --field COLUMN={BIRTH_PARTS[0]}.")
    if all(kind in (NOT_COMPARED if column in kind_of_column else TELL_NOBODY) for column, kind in kinds_of_columns):
        told = [_advice(likely or usual_kinds(headings)), _headings(headings), KINDS_TOLD]
        raise SettingsError("--field", "no column is left to compare.", " ".join(told))
    return tuple(
        ColumnUse(column, kind, _field(column, canonical.get(column, column), kind, kinds_of_columns), column in taken)
        for column, kind in kinds_of_columns
    )


def check_kinds(headings: Sequence[str], kind_of_column: Mapping[str, str]) -> None:
    """Refuse a kind that there is not, or a column that there is not.

    Raises:
        SettingsError: If there is one.
    """
    for column, kind in kind_of_column.items():
        if kind not in (*KINDS, IGNORE):
            raise SettingsError(f"--field {column}={kind}", f"{kind} is no kind.", KINDS_TOLD)
        if column not in headings:
            raise SettingsError(f"--field {column}={kind}", f"no column is called {column}.", _headings(headings))


def _canonical(columns: Sequence[str]) -> dict[str, str]:
    """Columns to the canonical heading that they bear; of several it is the one that bears it to the letter, or the first."""
    exact = {column: column for column in columns if column in CANONICAL}
    alike: dict[str, str] = {}
    for column in columns:
        name = CANONICAL_KEYS.get(heading_key(column))
        if name and name not in exact:
            alike.setdefault(name, column)
    return exact | {column: name for name, column in alike.items()}


def _certain(columns: Sequence[str], names_taken: Collection[str]) -> dict[str, str]:
    """Columns to the canonical heading that says the same as theirs, if no column has it; of several it is the first."""
    column_of: dict[str, str] = {}
    for column in columns:
        name = CERTAIN_KEYS.get(heading_key(column))
        if name and name not in names_taken:
            column_of.setdefault(name, column)
    return {column: name for name, column in column_of.items()}


def field_options(kinds: Mapping[str, str]) -> list[str]:
    """The options of the command line that say of each column what it holds."""
    return [f"--field {shlex.quote(f'{column}={kind}')}" for column, kind in kinds.items()]


def _without_odd_parts(canonical: Mapping[str, str], kind_of_column: Mapping[str, str]) -> dict[str, str]:
    """Without parts of a birthday that nobody asked for, where there is a whole one, or no year."""
    names = {*canonical.values(), *kind_of_column.values()}
    is_whole = "date_of_birth" in names or BIRTH_PARTS[0] not in names
    return {column: name for column, name in canonical.items() if not (is_whole and name in BIRTH_PARTS)}


def _advice(likely: Mapping[str, str]) -> str:
    kinds = likely or {"first_name": "forename", "dob": "date_of_birth"}
    return f"Say what the columns hold, for example {' '.join(field_options(kinds))}."


def _headings(headings: Sequence[str]) -> str:
    return f"The columns are {', '.join(headings[:40])}{', ..' if len(headings) > 40 else ''}."


def _field(column: str, name: str, kind: str, kinds_of_columns: Sequence[tuple[str, str]]) -> str:
    """A kind that one column holds gives the field its name, so that rules know it; else the column's own heading.

    Lines of one address are one field, called as they are without their numbers.
    """
    if kind in (*ONE_FIELD, "middle_names", "record_id", "source", "full_name", "alias", "age", "recorded_at"):
        return kind
    if kind in BIRTH_PARTS:
        return "date_of_birth"
    of_kind = [other_column for other_column, other_kind in kinds_of_columns if other_kind == kind]
    stem_of = line_stems(of_kind) if kind == "address" else {}
    is_alone = len(of_kind) == 1 or (len(stem_of) == len(of_kind) and len({*map(heading_key, stem_of.values())}) == 1)
    return kind if kind in ("postcode", "address", "phone", "email") and is_alone else stem_of.get(column, name)
