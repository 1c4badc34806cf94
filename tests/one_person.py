"""The smallest publication: one record of one person."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables import PUBLISHED


def tables(surname: str = "ALI") -> dict[str, pa.Table]:
    """One record of one person."""
    given = {
        "record_id": "r1",
        "person_id": "P1",
        "feed_id": "custody",
        "source": "custody",
        "file": "f",
        "file_sha256": "0",
        "row_number": 2,
        "part": 1,
        "contract_version": "1",
        "role": "detainee",
        "basis": "fact",
        "event_id": "e1",
        "event_type": "custody",
        "surname": surname,
        "roles": ["detainee"],
        "boroughs": [],
        "sources": ["custody"],
        "n_records": 1,
        "cluster_confidence": 1.0,
        "n_open_questions": 0,
        "field": "surname",
        "value": surname,
        "is_chosen": True,
        "rule": "fact",
        "n_agree": 1,
        "valid_from": "2026-11-20-1",
        "cause": "data",
        "record_ids": ["r1"],
        "state": "fresh",
        "rows_read": 1,
        "rows_used": 1,
        "rows_quarantined": 0,
        "stage": "run",
        "metric": "x",
        "unit": "s",
    }
    given |= {
        "run_id": "2026-11-20-1",
        "kind": "created",
        "person_id_after": "P1",
        "blamed_on": ["custody"],
        "n_records_before": 0,
        "n_records_after": 1,
    }
    empty = ("links", "review_queue", "review_closed", "quarantine")
    out = {}
    for table in PUBLISHED:
        row = {name: given.get(name) for name in table.names}
        if table.name == "records":
            row["surname"] = [surname]
        if table.name == "run_metrics":
            row["value"] = 1.0
        rows = [] if table.name in empty else [row]
        out[table.name] = pa.Table.from_pylist(rows, table.arrow_schema())
    return out
