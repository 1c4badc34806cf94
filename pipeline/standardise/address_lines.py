"""The lines of an address in columns of their own, made one column of addresses.

One export writes a flat or the name of a house into the first line, another has no such line: town and street then stand in other
columns, though the address is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

TEXT = pa.string()


def with_whole_addresses(
    raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference
) -> tuple[pa.Table, Sequence[ColumnUse]]:
    """The table with a column of whole addresses, lines in the order of the columns, and the uses with it in place of them.

    Columns of kind address that are one field are its lines.
    """
    nothing = pa.array(sorted(reference.placeholders_of("address")), TEXT)
    lines_of: dict[str, list[str]] = {}
    for use in uses:
        if use.kind == "address":
            lines_of.setdefault(use.field, []).append(use.column)
    for field, columns in lines_of.items():
        if len(columns) > 1:
            whole = ColumnUse(f"{field} of its lines", "address", field)
            lines = [_line(raw.column(column).combine_chunks(), nothing) for column in columns]
            raw = raw.append_column(whole.column, _joined(lines))
            uses = [*(use for use in uses if (use.kind, use.field) != ("address", field)), whole]
    return raw, uses


def _line(column: pa.Array, nothing: pa.Array) -> pa.Array:
    """Without blanks around; empty where it says nothing."""
    text = pc.binary_join(column, " ") if pa.types.is_list(column.type) else column.cast(TEXT)
    trimmed = pc.utf8_trim_whitespace(text.fill_null(""))
    return pc.if_else(pc.is_in(pc.utf8_upper(trimmed), nothing), "", trimmed)


def _joined(lines: Sequence[pa.Array]) -> pa.Array:
    """Lines one after the other; the empty ones are left out, and null is where none has a word."""
    joined = pc.utf8_trim(pc.binary_join_element_wise(*lines, "\n"), "\n")
    return pc.if_else(pc.equal(joined, ""), None, pc.replace_substring_regex(joined, r"\n+", ", "))
