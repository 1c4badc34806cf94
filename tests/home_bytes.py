"""Everything that lies in a home, as text: what is nowhere in it is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.core.parquet import read_table
from pipeline.core.places import Home

SHORT = 6
OF_A_PERSON = (
    "source_key",
    "full_name",
    "surname",
    "forename",
    "address",
    "postcode",
    "phone",
    "email",
    "police_id",
    "pnc_id",
    "nhs_number",
    "upn",
    "event_ref",
)
LINEAGE = ("feed_id", "file", "sheet", "row_number", "part")


def own_values(home: Home, rows: list[dict[str, Any]]) -> set[str]:
    """Texts about the person in the exports' rows of these records that stand in no other row, also not within a longer text."""
    keys = {tuple(row[name] for name in LINEAGE) for row in rows}
    own: set[str] = set()
    others: list[str] = []
    for path in home.runs.glob("*/read/*/raw_records.arrow"):
        for raw in read_table(path).to_pylist():
            if tuple(raw[name] for name in LINEAGE) in keys:
                own |= {raw[name] for name in OF_A_PERSON if raw[name]}
            else:
                others += [value for value in raw.values() if isinstance(value, str)]
    elsewhere = "\n".join(others).upper()
    return {text for text in own if len(text) >= SHORT and text.upper() not in elsewhere}


def all_texts(home: Home) -> dict[Path, str]:
    """Every file: the rows of a table, the bytes of any other."""
    found = {}
    for path in home.root.rglob("*"):
        if path.is_file():
            is_table = path.suffix in (".arrow", ".parquet")
            rows = read_table(path).to_pylist() if is_table else None
            found[path] = (
                json.dumps(rows, default=str, ensure_ascii=False) if is_table else path.read_bytes().decode("latin1")
            )
    return found


def traces(home: Home, secrets: set[str]) -> list[Path]:
    """Files that hold one of these texts, in any case."""
    wanted = {secret.upper() for secret in secrets}
    return [path for path, text in all_texts(home).items() if any(secret in text.upper() for secret in wanted)]
