"""Generates ``DICTIONARY.md`` and ``contract.schema.json``: run ``python -m schemas.dictionary`` after a change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from schemas.contract import Contract, load_contracts
from schemas.marts import MARTS
from schemas.tables import ATTRIBUTE, MARKING, PUBLISHED, STAGED, Table

FOLDER = Path(__file__).resolve().parent
HEAD = f"""# Data dictionary

Generated from `schemas/tables.py`, `schemas/marts.py` and `schemas/sources` by `python -m schemas.dictionary`; change those, not this file. Marking: {MARKING}.

Published tables lie in `<home>/published/current/<table>/*.parquet`; staged ones in the folder of a run. The key is also the sort order.
[docs/analysis.md](../docs/analysis.md) has questions with their SQL.

## Times

A column that ends in `_at` is a moment in UTC. A day without a time of day is midnight in London, which in summer is 23:00 UTC of the day before: count days and
months in London's time. `boroughlink query` does; in DuckDB say `SET TimeZone = 'Europe/London'`, in pandas `.dt.tz_convert("Europe/London")`.

## The night

`night` of `boroughlink query` has one row: `run_id` and `as_of`, the date of the publication, as `manifest.json` has them.

## Who was this person on a day

`boroughlink query` knows two more names. `record_spans` has one row a record and span of `identity_ledger`: `record_id`, `person_id`,
`from_date`, `to_date` (the day from which it no longer holds; null while it lasts), `valid_from` and `valid_to` (the runs).
`person_as_of(record_id, day)` is the person of a record at the end of a day:

```sql
SELECT person_as_of(record_id, DATE '2026-05-03') AS on_3_may, person_id AS today, count(*) AS n_records FROM records GROUP BY ALL
```

Elsewhere, such as in DuckDB on the Parquet files: `SELECT person_id FROM 'current/identity_ledger/*.parquet' WHERE list_contains(record_ids, 'R...')
AND left(valid_from, 10) <= '2026-05-03' AND (valid_to IS NULL OR left(valid_to, 10) > '2026-05-03')`. Compare days, not run ids: as text, the
tenth run of a day comes before the second.
"""  # noqa: S608  (an example to read)

MARTS_HEAD = """## Published for analysts

What an inspection asks, made from the tables above by the SQL in `pipeline/marts`, with every publication anew. Who has no birthday counts as a
child until the age on a record says otherwise. `repeat_missing_days` and the like are settings of the run file, under `analysis`.
"""

ATTRIBUTES_HEAD = """## Attributes of events

Keys of the map `attributes` of `events`, by the contracts in `schemas/sources`; the value is text as the source wrote it, and of a key that ends in `_date` an ISO
day, in `_at` a moment in UTC: `CAST(attributes['next_visit_due_date'] AS DATE)`. A key is missing where nothing was written.
"""


def dictionary() -> str:
    """The whole page as Markdown."""
    attributes = [ATTRIBUTES_HEAD, _attributes(load_contracts(FOLDER / "sources"))]
    published = ["## Published\n", *map(_section, PUBLISHED), MARTS_HEAD, *map(_section, MARTS)]
    parts = [HEAD, *published, *attributes, "## Staged\n", *map(_section, STAGED)]
    return "\n".join(parts)


def _attributes(contracts: Iterable[Contract]) -> str:
    """Which attributes the events of each source have, and under which headings of the exports they stand."""
    rows = [
        f"| `{contract.source}` | {contract.event_type} | `{name.removeprefix(ATTRIBUTE)}` | {', '.join(contract.event[name])} |"
        for contract in sorted(contracts, key=lambda contract: contract.source)
        for name in sorted(contract.event)
        if name.startswith(ATTRIBUTE)
    ]
    return "\n".join(["| source | event type | attribute | headings in the exports |", "|---|---|---|---|", *rows, ""])


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
