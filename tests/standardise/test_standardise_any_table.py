"""Any table of people: a text that stands for nothing is no value, in whichever field."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()


@pytest.mark.parametrize(
    ("kind", "value", "nothing"),
    [
        ("forename", "Amina", "unknown"),
        ("surname", "Khan", "N/A"),
        ("date_of_birth", "2009-03-14", "1|032017"),
        ("date_of_birth", "2009-03-14", "01/01/1900"),
        ("postcode", "E8 1EA", "not known"),
        ("phone", "020 8356 3000", "000"),
        ("email", "a@example.org", "none"),
        ("address", "1 High Street", "unknown"),
        ("identifier", "A12", "n/a"),
        ("category", "Hackney", "?"),
    ],
)
def test_a_text_that_stands_for_nothing_is_no_value(kind: str, value: str, nothing: str) -> None:
    use = ColumnUse("column", kind, kind)  # type: ignore[arg-type]
    table = standardise_any(pa.table({"column": [value, nothing, None, nothing, value]}), [use], REFERENCE)
    column = table.column(kind).combine_chunks()
    assert column.is_valid().to_pylist() == [True, False, False, False, True]
    assert "" not in column.to_pylist()
