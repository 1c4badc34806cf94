"""The counts of the analysts' tables on the report of a night."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from few_people import few_people

from pipeline.marts.build import build_marts
from pipeline.report.findings import COLUMNS, findings
from schemas.settings import AnalysisSettings

PEOPLE = {"Ann": {"born": "2012-05-01"}, "Bea": {"born": "2012-05-01"}, "Rob": {"born": "1970-05-01"}}
EVENTS = [
    *({"of": "Ann", "is": "missing_episode", "at": f"2026-11-0{day}", "borough": "Camden"} for day in (1, 2, 3)),
    {"of": "Ann", "is": "exploitation_concern", "borough": "Brent"},
    {"of": "Bea", "is": "missing_episode", "at": "2026-11-01", "to": "2026-11-02", "borough": "Camden"},
    {"of": "Rob", "is": "registration", "status": "managed", "next_visit_due_date": "2026-11-01"},
    {"of": "Bea", "is": "custody", "at": "2026-11-05", "charged_at": "2026-11-05", "bail": "Refused"},
]


def counts_of(folder: Path, people: dict, events: list) -> dict[str, tuple[int, int | None]]:
    born = {name: {"born": pa.scalar(said["born"]).cast(pa.date32()).as_py()} for name, said in people.items()}
    few_people(folder, born, (), events)
    tables = {
        mart.name: rows for mart, rows in build_marts(folder, "2026-11-20-1", AnalysisSettings(), folder / "spill")
    }
    return {found.what: (found.n, found.of) for found in findings({name: tables[name] for name in COLUMNS})}


def test_the_report_counts_what_the_analysts_tables_found(tmp_path: Path) -> None:
    assert counts_of(tmp_path, PEOPLE, EVENTS) == {
        "children who went missing again and again": (1, 2),
        "children without a return from their latest episode": (1, 2),
        "children missing where others' knowledge of exploitation is not recorded": (1, 2),
        "missing children with an address of a registered sex offender": (0, None),
        "registered sex offenders whose visit is overdue": (1, 1),
        "registered sex offenders without a date of the next visit": (0, 1),
        "custody records of children kept overnight": (1, 1),
        "children charged and refused bail for whom no other accommodation was asked for": (1, 1),
        "suspects of several children, in more than one borough": (0, 0),
        "children who are victims and suspects": (0, None),
    }


def test_a_home_without_events_has_nothing_to_count(tmp_path: Path) -> None:
    assert {n for n, _ in counts_of(tmp_path, {}, []).values()} == {0}
