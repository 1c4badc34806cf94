"""What must hold over many nights: the same tables as full rebuilds, lasting ids, and a ledger that agrees with all else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.night_exports import Exports
from pipeline.core.places import Home
from pipeline.publish.query import query


def differing_tables(home: Path, twin: Path) -> list[str]:
    """Published tables that are not byte by byte those of the twin; of runs' own measures only is nothing asked."""
    manifests = [
        json.loads((place / "published/current/manifest.json").read_text("utf-8"))["tables"] for place in (home, twin)
    ]
    return sorted(
        name
        for name, table in manifests[0].items()
        if table["is_repeatable"] and table["sha256"] != manifests[1][name]["sha256"]
    )


def true_persons(publication: Path, exports: Exports) -> dict[str, tuple[str, str | None]]:
    """Record to its person, and its true person where that is known."""
    place = ("file", "file_sha256", "sheet", "row_number", "part")
    rows = pq.read_table(publication / "records", columns=["record_id", "person_id", *place]).to_pylist()
    return {row["record_id"]: (row["person_id"], exports.truth_of(*(row[name] for name in place))) for row in rows}


def ids_of_strangers(nights: Iterable[Mapping[str, tuple[str, str | None]]]) -> tuple[int, int]:
    """Person ids ever given, and how many of them covered two true persons who were never linked, directly or through others."""
    linked: dict[str, str] = {}

    def root(true: str) -> str:
        while linked.setdefault(true, true) != true:
            true = linked[true]
        return true

    covered_by: dict[str, set[str]] = defaultdict(set)
    for night in nights:
        true_persons: dict[str, set[str]] = defaultdict(set)
        for person, true in night.values():
            if true is not None:
                true_persons[person].add(true)
        for person, covered in true_persons.items():
            first, *more = sorted(covered)
            for another in more:
                linked[root(another)] = root(first)
            covered_by[person] |= covered
    return len(covered_by), sum(len({root(true) for true in covered}) > 1 for covered in covered_by.values())


def disagreements(home: Path, run_ids: list[str]) -> dict[str, int]:
    """Records on which the last ledger, person_as_of and link_changes tell another person than the publications did."""
    spans = query(Home(home), "SELECT record_id, person_id, valid_from, valid_to FROM record_spans")
    counts = {"ledger": 0, "as_of": 0, "link_changes": 0}
    before: pa.Table | None = None
    for run_id in run_ids:
        folder = home / "published" / run_id
        now = pq.read_table(folder / "records", columns=["record_id", "person_id"])
        day = run_id[:10]
        of_day = query(
            Home(home),
            f"SELECT record_id, person_id FROM record_spans WHERE from_date <= DATE '{day}' AND "
            f"(to_date IS NULL OR to_date > DATE '{day}')",
        )
        with duckdb.connect() as base:
            for name, table in (("spans", spans), ("now_", now), ("of_day", of_day)):
                base.register(name, table)
            counts["as_of"] += _differs(base, "of_day")
            base.execute(
                "CREATE TABLE told AS SELECT record_id, person_id FROM spans WHERE valid_from <= "
                f"'{run_id}' AND (valid_to IS NULL OR valid_to > '{run_id}')"
            )
            counts["ledger"] += _differs(base, "told")
            if before is not None:
                base.register("before_", before)
                base.register("changes", pq.read_table(folder / "link_changes"))
                moved = (
                    "SELECT b.record_id, coalesce(c.person_id_after, b.person_id) AS person_id FROM "
                    "before_ b LEFT JOIN (FROM changes WHERE kind = 'record_moved') c USING "
                    "(record_id) SEMI JOIN now_ USING (record_id)"
                )
                sql = f"SELECT count(*) FROM ({moved}) m JOIN now_ n USING (record_id) WHERE m.person_id <> n.person_id"
                counts["link_changes"] += int(base.execute(sql).fetchall()[0][0])
        before = now
    return counts


def _differs(base: duckdb.DuckDBPyConnection, name: str) -> int:
    sql = (
        f"SELECT count(*) FROM {name} a FULL JOIN now_ b USING (record_id) WHERE a.person_id IS "
        "DISTINCT FROM b.person_id"
    )
    return int(base.execute(sql).fetchall()[0][0])
