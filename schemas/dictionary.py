"""Generates ``DICTIONARY.md`` and ``contract.schema.json``: run ``python -m schemas.dictionary`` after a change."""

from __future__ import annotations

import json
from pathlib import Path

from schemas.contract import Contract
from schemas.tables import MARKING, PUBLISHED, STAGED, Table

FOLDER = Path(__file__).resolve().parent
HEAD = f"""# Data dictionary

Generated from `schemas/tables.py` by `python -m schemas.dictionary`; change that file, not this one. Marking: {MARKING}.

Published tables lie in `<home>/published/current/<table>/*.parquet`; staged ones in the folder of a run. The key is also the sort order.
"""


def dictionary() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, "## Published\n", *map(_section, PUBLISHED), "## Staged\n", *map(_section, STAGED)]
    return "\n".join(parts)


def contract_schema() -> str:
    """JSON Schema of a source contract, for editors."""
    return json.dumps(Contract.model_json_schema(), indent=1, sort_keys=True) + "\n"


def _section(table: Table) -> str:
    rows = [
        f"| `{c.name}` | {c.type} | {'yes' if c.nullable else 'no'} | {'yes' if c.personal else 'no'} | {c.about} |"
        for c in table.columns
    ]
    key = ", ".join(f"`{name}`" for name in table.key)
    again = "" if table.is_repeatable else " Holds seconds, so its bytes differ from run to run."
    head = f'<a id="{table.name}"></a>\n### {table.name}\n\nGrain: {table.grain}. Key: {key}.{again}\n'
    return "\n".join([head, "| column | type | may be null | personal | meaning |", "|---|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    (FOLDER / "DICTIONARY.md").write_text(dictionary(), "utf-8")
    (FOLDER / "contract.schema.json").write_text(contract_schema(), "utf-8")
