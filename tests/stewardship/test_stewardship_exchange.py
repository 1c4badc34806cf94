from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stewards_say import confirmed, retracted, said

from pipeline.core.errors import SettingsError
from pipeline.stewardship.erasure import erase
from pipeline.stewardship.exchange import bring_decisions, save_decisions
from pipeline.stewardship.store import Store, open_store

NASTY = (
    '=HYPERLINK("http://x")',
    "+44 20",
    "-1",
    "@SUM(A1)",
    "'=1",
    "'quoted'",
    " =1+1",
    "\uff1d1",
    'a;b,"c"\n=d',
    "|calc",
    "%0A",
    "ŁUKASZ 🙂",
)
HEADINGS = "record_id_l,record_id_r,verdict,decided_by,reason,n_records\n"


def full(store: Store) -> None:
    """Every kind of row: verdicts, a confirmation, a retraction, nasty reasons, an erased one."""
    for number, reason in enumerate(NASTY):
        store.decide(said(f"={number}", f"z{number}", reason=reason, evidence="forename=exact", run_id="2026-11-20-1"))
    waiting = store.decide(said("a", "b", roles_l="victim", roles_r="offender")).decision
    store.decide(confirmed(waiting.decision_id))
    store.decide(retracted(store.decide(said("c", "d", "unsure")).decision.decision_id))
    store.decide(said("gone", "e", "unlink"))
    erase(store, ["gone"], "judge", "order 1", "an order")


def comparable(log: pa.Table) -> list[dict[str, Any]]:
    of_the_store = ("seq", "recorded_at", "entered_by")
    return [{k: v for k, v in row.items() if k not in of_the_store} for row in log.to_pylist() if not row["erasure_id"]]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_exported_is_imported_to_the_same_decisions(store: Store, tmp_path: Path, suffix: str) -> None:
    full(store)
    path = tmp_path / f"decisions.{suffix}"
    save_decisions(store.log(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_store(f"sqlite:///{tmp_path}/other.sqlite3") as other:
        brought = bring_decisions(other, path, "operator")
        assert (brought.refused, brought.erased, brought.entered) == ((), 1, len(NASTY) + 4)
        assert comparable(other.log()) == comparable(store.log())
        assert set(other.log().column("entered_by").to_pylist()) == {"operator"}
        again = bring_decisions(other, path, "operator")
        assert (again.entered, again.already_there) == (0, len(NASTY) + 4)
        save_decisions(other.log(), path)
        assert bring_decisions(store, path, "operator").entered == 0


def test_no_cell_of_an_exported_csv_is_a_formula(store: Store, tmp_path: Path) -> None:
    full(store)
    save_decisions(store.log(), tmp_path / "decisions.csv")
    with (tmp_path / "decisions.csv").open(encoding="utf-8-sig", newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)
    for cell in cells:
        assert cell.lstrip()[:1] not in tuple("=+-@|%\uff1d\uff0b\uff0d\uff20\t\r") or not cell


def test_bad_rows_are_named_by_row_and_column_and_the_rest_goes_on(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        HEADINGS + "a,b,link,ann,same person,2\n"  # row 2
        "a,a,link,ann,ZEBEDIAH,2\n"
        "c,d,merge,ann,ZEBEDIAH,2\n"
        "e,f,unlink,,ZEBEDIAH,two\n"
        'b,c,link,ann,"two\nlines",2\n'  # row 6
        "a,c,unlink,bob,ZEBEDIAH,2\n"
        "g,h,link,ann,ZEBEDIAH,2,more\n"
        "g,h,unsure,ann,last one,2\n"
    )
    brought = bring_decisions(store, path, "operator")
    assert (brought.rows, brought.entered) == (8, 3)
    assert [(bad.row, bad.column) for bad in brought.refused] == [
        (3, "row"),
        (4, "verdict"),
        (5, "decided_by"),
        (5, "n_records"),
        (7, "verdict"),
        (8, "row"),
    ]
    assert "ZEBEDIAH" not in str(brought)
    chain = store.log().column("decision_id").to_pylist()[:2]
    assert all(decision_id in brought.refused[4].problem for decision_id in chain)
    assert store.log().column("reason").to_pylist() == ["same person", "two\nlines", "last one"]


def test_rows_without_ids_read_twice_count_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(HEADINGS + "a,b,link,ann,same person,2\nc,d,link,ann,same person,2\n")
    assert bring_decisions(store, path, "operator").entered == 2
    assert bring_decisions(store, path, "operator").already_there == 2
    assert len(store.log()) == 2


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_columns_may_be_parted_as_a_spreadsheet_of_another_country_does_it(
    store: Store, tmp_path: Path, sign: str
) -> None:
    rows = [["verdict", "record_id_l", "record_id_r", "decided_by", "reason"], ["link", "a", "b", "ann", "one, two"]]
    path = tmp_path / "in.csv"
    path.write_text("\ufeff" + "".join(sign.join(row) + "\r\n" for row in rows), "utf-8")
    assert bring_decisions(store, path, "operator").entered == 1
    assert store.log().column("reason").to_pylist() == ["one, two"]
    path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows), "utf-8")
    assert bring_decisions(store, path, "operator").already_there == 1


def test_empty_columns_and_rows_that_a_spreadsheet_leaves_behind_do_no_harm(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"{HEADINGS.strip()},,\n,,,,,,,\na,b,link,ann,same person,2,,\na,c,link,ann,same person,2,,x\n")
    brought = bring_decisions(store, path, "operator")
    assert (brought.entered, [cell.row for cell in brought.refused]) == (1, [4])


def test_blank_lines_count_in_the_row_numbers_as_a_spreadsheet_counts_them(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"{HEADINGS}\na,b,link,ann,same person,2\n\n\nc,d,merge,ann,same person,2\n")
    brought = bring_decisions(store, path, "operator")
    assert (brought.rows, brought.entered) == (2, 1)
    assert [(cell.row, cell.column) for cell in brought.refused] == [(6, "verdict")]


def test_an_imported_link_on_a_victim_and_an_offender_still_needs_its_second_person(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "record_id_l,record_id_r,verdict,decided_by,reason,n_records,roles_l,roles_r,needs_second\na,b,link,ann,r,2,victim,offender,false\n"
    )
    (entry,) = bring_decisions(store, path, "operator").entries
    assert entry.decision.needs_second


def test_a_file_that_holds_something_else_is_refused_whole(store: Store, tmp_path: Path) -> None:
    for name, content, problem in (
        ("a.csv", b"record_id_l,recordidr,verdict,decided_by,reason\n", "Did you mean record_id_r"),
        ("b.csv", b"record_id_l,record_id_r,verdict\n", "lacks the column decided_by, reason"),
        (
            "c.csv",
            "verdict,decided_by,reason\nlink,J\xe9r\xf4me,r\n".encode("cp1252"),
            "not UTF-8. Save it as CSV UTF-8",
        ),
        ("d.csv", b'verdict,decided_by,reason\nlink,"a"b,r\n', "cannot be read as csv"),
        ("e.parquet", b"PAR1", "cannot be read as parquet"),
        ("f.xlsx", b"", "must end in"),
        ("g.csv", b"", "lacks the column"),
        ("h.csv", b"verdict^decided_by^reason\n", "Part the columns by comma, semicolon, tab or |"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=problem):
            bring_decisions(store, path, "operator")
    with pytest.raises(SettingsError, match="cannot be read"):
        bring_decisions(store, tmp_path / "nowhere.csv", "operator")
    assert len(store.log()) == 0


def test_what_is_wrong_with_a_row_is_told_in_plain_words(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = ("lnik,a,b,ann,r", "link,,b,ann,r", "link,a1,a1,ann,r", "link,a,b,,r")
    path.write_text("verdict,record_id_l,record_id_r,decided_by,reason\n" + "\n".join(rows), "utf-8")
    told = [(cell.row, cell.column, cell.problem) for cell in bring_decisions(store, path, "operator").refused]
    assert told == [
        (2, "verdict", "must be 'link', 'unlink', 'unsure' or 'retract', not 'lnik'; did you mean 'link'?"),
        (3, "row", "two record ids are needed"),
        (4, "row", "both records are the same one: a1"),
        (5, "decided_by", "is missing"),
    ]


def test_a_cell_that_may_hold_a_name_is_not_told_and_an_id_is(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = (
        "ZEBEDIAH,a,b,ann,r,,",
        "link,ZEBEDIAH,ZEBEDIAH,ann,r,,",
        "link,a,b,ann,r,5th June 1987,",
        "retract,,,ann,r,,17",
    )
    headings = "verdict,record_id_l,record_id_r,decided_by,reason,decided_at,retracts\n"
    path.write_text(headings + "\n".join(rows), "utf-8")
    refused = bring_decisions(store, path, "operator").refused
    assert [(cell.row, cell.column) for cell in refused] == [
        (2, "verdict"),
        (3, "row"),
        (4, "decided_at"),
        (5, "retracts"),
    ]
    assert not [secret for secret in ("ZEBEDIAH", "1987") if secret in str(refused)]
    assert refused[2].problem == "must be a date and time with its offset, such as 2026-11-20T14:05:00Z"
    assert refused[3].problem.endswith(", not '17'")


def test_a_parquet_file_of_numbers_is_refused_row_by_row(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(
        pa.table({"record_id_l": [1], "record_id_r": [2], "verdict": ["link"], "decided_by": ["ann"], "reason": ["r"]}),
        path,
    )
    (left, right) = bring_decisions(store, path, "operator").refused
    assert (left.column, right.column) == ("record_id_l", "record_id_r")
