"""Reading exports: values as the text that stood there, and a clear error for what cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import socket
import sqlite3
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path

import fsspec
import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_server import installed, running_server

from pipeline.core.database_name import database_name
from pipeline.core.errors import SourceError
from pipeline.core.places import SAMPLE, SOURCES
from pipeline.core.postgresql import on_psycopg
from pipeline.read.any_file import headings
from pipeline.read.databases import read_query
from pipeline.read.feed import FeedRead, export_sha256, is_same_export, read_feed
from pipeline.read.fetch import fetch, missing_with_nearest, published_name
from schemas.contract import Contract, load_contract, load_contracts

BASE = {
    "source": "trial",
    "title": "Trial",
    "location": "trial.csv",
    "format": "csv",
    "event_type": "referral",
    "person": {"surname": ["Surname", "Last Name"], "forename": ["First name"], "phone": ["Phone"]},
    "event": {"event_ref": ["Ref"], "attribute.note": ["Note"]},
    "constants": {"role": "subject"},
    "required": ["event_ref", "surname"],
    "ignore": ["Office use.*"],
}
HEAD = "Ref,Surname,First name,Phone,Note\n"


def read(folder: Path, data: bytes | str | None = None, name: str = "trial.csv", **changes: object) -> FeedRead:
    if data is not None:
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    contract = Contract.model_validate({**BASE, "location": name, **changes})
    return read_feed(contract, next(contract.all_feeds()), str(folder), {"TRIAL_PASSWORD": "right"})


def refused(folder: Path, data: bytes | str | None = None, **changes: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(folder, data, **changes)
    return caught.value


@pytest.mark.parametrize("feed_id", sorted(feed.feed_id for c in load_contracts(SOURCES) for feed in c.all_feeds()))
def test_every_feed_of_the_sample_reads(feed_id: str) -> None:
    contract = load_contract(SOURCES / f"{feed_id.split('.', maxsplit=1)[0]}.yaml")
    feed = next(feed for feed in contract.all_feeds() if feed.feed_id == feed_id)
    password = (SAMPLE / "passwords" / "merton").read_text("utf-8").strip()
    feed_read = read_feed(contract, feed, str(SAMPLE / "exports"), {"BOROUGHLINK_MERTON_PASSWORD": password})
    assert feed_read.rows_read >= 0
    assert len(feed_read.quarantine) == 0


def test_values_stay_text_and_rows_keep_their_line(tmp_path: Path) -> None:
    feed_read = read(
        tmp_path, HEAD + 'A1,Smith,"Anna\nMaria",07700900001,=1+1\n\nA2,Jones,,,<b>x</b>\n'
    ).records.to_pylist()
    assert [row["row_number"] for row in feed_read] == [2, 5]
    assert feed_read[0]["phone"] == "07700900001"
    assert feed_read[0]["forename"] == "Anna\nMaria"
    assert dict(feed_read[1]["attributes"]) == {"note": "<b>x</b>"}
    assert feed_read[0]["file"] == "trial.csv"
    assert len(feed_read[0]["file_sha256"]) == 64


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        (None, "missing_file", "is not there"),
        (b"", "empty_file", "is empty"),
        ("Ref,Surname,Shoe size\n1,A,9\n", "unknown_heading", "column C"),
        ("Ref,Surnam,Phone\n1,A,9\n", "unknown_heading", "'surname'"),
        ("Ref,First name\n1,A\n", "missing_column", "Surname, Last Name"),
        ("Ref,Surname,Last Name\n1,A,B\n", "duplicate_heading", "'Surname' (column B)"),
        ("Ref,Surname\n1,Zo\u00eb\n".encode("cp1252"), "wrong_encoding", "line 2"),
        ((HEAD + "1,A,B,,\n").encode("utf-16"), "wrong_encoding", "utf-16"),
        ((HEAD + "1,A,B,,\n").encode("utf-16-le"), "wrong_encoding", "NUL"),
        (HEAD.replace(",", ";") + "1;A;B;;\n", "wrong_delimiter", "is parted by ';', where the contract says ','"),
        (gzip.compress(HEAD.encode()), "not_text", "is compressed by gzip"),
        (HEAD + "1,A,B,,\n2,C", "truncated_file", "breaks off on line 3: 2 cells where the headings have 5"),
        (HEAD + '1,A,B,,\n2,"C,D,,\n3,E,F,,\n', "open_quote", "a quote on line 3 that is not closed"),
        (HEAD + '1,"A,B,,\n' + "2,C,D,,\n" * 300 + '3,"E",F,,\n', "open_quote", "on line 2"),
        (HEAD + '1,"A,B,,\n' + "2,C,D,,\n" * 200_000, "open_quote", "on line 2"),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value and " " not in value else "",
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place_and_what_to_do(tmp_path: Path, data, code, told) -> None:
    error = refused(tmp_path, data)
    assert error.code == code
    assert told in str(error)
    assert "trial.csv" in str(error)
    assert error.what_to_do
    assert not error.is_retryable


@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", " "]
)  # of those that are not the contract's, the row is one cell
def test_a_row_of_people_where_headings_belong_is_named_and_not_told(tmp_path: Path, delimiter: str) -> None:
    error = refused(tmp_path, "Smith,Anna,07700900001\nJones,Tom,07700900002\n".replace(",", delimiter))
    assert (error.code, "row 1: has not one heading" in str(error)) == ("missing_column", True)
    assert "Smith" not in str(error)


def test_what_the_system_says_of_a_place_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(
        SourceError, match=r"loop.csv: cannot be reached \(Too many levels of symbolic links\)"
    ) as caught:
        fetch(str(tmp_path), "loop.csv")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("kind", ["a folder", "a device", "a pipe", "a socket"])
def test_what_is_no_file_in_the_place_of_one_is_refused_before_it_is_read(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "a folder":
            place.mkdir()
        elif kind == "a device":
            place.symlink_to("/dev/zero")  # of which the reading would never end
        elif kind == "a pipe":
            os.mkfifo(place)  # of which the reading would never begin
        else:
            listening.bind(str(place))
        for read_it in (fetch, partial(read_query, query="SELECT 1", source="place")):
            with pytest.raises(SourceError, match=f"is {kind}, and a file belongs there") as caught:
                read_it(str(tmp_path), "place" if read_it is fetch else "sqlite:///place")
            assert (caught.value.code, caught.value.is_retryable) == ("not_a_file", False)
        with pytest.raises(SourceError, match=f"is {kind}, and no file"):
            headings(place)


def test_what_keeps_a_cell_as_text_in_a_spreadsheet_is_no_part_of_it(tmp_path: Path) -> None:
    rows = ['="A1",="Smith",\'t Hart,="07700900001",\'01/02/2026', '"=""A2""",Bell,Tom,\'+447700900002,=1+1']
    records = read(tmp_path, HEAD + "\n".join(rows)).records.to_pylist()
    fields = ("event_ref", "surname", "forename", "phone")
    assert [[row[field] for field in fields] + [dict(row["attributes"])["note"]] for row in records] == [
        ["A1", "Smith", "'t Hart", "07700900001", "01/02/2026"],
        ["A2", "Bell", "Tom", "+447700900002", "=1+1"],
    ]


def test_known_headings_that_are_not_used_may_be_there(tmp_path: Path) -> None:
    assert len(read(tmp_path, "Ref,Surname,Office use 7\n1,A,x\n").records) == 1


def test_bad_rows_go_to_quarantine_and_the_rest_goes_on(tmp_path: Path) -> None:
    feed_read = read(tmp_path, HEAD + "A1,Smith,Anna,,\nA2,Too,Many,Cells,Here,Indeed\nA3,Bell\x07,Tom,,\nA4,Short\n")
    assert feed_read.records.column("event_ref").to_pylist() == ["A1", "A4"]
    bad = feed_read.quarantine.to_pylist()
    assert [(row["row_number"], row["reason_code"]) for row in bad] == [(3, "too_many_cells"), (4, "control_character")]
    assert "Indeed" in bad[0]["raw_row"]
    assert feed_read.rows_read == 4


def test_values_in_a_column_without_a_heading_are_told_with_their_place(tmp_path: Path) -> None:
    lost = read(tmp_path, "Ref,Surname,,Phone,Note,,\nA1,Smith,,,,,\nA2,Bell,Tom,,,,\nA3,Ali,Ann,,,,\n").notices
    assert [n_rows for _, n_rows in lost] == [2]
    assert "trial.csv, column C: has no heading, and values from row 3 on" in lost[0].about
    beside = workbook([["Ref", "Surname"], ["1", "Ali", None, "see file"]])
    (told,) = read(tmp_path, beside, name="trial.xlsx", format="xlsx").notices
    assert ("column D: has no heading" in told.about, "see file" in told.about) == (True, False)


@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_need_no_heading_and_other_numbers_do(tmp_path: Path, first: int) -> None:
    def notices(numbers: list[object]) -> int:
        rows = "".join(f"{number},A{place},Smith\n" for place, number in enumerate(numbers))
        return len(read(tmp_path, ",Ref,Surname\n" + rows).notices)

    assert notices([first, first + 1, first + 2]) == 0
    for others in ([first, first + 1, first + 3], [first, first + 2, first + 1], [7, 8, 9], ["01", "02", "03"]):
        assert notices(others) == 1


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "\ufeffsep=;\n"])
def test_a_first_line_for_excel_says_the_delimiter_and_is_no_row(tmp_path: Path, first: str) -> None:
    feed_read = read(tmp_path, first + "Ref;Surname\nA1;Smith\nA2;Bell;Tom\n")
    assert feed_read.records.column("surname").to_pylist() == ["Smith"]
    assert feed_read.records.column("row_number").to_pylist() == [2], "as a spreadsheet shows it"
    assert [row["row_number"] for row in feed_read.quarantine.to_pylist()] == [3]


def test_a_line_of_totals_is_no_person(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD + "A1,Smith,Anna,,\nTotal 1,,,,\n").records) == 1


def test_broken_json_lines_go_to_quarantine(tmp_path: Path) -> None:
    lines = '{"Ref": "1", "Surname": "A", "Phone": ["1", "2"]}\n{"Ref": \n{"Ref": "2", "Surname": "B"}\n'
    feed_read = read(tmp_path, lines, name="trial.jsonl", format="jsonl")
    assert [(row["event_ref"], row["row_number"], row["phone"]) for row in feed_read.records.to_pylist()] == [
        ("1", 1, "1; 2"),
        ("2", 3, None),
    ]
    assert feed_read.quarantine.column("row_number").to_pylist() == [2]


PLACES = """{"Ref": "1", "Surname": "A", "Address": {"Line 1": "1 High Street", "Town": {"Name": "London"}, "Postcode": "E5 0AA"}}
{"Ref": "2", "Surname": "B", "Address": "2 Low Road", "Phone": [{"Home": "020 7946 0001"}, {"Work": null}, "07700 900001"]}
"""


@pytest.mark.parametrize(
    ("person", "first"),
    [
        ({"address": ["Address"]}, ("1 High Street\nLondon\nE5 0AA", None)),
        ({"address": ["Address"], "postcode": ["Address.postcode"]}, ("1 High Street\nLondon", "E5 0AA")),
        ({"address": ["Address"], "postcode": ["Address.Town.Name"]}, ("1 High Street\nE5 0AA", "London")),
    ],
    ids=["whole", "by a path", "by a path of three keys"],
)
def test_nested_json_is_read_by_its_values_or_by_the_paths_that_the_contract_names(
    tmp_path: Path, person: dict[str, list[str]], first: tuple[str, str | None]
) -> None:
    person = {**BASE["person"], **person}
    feed_read = read(tmp_path, PLACES, name="trial.jsonl", format="jsonl", person=person).records.to_pylist()
    assert [(row["address"], row["postcode"]) for row in feed_read] == [first, ("2 Low Road", None)]
    assert feed_read[1]["phone"] == "020 7946 0001; 07700 900001"


def test_a_part_of_a_nested_value_that_nothing_names_is_an_unknown_heading(tmp_path: Path) -> None:
    person = {**BASE["person"], "postcode": ["Address.Postcode"], "address": ["Address.Line 1"]}
    error = refused(tmp_path, PLACES.splitlines()[0], name="trial.jsonl", format="jsonl", person=person)
    assert (error.code, "'Address.Town'" in str(error)) == ("unknown_heading", True)
    ignored = {"name": "trial.jsonl", "format": "jsonl", "person": person, "ignore": [r"Address\.Town"]}
    assert read(tmp_path, PLACES.splitlines()[0], **ignored).records.column("postcode").to_pylist() == ["E5 0AA"]


TWO = [{"Ref": "1", "Surname": "A"}, {"Ref": "2", "Surname": "B"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (json.dumps(TWO), "is a JSON list"),
        ("[\n" + ",\n".join(map(json.dumps, TWO)) + "\n]\n", "is a JSON list"),
        ("\n".join(json.dumps(row, indent=1) for row in TWO), "reach over several lines"),
    ],
    ids=["a list on one line", "a list with a line an object", "objects over several lines"],
)
def test_json_that_is_not_an_object_a_line_is_told_as_that(tmp_path: Path, text: str, found: str) -> None:
    error = refused(tmp_path, text, name="trial.jsonl", format="jsonl")
    assert (error.code, found in str(error)) == ("not_json_lines", True)


def test_json_that_is_nested_too_deeply_is_a_bad_row(tmp_path: Path) -> None:
    deep = '{"Ref": "1", "Surname": "A"}\n{"Surname": ' + '{"a": ' * 900 + "1" + "}" * 901 + "\n"
    assert len(read(tmp_path, deep, name="trial.jsonl", format="jsonl").quarantine) == 1


def test_a_row_may_be_short_or_of_several_lines_and_hold_quotes(tmp_path: Path) -> None:
    rows = ["A1,Smith", 'A2,O"Neil,Tom,,"two\nlines"', "A3,Jones,Ann,,\x00", "Total 3"]
    feed_read = read(tmp_path, HEAD + "\n".join(rows))
    assert feed_read.records.column("surname").to_pylist() == ["Smith", 'O"Neil']
    assert feed_read.quarantine.column("reason_code").to_pylist() == ["control_character"]


def test_json_lines_end_where_lines_do_and_not_at_other_signs(tmp_path: Path) -> None:
    lines = '{"Ref": "1", "Surname": "A", "Note": "x\u2028y\x85z"}\r\n{"Ref": "2", "Surname": "B"}'
    feed_read = read(tmp_path, lines, name="trial.jsonl", format="jsonl").records.to_pylist()
    assert [(row["event_ref"], row["row_number"]) for row in feed_read] == [("1", 1), ("2", 2)]
    assert dict(feed_read[0]["attributes"]) == {"note": "x\u2028y\x85z"}
    deep = '{"Ref": "1", "Surname": "A"}\n' + "[" * 100_000 + "\n"
    assert len(read(tmp_path, deep, name="trial.jsonl", format="jsonl").quarantine) == 1
    error = refused(tmp_path, lines[:-9], name="trial.jsonl", format="jsonl")
    assert (error.code, "line 2" in str(error)) == ("truncated_file", True)
    assert refused(tmp_path, "<html>", name="trial.jsonl", format="jsonl").code == "empty_file"


def workbook(rows: list[list[object]], title: str = "Nov 2026") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_two_heading_rows_under_a_title_are_found_and_siblings_are_parted(tmp_path: Path) -> None:
    data = workbook(
        [
            ["Tracker"],
            ["Keep up to date"],
            ["Child", None, "Risk"],
            ["Surname", "First name", "Level"],
            ["Ali", "Amina\nYusuf", "High"],
            ["Bell", "Tom", "Low"],
        ]
    )
    feed_read = read(
        tmp_path,
        data,
        name="trial.xlsx",
        format="xlsx",
        header={"row": "find", "rows": 2},
        required=["surname"],
        event={"risk": ["Risk Level"]},
        person={"surname": ["Child Surname"], "forename": ["Child First name"]},
        split_people={"columns": ["forename"]},
    ).records.to_pylist()
    assert [(r["surname"], r["forename"], r["risk"], r["row_number"], r["part"]) for r in feed_read] == [
        ("Ali", "Amina", "High", 5, 1),
        ("Ali", "Yusuf", "High", 5, 2),
        ("Bell", "Tom", "Low", 6, 1),
    ]


CALL = [
    "(?i)child: (?P<surname>[A-Z]+), (?P<forename>[^;]+)",
    r"(?i)subject (?P<forename>\w+) (?P<surname>[A-Z]+)",
    r"(?P<phone>07\d+)",
]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Absent child: ALI, Amina ; rang from 0770", ("ALI", "Amina", "0770")),
        ("SUBJECT Tom BELL. Not back.", ("BELL", "Tom", None)),
        ("Child: ALI, Amina; subject Tom BELL", ("ALI", "Amina", None)),
        ("Caller rang off.", (None, None, None)),
        ("Child: =HYPERLINK(1), <b>Amina</b>;", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_what_running_text_tells_is_found_by_the_patterns_of_the_contract(
    tmp_path: Path, said: str, found: tuple[str | None, ...]
) -> None:
    data = f'Ref,Surname,First name,Phone,Note\nA1,,,,"{said}"\n'
    (row,) = read(tmp_path, data, found_in_text={"attribute.note": CALL}).records.to_pylist()
    assert (row["surname"], row["forename"], row["phone"]) == found
    assert dict(row["attributes"] or []) == ({"note": said} if said else {})


@pytest.mark.parametrize(
    ("said", "people"),
    [
        (
            "Two gone. Child: ALI, Amina; 07700900001. Child: ALI, Yusuf; 07700900002.",
            [("ALI", "Amina", "07700900001"), ("ALI", "Yusuf", "07700900002")],
        ),
        ("Child: ALI, Amina; was with child: ali,  amina; 07700900001", [("ALI", "Amina", "07700900001")]),
        ("Subject Tom BELL and subject Ann BELL. 07700900001", [("BELL", "Tom", None), ("BELL", "Ann", "07700900001")]),
        ("Child: ALI, Amina; subject Tom BELL", [("ALI", "Amina", None)]),
    ],
)
def test_a_text_that_names_several_people_the_same_way_is_parted_before_each_further_one(
    tmp_path: Path, said: str, people: list[tuple[str | None, ...]]
) -> None:
    data = f'Ref,Surname,First name,Phone,Note\nA1,,,,"{said}"\n'
    rows = read(tmp_path, data, found_in_text={"attribute.note": CALL}).records.to_pylist()
    assert [(row["surname"], row["forename"], row["phone"]) for row in rows] == people
    assert [row["part"] for row in rows] == [*range(1, len(people) + 1)]
    assert all(dict(row["attributes"]) == {"note": said} for row in rows)


def test_a_column_of_its_own_counts_before_running_text(tmp_path: Path) -> None:
    data = HEAD + 'A1,Jones,,07700900001,"child: ALI, Amina"\n'
    (row,) = read(tmp_path, data, found_in_text={"attribute.note": CALL}).records.to_pylist()
    assert (row["surname"], row["forename"], row["phone"]) == ("Jones", "Amina", "07700900001")
    data = HEAD + 'A1,Jones,,,"child: ALI, Amina; child: ALI, Yusuf"\n'
    (row,) = read(tmp_path, data, found_in_text={"attribute.note": CALL}).records.to_pylist()
    assert row["surname"] == "Jones"


def test_fill_colour_strikethrough_and_hidden_rows_are_marked(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Ref", "Surname"], ["1", "Ali"], ["2", "Bell"]):
        sheet.append(row)
    sheet["A2"].fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF0000")
    sheet["B3"].font = openpyxl.styles.Font(strike=True)
    sheet.row_dimensions[3].hidden = True
    book.save(tmp_path / "trial.xlsx")
    feed_read = read(
        tmp_path, name="trial.xlsx", format="xlsx", colours={"FF0000": {"field": "risk", "value": "high"}}
    ).records.to_pylist()
    assert [row["marks"] for row in feed_read] == [["colour:FF0000"], ["strikethrough", "hidden"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook([["Ref", "Surname"], [1, "A"]])[:900], "truncated_file"),
        (b"Ref,Surname\n1,A\n", "not_a_workbook"),
        (b"", "empty_file"),
    ],
    ids=["truncated", "another format", "empty"],
)
def test_a_spoilt_workbook_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    assert refused(tmp_path, data, name="trial.xlsx", format="xlsx").code == code


def test_a_spoilt_export_is_asked_for_again_and_the_contract_blamed_only_for_a_kind_that_could_be_meant(
    tmp_path: Path,
) -> None:
    noise = bytes(range(200, 256)) * 20
    assert refused(tmp_path, noise, name="trial.xlsx", format="xlsx").what_to_do == "Ask the borough for a good export."
    text = refused(tmp_path, b"Ref,Surname\n1,A\n", name="trial.xlsx", format="xlsx")
    assert "text, such as csv" in text.problem
    assert "`format`" in text.what_to_do


def test_a_zip_of_other_files_is_told_as_that(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("trial.csv", HEAD)
    error = refused(tmp_path, packed.getvalue(), name="trial.xlsx", format="xlsx")
    assert (error.code, error.problem) == ("not_a_workbook", "is a zip of other files, and no xlsx.")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(80):
            part.write(b"0" * (1 << 20))
    error = refused(tmp_path, out.getvalue(), name="trial.xlsx", format="xlsx")
    assert error.code == "zip_bomb"


def test_an_encrypted_workbook_needs_its_password() -> None:
    contract = load_contract(SOURCES / "borough_cse.yaml")
    feed = next(feed for feed in contract.all_feeds() if feed.feed_id == "borough_cse.merton")
    for passwords, told in (({}, "none was given"), ({"BOROUGHLINK_MERTON_PASSWORD": "wrong"}, "does not open")):
        with pytest.raises(SourceError) as caught:
            read_feed(contract, feed, str(SAMPLE / "exports"), passwords)
        assert caught.value.code == "encrypted"
        assert told in str(caught.value)
        assert "BOROUGHLINK_MERTON_PASSWORD" in str(caught.value)
        with pytest.raises(SourceError, match=told):
            is_same_export(feed, str(SAMPLE / "exports"), passwords, export_sha256(feed, str(SAMPLE / "exports")))


def test_a_workbook_without_the_expected_sheet_is_refused_with_what_it_has(tmp_path: Path) -> None:
    error = refused(
        tmp_path, workbook([["Ref"]], "Summary"), name="trial.xlsx", format="xlsx", sheets=r"[A-Z][a-z]{2} \d{4}"
    )
    assert error.code == "no_sheet"
    assert "Summary" in str(error)


def test_a_sheet_that_is_not_begun_is_left_out_and_a_workbook_of_such_sheets_refused(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Ref", "Surname"], ["1", "Ali"]])))
    book.create_sheet("Dec 2026")
    book.save(tmp_path / "trial.xlsx")
    assert len(read(tmp_path, name="trial.xlsx", format="xlsx").records) == 1
    error = refused(tmp_path, workbook([]), name="trial.xlsx", format="xlsx")
    assert (error.code, "sheet Nov 2026" in str(error)) == ("missing_column", True)


def test_visible_sheets_of_which_the_contract_knows_nothing_are_told_and_hidden_ones_and_those_it_ignores_not(
    tmp_path: Path,
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Ref", "Surname"], ["1", "Ali"]])))
    for name in ("July 2026", "Dec\xa02026", "LISTS", "Codes"):
        book.create_sheet(name)
    book["Codes"].sheet_state = "hidden"
    book.create_chartsheet("Figures")
    book.save(tmp_path / "trial.xlsx")
    monthly = {"name": "trial.xlsx", "format": "xlsx", "sheets": r"[A-Z][a-z]{2} \d{4}"}
    found = read(tmp_path, **monthly, ignore_sheets=["Lists|Notes"])
    assert (found.sheets, found.unread_sheets) == (("Nov 2026",), ("July 2026", "Dec\xa02026"))
    assert read(tmp_path, **monthly).unread_sheets == ("July 2026", "Dec\xa02026", "LISTS")
    error = refused(tmp_path, **{**monthly, "sheets": "Dec 2026"})
    assert r"matches 'Dec 2026'; it has 'Nov 2026', 'July 2026', 'Dec\xa02026'" in str(error)


def test_a_sheet_that_is_another_feeds_of_the_same_workbook_is_not_told(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Ref", "Surname"], ["1", "Ali"]], "Hackney")))
    for name in ("Camden", "Brent"):
        book.create_sheet(name)
    book.save(tmp_path / "trial.xlsx")
    of_each = {name.lower(): {"sheets": name} for name in ("Hackney", "Camden")}
    said = {"name": "trial.xlsx", "format": "xlsx", "boroughs": ["Hackney", "Camden"], "feeds": of_each}
    assert read(tmp_path, **said).unread_sheets == ("Brent",)


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ("cse/Hackney .xlsx", "not read: 'Hackney .xlsx' beside it"),
        ("cse/hackney\x1b[2J.xlsx", r"not read: 'hackney\x1b[2J.xlsx' beside it"),
        ("cse/camden.xlsx", None),
        ("cse/notes.txt", None),
    ],
)
def test_the_file_beside_a_missing_export_that_is_named_most_like_it_and_no_feeds_is_told(
    tmp_path: Path, beside: str, told: str | None
) -> None:
    (tmp_path / "cse").mkdir()
    (tmp_path / beside).write_bytes(b"x")
    with pytest.raises(SourceError) as missing:
        fetch(str(tmp_path), "cse/hackney.xlsx")
    expected = ["cse/hackney.xlsx", "cse/camden.xlsx"]
    found = missing_with_nearest(missing.value, str(tmp_path), "cse/hackney.xlsx", expected)
    assert found.code == "missing_file"
    assert (told in str(found)) if told else (found is missing.value)


@pytest.mark.parametrize(
    ("lies", "told"),
    [((), "its folder 'cse' is not there either"), (("cse",), "its folder 'cse' is empty")],
    ids=["gone", "empty"],
)
def test_an_export_whose_whole_folder_is_gone_or_empty_is_told_as_that_and_not_as_the_boroughs_fault(
    tmp_path: Path, lies: tuple[str, ...], told: str
) -> None:
    for folder in lies:
        (tmp_path / folder).mkdir()
    with pytest.raises(SourceError) as missing:
        fetch(str(tmp_path), "cse/hackney.xlsx")
    found = missing_with_nearest(missing.value, str(tmp_path), "cse/hackney.xlsx", ["cse/hackney.xlsx"])
    assert found.code == "missing_file"
    assert told in str(found)
    assert "Is it a share that is not mounted? Mount it; else: Ask the borough" in str(found)


def test_an_export_that_the_user_of_the_night_may_not_read_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    (tmp_path / "a.csv").chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65_534)  # root may read everything
        with pytest.raises(SourceError, match=r"may not be read by the user of the night\. Let that user") as refusal:
            fetch(str(tmp_path), "a.csv")
    finally:
        os.seteuid(user)
    assert refusal.value.code == "unreachable"


def test_a_stray_cell_at_the_end_of_a_sheet_is_told_and_not_loaded(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Ref", "Surname"], ["1", "Ali"]])))
    book.create_sheet("Scratch")["XFD1048576"] = "x"
    book.save(tmp_path / "trial.xlsx")
    assert len(read(tmp_path, name="trial.xlsx", format="xlsx", sheets="Nov 2026").records) == 1
    error = refused(tmp_path, name="trial.xlsx", format="xlsx")
    assert error.code == "too_large"
    assert "sheet Scratch: reaches to cell XFD1048576" in str(error)


def test_rows_of_a_database_are_read_and_its_faults_told(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "trial.sqlite")
    base.execute("CREATE TABLE person (Ref TEXT, Surname TEXT)")
    base.executemany("INSERT INTO person VALUES (?, ?)", [("1", "Ali"), ("2", "Bell")])
    base.commit()
    base.close()
    sql = {"format": "sql", "name": "sqlite:///trial.sqlite"}
    feed_read = read(tmp_path, **sql, query="SELECT * FROM person ORDER BY Ref")
    assert feed_read.records.column("surname").to_pylist() == ["Ali", "Bell"]
    assert refused(tmp_path, **sql, query="SELEC * FROM person").code == "bad_query"
    (tmp_path / "half.sqlite").write_bytes((tmp_path / "trial.sqlite").read_bytes()[:3_000])
    assert (
        refused(tmp_path, format="sql", name="sqlite:///half.sqlite", query="SELECT * FROM person").code
        == "truncated_file"
    )
    assert refused(tmp_path, format="sql", name="sqlite:///gone.sqlite", query="SELECT 1").code == "missing_file"


def test_texts_and_bytes_of_a_database_are_read_in_its_encoding_and_another_one_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "trial.sqlite")) as base, base:
        base.execute('CREATE TABLE person (Ref TEXT, Surname TEXT, "First name" BLOB, Note BLOB)')
        base.execute("INSERT INTO person VALUES ('1', CAST(x'4dfc6c6c6572' AS TEXT), x'5a6feb', x'ff81')")
    sql = {"format": "sql", "name": "sqlite:///trial.sqlite", "query": "SELECT * FROM person"}
    error = refused(tmp_path, **sql)
    assert (error.code, "`encoding`" in error.what_to_do, error.is_retryable) == ("wrong_encoding", True, False)
    row = read(tmp_path, **sql, encoding="cp1252").records.to_pylist()[0]
    assert (row["surname"], row["forename"], dict(row["attributes"])["note"]) == ("Müller", "Zoë", "ÿ\\x81")


def test_a_table_whose_columns_change_their_names_is_another_export(tmp_path: Path) -> None:
    contract = Contract.model_validate(
        {**BASE, "format": "sql", "location": "sqlite:///trial.sqlite", "query": "SELECT * FROM person"}
    )
    feed = next(contract.all_feeds())
    with closing(sqlite3.connect(tmp_path / "trial.sqlite")) as base:
        base.execute('CREATE TABLE person (Ref TEXT, Surname TEXT, "First name" TEXT)')
        base.execute("INSERT INTO person VALUES ('1', 'Ali', 'Bell')")
        base.commit()
        before = export_sha256(feed, str(tmp_path))
        for name, new in (("Surname", "x"), ("First name", "Surname"), ("x", "First name")):
            base.execute(f'ALTER TABLE person RENAME COLUMN "{name}" TO "{new}"')
    assert read_feed(contract, feed, str(tmp_path), {}).records.column("surname").to_pylist() == ["Bell"]
    assert export_sha256(feed, str(tmp_path)) != before


def test_an_export_may_lie_at_any_url(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe("/borough/trial.csv", (HEAD + "A1,Smith,Anna,,\n").encode())
    assert len(read(tmp_path, name="memory://borough/trial.csv").records) == 1


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("cris/camden.csv", "cris/camden.csv"),
        ("file:///mnt/exports/cris/camden.csv", "cris/camden.csv"),
        ("/mnt/exports/cris/camden.csv", "cris/camden.csv"),
        ("/other/camden/export.csv", "/other/camden/export.csv"),
        ("file:///other/camden/export.csv", "/other/camden/export.csv"),
        ("memory://camden/export.csv", "camden/export.csv"),
        ("s3://bucket/camden/export.csv", "bucket/camden/export.csv"),
        ("https://night:SECRET@force.example:8443/camden/cris.csv?sig=SECRET#SECRET", "force.example:8443/camden/cris.csv"),
        ("sftp://night:SEC/RET@force.example/camden/cris.csv", "force.example/camden/cris.csv"),
        ("sftp://night:SEC#RET@force.example/camden/cris.csv", "force.example/camden/cris.csv"),
        ("sftp://night:SECRET@S/ECRET@force.example/cris.csv", "force.example/cris.csv"),
        ("zip://in/cris.csv::file:///other/camden.zip", "/other/camden.zip/in/cris.csv"),
        ("zip://cris.csv::camden.zip", "camden.zip/cris.csv"),
        ("zip://cris.csv::simplecache::https://a:SECRET@h/x.zip?sig=SECRET", "h/x.zip/cris.csv"),
    ],
)  # fmt: skip
def test_a_file_is_named_by_a_path_that_leads_to_it_and_by_no_secret(location: str, name: str) -> None:
    assert published_name("/mnt/exports", location) == name


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("sqlite:///visor/visor.sqlite", "sqlite:///visor/visor.sqlite"),
        ("sqlite:////mnt/a@b/visor.sqlite", "sqlite:////mnt/a@b/visor.sqlite"),
        ("postgresql://h/db", "postgresql://h/db"),
        ("postgresql://night:SECRET@h:5433/db", "postgresql://h:5433/db"),
        ("postgresql://night:SEC/RET@h/db", "postgresql://h/db"),
        ("postgresql://night:SEC?RET@h/db", "postgresql://h/db"),
        ("postgresql://night:SECRET@SEC/RET@h/db", "postgresql://"),
        ("postgresql+psycopg://h/db?user=night&password=SECRET", "postgresql+psycopg://h/db"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3DSECRET", "mssql+pyodbc:///"),
    ],
)
def test_a_database_is_named_by_its_place_and_by_no_secret(location: str, name: str) -> None:
    assert database_name(location) == name


def test_an_archive_with_a_relative_path_lies_below_the_exports(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("in/trial.csv", HEAD + "A1,Smith,Anna,,\n")
    for location in ("zip://in/trial.csv::y.zip", f"zip://in/trial.csv::file://{tmp_path}/y.zip"):
        assert read(tmp_path, name=location).file == "y.zip/in/trial.csv"


def test_what_a_location_needs_and_is_not_installed_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, name="smb://force.example/trial.csv")
    assert (error.code, error.is_retryable) == ("no_package", False)
    assert "force.example/trial.csv: cannot be reached, for a package is missing: SMB requires" in str(error)
    assert "uv pip install" in error.what_to_do
    error = refused(tmp_path, format="sql", name="mssql+pyodbc://h/db", query="SELECT 1")
    assert "a package is missing: the database driver pyodbc" in str(error)
    error = refused(tmp_path, format="sql", name="postgresql://night@127.0.0.1:1/db", query="SELECT 1")
    assert (error.code, error.is_retryable) == ("unreachable", True), "its driver is known, and nobody answers"


def test_a_query_of_a_table_that_is_not_there_names_it_and_those_that_are(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "trial.sqlite")) as base:
        base.execute("CREATE TABLE persons (Ref TEXT)")
        base.execute("CREATE VIEW events AS SELECT Ref FROM persons")
    sql = {"format": "sql", "name": "sqlite:///trial.sqlite"}
    error = refused(tmp_path, **sql, query="SELECT * FROM person")
    assert error.code == "bad_query"
    assert "has no table person, which its query names; there are persons, events. Correct `query`" in str(error)
    error = refused(tmp_path, **sql, query="SELECT Surname FROM persons")
    assert "has no column Surname, which its query names. Correct `query`" in str(error)


@pytest.mark.postgres
def test_postgresql_names_the_table_that_is_not_there_as_sqlite_does() -> None:
    with running_server(installed()) as server:
        url = server.database()
        engine = sa.create_engine(on_psycopg(sa.make_url(url)), poolclass=sa.NullPool)
        with engine.begin() as base:
            base.execute(sa.text("CREATE TABLE persons (ref TEXT)"))
        for query, problem in (
            ("SELECT * FROM person", "has no table person, which its query names; there are persons."),
            ("SELECT surname FROM persons", "has no column surname, which its query names."),
        ):
            with pytest.raises(SourceError, match=re.escape(problem)) as caught:
                read_query("", url, query, "trial")
            assert caught.value.code == "bad_query"


def test_a_query_that_writes_is_refused_as_such(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "trial.sqlite")) as base:
        base.execute("CREATE TABLE person (Ref TEXT)")
    error = refused(tmp_path, format="sql", name="sqlite:///trial.sqlite", query="DELETE FROM person")
    assert (error.code, "has a query that writes" in str(error)) == ("bad_query", True)


def test_an_unknown_key_of_json_lines_is_told_with_its_line(tmp_path: Path) -> None:
    lines = '{"Ref": "1", "Surname": "A"}\n\n{"Ref": "2", "Surnam": "B", "Surname": "C"}\n'
    error = refused(tmp_path, lines, name="trial.jsonl", format="jsonl")
    assert "trial.jsonl, line 3: has the heading 'Surnam'" in str(error)
    lines = '{"Ref": "1", "Surname": "A", "Last Name": "B"}\n'
    error = refused(tmp_path, lines, name="trial.jsonl", format="jsonl")
    assert "has two headings for surname: 'Surname' (line 1) and 'Last Name'" in str(error)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_any_text_written_as_csv_reads_back_the_same(tmp_path: Path, rows, delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["Ref", "Surname", "First name"])
    writer.writerows(rows)
    kept = [row for row in rows if not row[0].lower().startswith(("total", "grand", "sub", "number", "no", "end"))]
    feed_read = read(tmp_path, out.getvalue(), delimiter=delimiter).records.to_pylist()
    expected = [(number, *row) for number, row in enumerate(rows, start=2) if row in kept]
    got = [(row["row_number"], row["event_ref"], row["surname"], row["forename"]) for row in feed_read]
    assert [row for row in got if row[1:] in kept] == expected


def test_a_formula_without_a_result_is_told_where_the_contract_reads_its_column(tmp_path: Path) -> None:
    rows = [["Ref", "Surname", "Office use 1"], ["1", '="A"&"li"', "=1+1"], ["2", "Bell", None], ["3", "#N/A", "#REF!"]]
    feed_read = read(tmp_path, workbook(rows), name="trial.xlsx", format="xlsx")
    assert feed_read.records.column("surname").to_pylist() == [None, "Bell", None]
    [notice] = feed_read.notices
    assert notice.n_rows == 2
    assert notice.about.startswith("trial.xlsx, sheet Nov 2026, column B, row 2 and 1 more: surname is a formula that ")


def test_a_formula_with_its_result_is_read_without_a_word(tmp_path: Path) -> None:
    parts = zipfile.ZipFile(io.BytesIO(workbook([["Ref", "Surname"], ["1", '="A"&"li"']])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in parts.namelist():
            calculated = parts.read(name).replace(b'<c r="B2">', b'<c r="B2" t="str">')
            archive.writestr(name, calculated.replace(b"</f><v /></c>", b"</f><v>Ali</v></c>"))
    feed_read = read(tmp_path, out.getvalue(), name="trial.xlsx", format="xlsx")
    assert (feed_read.records.column("surname").to_pylist(), feed_read.notices) == (["Ali"], ())


@pytest.mark.parametrize("last", [11, 30, 150])
def test_a_quote_that_a_later_one_closes_swallows_no_rows(tmp_path: Path, last: int) -> None:
    rows = [f"{n},Khan,Amina,,\n" for n in range(200)]
    rows[10], rows[last] = '10,"Khan,Amina,,\n', f'{last},"Khan",Amina,,\n'
    error = refused(tmp_path, HEAD + "".join(rows))
    assert (error.code, f"a quote on line 12 that is not closed, so that all up to line {last + 2}" in str(error)) == (
        "open_quote",
        True,
    )


def test_a_note_of_several_lines_with_bare_quotes_is_read(tmp_path: Path) -> None:
    feed_read = read(tmp_path, HEAD + '1,Khan,Amina,,"seen, then\ncalled "Tiny" by mum"\n2,Smith,Tom,,\n')
    assert feed_read.records.column("event_ref").to_pylist() == ["1", "2"]
