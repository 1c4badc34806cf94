"""Middle names that stand behind forenames are compared where they tell persons apart, and stand in their order."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.middle_names import tell_persons
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE, LATEST = Reference.load(), dt.date(2026, 1, 1)
GIVEN = ["Anna", "Omar", "Grace", "Yusuf", "Ella", "Kofi", "Maria"]
LAST = [f"{head}{tail}" for head in ("Ash", "Bel", "Cran", "Dun") for tail in ("ford", "ham", "well", "worth")]


def whole_names(n_swapped: int, n_with_middle: int = 200) -> list[str]:
    """Of two hundred names with two given ones each; the first of them stand in both orders."""
    names = []
    for row in range(n_with_middle):
        first, middle, last = (
            GIVEN[row % 7],
            GIVEN[(row + 1 + row // 7 % 3) % 7],
            LAST[row % 16] + "abcdefghijklm"[row % 13],
        )
        names.append(f"{first} {middle} {last}")
        if row < n_swapped:
            names.append(f"{middle} {first} {last}")
    return names + [f"{GIVEN[row % 7]} {LAST[row % 16]}" for row in range(200 - n_with_middle)]


def read(texts: list[str], kind: str = "full_name", surname: str | None = None) -> pa.Table:
    uses = [ColumnUse("name", kind, kind)]
    raw = pa.table({"name": texts})
    if surname:
        raw = raw.append_column("last", pa.array([surname] * len(texts)))
        uses.append(ColumnUse("last", "surname", "surname"))
    return standardise_any(raw, uses, REFERENCE, LATEST)


def test_middle_names_behind_forenames_become_a_column() -> None:
    texts = ["Mary J. Smith", "SMITH, Mary Ann", "Mary Smith", ""]
    assert read(texts).column("middle_names").to_pylist() == ["J", "ANN", None, None]
    table = read(["Mary Ann", "Mary", "mary j"], "forename", surname="Smith")
    assert table.column("middle_names").to_pylist() == ["ANN", None, "J"]
    assert table.column("forename").to_pylist() == ["MARY", "MARY", "MARY"]


@pytest.mark.parametrize(
    ("names", "is_so"),
    [
        (whole_names(n_swapped=0), True),
        (whole_names(n_swapped=40), False),
        (whole_names(n_swapped=0, n_with_middle=20), True),
        (whole_names(n_swapped=0, n_with_middle=8), False),
        (whole_names(n_swapped=0, n_with_middle=0), False),
    ],
)
def test_middle_names_tell_persons_where_enough_records_have_them_and_hardly_any_in_the_forenames_place(
    names: list[str], is_so: bool
) -> None:
    assert tell_persons(read(names)) == is_so


def test_a_table_without_surnames_or_forenames_has_no_middle_names() -> None:
    assert not tell_persons(pa.table({"surname": ["SMITH"]}))
    assert not tell_persons(
        pa.table({name: pa.array([], pa.string()) for name in ("forename", "middle_names", "surname")})
    )
