"""Whether the files of a publication are those that its manifest tells of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def damaged_files(folder: Path, *, is_deep: bool, tables: Sequence[str] | None = None) -> list[str]:
    """What is wrong with the publication's files, one sentence each; nothing where all is well.

    Args:
        folder: of the publication.
        is_deep: read every byte and compare its SHA-256; else only whether each file is there and has its rows.
        tables: only these; default all.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        table_facts: dict[str, Any] = {name: manifest["tables"][name] for name in tables or manifest["tables"]}
        return [
            problem
            for name, facts in table_facts.items()
            for problem in _of_table(folder / name, facts, is_deep=is_deep)
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ["manifest.json cannot be read"]


def _of_table(folder: Path, facts: dict[str, Any], *, is_deep: bool) -> Iterator[str]:
    rows = 0
    for part, sha256 in facts["sha256"].items():
        path = folder / part
        name = f"{folder.name}/{part}"
        if not path.is_file():
            yield f"{name} is gone"
            return
        try:
            rows += pq.read_metadata(path).num_rows
            with path.open("rb") as handle:
                if is_deep and hashlib.file_digest(handle, "sha256").hexdigest() != sha256:
                    yield f"{name} has changed"
        except (OSError, pa.ArrowException):
            yield f"{name} cannot be read"
            return
    if rows != facts["rows"]:
        yield f"{folder.name} has {rows:,} rows, its manifest says {facts['rows']:,}"
