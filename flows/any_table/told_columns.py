"""What the columns of files hold: as it was said, by their headings, and by what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.any_table.columns import in_one_naming
from pipeline.read.any_file import first_texts, read_any
from pipeline.standardise.fitting_kinds import fitting_kinds
from pipeline.standardise.likely_kinds import likely_kinds
from schemas.fields import ColumnUse, read_uses
from schemas.usual_headings import BIRTH_PARTS, kind_to_take, of_others

ROWS_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class ToldColumns:
    """How each file's columns are used, and texts of all of them."""

    uses_of_files: Sequence[Sequence[ColumnUse]]
    texts: Mapping[str, Sequence[str]]
    """heading to texts of the first rows of all files that have it"""

    def likely(self, unused: Sequence[str], fields: Collection[str]) -> dict[str, str]:
        """The kinds that unused columns probably have; ``fields``: what used ones fill."""
        kinds = likely_kinds({name: self.texts[name] for name in unused}, fields)
        told = BIRTH_PARTS if "date_of_birth" in fields else ()
        return {name: kind for name, kind in kinds.items() if kind not in told}


def told_columns(
    files: Sequence[Path],
    headings_of_files: Sequence[Sequence[str]],
    kinds_given: Mapping[str, str],
    truth: str | None,
    *,
    canonical_only: bool,
) -> ToldColumns:
    """The use of every column; a column of a usual heading whose values fit is taken, unless that is not wanted.

    Raises:
        SettingsError: If what was said cannot be, or nothing is left to compare.
    """
    texts: dict[str, list[str]] = {}
    for path, names in zip(files, headings_of_files, strict=True):
        for name, some_texts in first_texts(path, names, ROWS_LOOKED_AT).items():
            texts.setdefault(name, []).extend(some_texts)
    fitting = {} if canonical_only else fitting_kinds(texts)
    uses_of_files = []
    for path, names in zip(files, headings_of_files, strict=True):
        given = {column: kind for column, kind in kinds_given.items() if column in names}
        others = of_others(names)
        own = [name for name in names if name in fitting and name not in others]
        fitting_here = {name: fitting[name] for name in own if fitting[name] != "record_id"}
        if not canonical_only:
            fitting_here |= _naming_the_records(path, [name for name in names if name not in {*given, truth}])
        left = {name: texts[name] for name in names if name not in {*given, truth}}
        uses_of_files.append(read_uses(names, given, [truth] if truth else [], fitting_here, likely_kinds(left)))
    return ToldColumns(in_one_naming(uses_of_files), texts)


def _naming_the_records(path: Path, names: Sequence[str]) -> dict[str, str]:
    """The first column whose heading says that it names the records and that has another text in each of them."""
    for name in names:
        if kind_to_take(name) == "record_id":
            ids = read_any(path, [name]).column(name)
            if not pa.types.is_list(ids.type):
                ids = pc.utf8_trim_whitespace(ids)
                is_empty = pc.any(pc.equal(ids, "")).as_py() or ids.null_count
                if not is_empty and pc.count_distinct(ids).as_py() == len(ids):
                    return {name: "record_id"}
    return {}
