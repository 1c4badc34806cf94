"""``boroughlink link``: any table of people, by the command line and by the function behind it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from command_line import boroughlink
from one_person import tables
from stdnum.gb import nhs

from flows.any_table import standalone
from flows.any_table.intake import take_in
from flows.any_table.standalone import LinkOptions, link_files
from flows.cli import _unexpected
from pipeline.core.errors import LinkageError, SettingsError, SourceError, StorageError
from pipeline.core.places import Home
from pipeline.publish.publication import publish
from schemas.model import load_model

MAP = {
    "who": "record_id",
    "first": "forename",
    "last": "surname",
    "dob": "date_of_birth",
    "post": "postcode",
    "town": "category",
}
FIRST = ["ANNA", "OMAR", "GRACE", "YUSUF", "ELLA", "KOFI", "MARIA", "PRIYA", "LEON", "FATIMA", "TARIQ", "NOAH"]
LAST = ["SMITH", "KHAN", "OKAFOR", "BROWN", "PATEL", "NOWAK", "ALI", "JONES", "MENSAH", "SILVA", "CHEN", "GREEN"]


def people(n: int = 200, seed: int = 3) -> list[dict[str, str | None]]:
    """Two records a person; the second one with a slip of the pen now and then."""
    chance = random.Random(seed)
    rows: list[dict[str, str | None]] = []
    for person in range(n):
        one: dict[str, str | None] = {
            "who": f"r{person:04}a",
            "first": chance.choice(FIRST) + chance.choice("ABCDEFG"),
            "last": chance.choice(LAST) + chance.choice(LAST).title(),
            "dob": f"{chance.randint(1950, 2015)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "post": f"E{chance.randint(1, 18)} {chance.randint(1, 9)}{chance.choice('ABDEF')}{chance.choice('ABDEF')}",
            "town": chance.choice(["Hackney", "Barnet"]),
            "true": f"p{person}",
        }
        other = {**one, "who": f"r{person:04}b"}
        field = chance.choice(["first", "last", "dob", "post", None, None])
        if field == "dob":
            other["dob"] = None
        elif field:
            text = str(one[field])
            other[field] = text[:1] + text[2:]
        rows += [one, other]
    chance.shuffle(rows)
    return rows


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    pq.write_table(pa.Table.from_pylist(people()), path)
    return path


def linked(files: list[Path], out: Path, fields: dict[str, str] = MAP, **more: object) -> dict[str, Any]:
    return link_files(files, out, fields, LinkOptions(**more))  # type: ignore[arg-type]


def persons(out: Path) -> dict[str, str]:
    table = pq.read_table(out / "clusters.parquet")
    return dict(zip(table.column("record_id").to_pylist(), table.column("person_id").to_pylist(), strict=True))


def groups(out: Path) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, person in persons(out).items():
        found.setdefault(person, set()).add(record)
    return {frozenset(own) for own in found.values()}


def test_a_table_is_linked_without_labels_and_without_a_model(parquet: Path, tmp_path: Path) -> None:
    done = boroughlink(
        "link",
        str(parquet),
        "--out",
        str(tmp_path),
        "--truth",
        "true",
        "--json",
        *(f"--field={c}={k}" for c, k in MAP.items()),
    )
    assert done.code == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {
        "clusters.parquet",
        "links.parquet",
        "model.toml",
        "metrics.json",
        "report.html",
    }
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "</svg><figcaption>" not in page, "a caption stands above its chart"
    assert "An exact agreement counts by how rare the value is; drawn is the mean." in page
    facts = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert facts == done.said
    assert facts["quality"]["clusters"]["f1"] > 0.97
    assert facts["quality"]["pairs"]["precision"] > 0.97
    links = pq.read_table(tmp_path / "links.parquet")
    assert {
        "record_id_l",
        "record_id_r",
        "match_weight",
        "match_probability",
        "decision",
        "mw_forename",
        "mw_town",
    } <= set(links.column_names)
    assert set(links.column("decision").to_pylist()) <= {"link", "review"}
    assert len(persons(tmp_path)) == 400


def test_csv_and_parquet_with_rows_in_another_order_give_the_same_persons(parquet: Path, tmp_path: Path) -> None:
    rows = pq.read_table(parquet)
    pa_csv.write_csv(rows.take(list(range(len(rows)))[::-1]), tmp_path / "people.csv")
    for name, file in (("a", parquet), ("b", tmp_path / "people.csv")):
        linked([file], tmp_path / name)
    assert groups(tmp_path / "a") == groups(tmp_path / "b")


def test_a_model_that_was_written_gives_the_same_links_again(parquet: Path, tmp_path: Path) -> None:
    linked([parquet], tmp_path / "a")
    linked([parquet], tmp_path / "b", model=tmp_path / "a" / "model.toml")
    assert pq.read_table(tmp_path / "a" / "links.parquet").equals(pq.read_table(tmp_path / "b" / "links.parquet"))


def test_both_engines_give_the_same_links(parquet: Path, tmp_path: Path) -> None:
    linked([parquet], tmp_path / "a")
    for engine in ("local", "recordlinkage"):
        linked([parquet], tmp_path / engine, model=tmp_path / "a" / "model.toml", engine=engine)
    ours, plain = (pq.read_table(tmp_path / engine / "links.parquet") for engine in ("local", "recordlinkage"))
    assert ours.equals(plain)


def test_two_lists_are_linked_only_across(parquet: Path, tmp_path: Path) -> None:
    rows = pq.read_table(parquet)
    for end in "ab":
        pq.write_table(rows.filter(pc.ends_with(rows.column("who"), end)), tmp_path / f"{end}.parquet")
    linked([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "out", link_only=True, one_per_source=True)
    links = pq.read_table(tmp_path / "out" / "links.parquet").to_pylist()
    assert len(links) > 150
    assert all(row["record_id_l"][-1] != row["record_id_r"][-1] for row in links)
    assert all(len(group) <= 2 for group in groups(tmp_path / "out"))


def test_a_column_that_another_says_is_left_out_and_told(tmp_path: Path) -> None:
    rows = [{**row, "year": row["dob"] and row["dob"][:4]} for row in people()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    arguments = [str(tmp_path / "people.parquet"), "--out", str(tmp_path / "out")]
    arguments += [
        part for column, kind in {**MAP, "year": "category"}.items() for part in ("--field", f"{column}={kind}")
    ]
    done = boroughlink("link", *arguments, COLUMNS="120")
    assert done.code == 0, done.err
    assert "year (told by date_of_birth)" in done.out
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert facts["columns_told_by_others"] == {"year": "date_of_birth"}
    assert "year" not in (tmp_path / "out" / "model.toml").read_text("utf-8").split()


@pytest.mark.parametrize("engine", ["local", "recordlinkage"])
def test_middle_names_tell_namesakes_apart_and_may_be_initials(tmp_path: Path, engine: str) -> None:
    rows = []
    for row in people(120):
        of_person = random.Random(str(row["true"]))
        first, last, middle = (of_person.choice(names) for names in (FIRST, LAST, FIRST))
        written = middle if str(row["who"]).endswith("a") else middle[0] + "."
        rows.append({**row, "first": first, "last": last, "Middle Name": written})
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    fields = {"who": "record_id", "first": "forename", "last": "surname", "town": "category", "dob": "ignore"}
    files, without = [tmp_path / "people.parquet"], {**fields, "Middle Name": "ignore"}
    before = linked(files, tmp_path / "without", without, truth="true", engine=engine)
    facts = linked(files, tmp_path / "with", fields, truth="true", engine=engine)
    assert facts["columns_used"]["Middle Name"] == "middle_names"
    assert facts["quality"]["clusters"]["f1"] > before["quality"]["clusters"]["f1"] + 0.05
    model = load_model(tmp_path / "with" / "model.toml")
    assert {level.name: level.m for level in model.comparison_of("middle_names").levels}["part"] > 0.8


@pytest.mark.parametrize("engine", ["local", "recordlinkage"])
def test_middle_names_within_whole_names_tell_namesakes_apart_and_another_files_model_compares_them(
    tmp_path: Path, engine: str
) -> None:
    rows, one_of = [], random.Random(2)
    for row in people(120):
        of_person = random.Random(str(row["true"]))
        first, last, middle = (of_person.choice(names) for names in (FIRST, LAST, FIRST))
        written = middle if one_of.random() < 0.5 else middle[0]
        rows.append({"name": f"{first} {written} {last}", "post": row["post"], "true": row["true"]})
    files, out = [tmp_path / "people.parquet"], tmp_path / "out"
    pq.write_table(pa.Table.from_pylist(rows), files[0])
    without = [{**row, "name": " ".join(str(row["name"]).split()[::2])} for row in rows]
    pq.write_table(pa.Table.from_pylist(without), tmp_path / "without.parquet")
    facts = linked(files, out, {"post": "postcode"}, truth="true", engine=engine)
    before = linked([tmp_path / "without.parquet"], tmp_path / "w", {"post": "postcode"}, truth="true", engine=engine)
    assert facts["quality"]["clusters"]["f1"] > before["quality"]["clusters"]["f1"]
    model = load_model(out / "model.toml")
    assert {level.name: level.m for level in model.comparison_of("middle_names").levels}["part"] > 0.3
    again = linked([tmp_path / "without.parquet"], tmp_path / "m", {"post": "postcode"}, model=out / "model.toml")
    assert again["persons"] < len(rows)


@pytest.mark.parametrize("engine", ["local", "recordlinkage"])
def test_ages_tell_namesakes_apart_and_may_be_a_year_off(tmp_path: Path, engine: str) -> None:
    chance = random.Random(8)
    rows = []
    for row in people(120):
        of_person = random.Random(str(row["true"]))
        first, last, age = of_person.choice(FIRST), of_person.choice(LAST), of_person.randrange(20, 90)
        rows.append({**row, "first": first, "last": last, "years": str(age + chance.choice([0, 0, 1]))})
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    fields = {"who": "record_id", "first": "forename", "last": "surname", "town": "category", "dob": "ignore"}
    without = linked([tmp_path / "people.parquet"], tmp_path / "without", fields, truth="true", engine=engine)
    facts = linked(
        [tmp_path / "people.parquet"], tmp_path / "with", {**fields, "years": "age"}, truth="true", engine=engine
    )
    assert facts["columns_used"]["years"] == "age"
    assert facts["quality"]["clusters"]["f1"] > without["quality"]["clusters"]["f1"] + 0.02
    levels = {comparison.field: comparison for comparison in load_model(tmp_path / "with" / "model.toml").comparison}
    assert levels["age"].levels[-1].m > 0.9
    empty = [{**row, "years": "unknown"} for row in rows]
    pq.write_table(pa.Table.from_pylist(empty), tmp_path / "people.parquet")
    facts = linked([tmp_path / "people.parquet"], tmp_path / "with", {**fields, "years": "age"}, engine=engine)
    assert facts["columns_without_values"] == ["years"]


@pytest.mark.parametrize("seed", [1, 2])
def test_columns_may_come_in_any_order(seed: int, parquet: Path, tmp_path: Path) -> None:
    names = ["last", "first", *random.Random(seed).sample(["who", "dob", "post", "town"], 4)]
    pq.write_table(pq.read_table(parquet).select(names), tmp_path / "people.parquet")
    linked([parquet], tmp_path / "as_before")
    linked([tmp_path / "people.parquet"], tmp_path / "surname_first")
    assert groups(tmp_path / "surname_first") == groups(tmp_path / "as_before")


def test_somebody_elses_number_keeps_records_apart_where_strict_and_is_weighed_where_balanced(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(9_434_760_000, 9_434_766_000) if nhs.is_valid(str(number))]
    rows = [{**row, "nhs_number": numbers[int(str(row["true"])[1:])]} for row in people()]
    wrong = [row for row in rows if str(row["who"]).endswith("b")][:8]
    for row, number in zip(wrong, reversed(numbers), strict=False):
        row["nhs_number"] = number
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    kinds = {name: kind for name, kind in MAP.items() if name != "town"}
    of_one = {}
    for policy in ("balanced", "strict"):
        linked([tmp_path / "people.parquet"], tmp_path / policy, kinds, policy=policy)
        of_one[policy] = groups(tmp_path / policy)
    pairs = {frozenset((str(row["who"]), str(row["who"])[:-1] + "a")) for row in wrong}
    assert len(pairs & of_one["balanced"]) > 6
    assert not pairs & of_one["strict"]


@pytest.mark.parametrize("canonical", ["age", "sex", "phone", "nhs_number"])
def test_a_column_may_have_a_canonical_name_and_hold_something_else(canonical: str, tmp_path: Path) -> None:
    rows = [{**row, canonical: "ABCD"[number % 4]} for number, row in enumerate(people())]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    linked([tmp_path / "people.parquet"], tmp_path / "out", {**MAP, canonical: "category"})
    assert len(groups(tmp_path / "out")) < 230


def test_records_of_one_list_that_share_an_identifier_are_no_pair_where_only_links_across_count(tmp_path: Path) -> None:
    rows = [
        {"list": end, "who": f"{at}{end}{copy}", "first": row["first"], "last": row["last"], "number": f"N{at:05}"}
        for at, row in enumerate(people())
        for end, copies in (("a", 1), ("b", 2))
        for copy in range(copies)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    kinds = {"who": "record_id", "list": "source", "first": "forename", "last": "surname", "number": "identifier"}
    linked([tmp_path / "people.parquet"], tmp_path / "out", kinds, link_only=True)
    links = pq.read_table(tmp_path / "out" / "links.parquet").to_pylist()
    assert len(links) > 200
    assert all(("a" in row["record_id_l"]) != ("a" in row["record_id_r"]) for row in links)


def test_canonical_headings_need_no_map_and_numbers_stay_numbers(tmp_path: Path) -> None:
    rows = [
        {
            "record_id": at,
            "forename": row["first"],
            "surname": row["last"],
            "date_of_birth": row["dob"],
            "postcode": row["post"],
        }
        for at, row in enumerate(people())
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    linked([tmp_path / "people.parquet"], tmp_path / "out", {})
    assert pq.read_schema(tmp_path / "out" / "clusters.parquet").field("record_id").type == pa.int64()
    assert len(groups(tmp_path / "out")) < 230


def test_strict_links_no_more_than_balanced(parquet: Path, tmp_path: Path) -> None:
    for policy in ("strict", "balanced"):
        linked([parquet], tmp_path / policy, policy=policy)
    strict, balanced = groups(tmp_path / "strict"), groups(tmp_path / "balanced")
    assert sum(len(group) > 1 for group in strict) > 100
    assert all(any(group <= larger for larger in balanced) for group in strict)


HEADING = "who,first,last,dob,post,town,true\n"
ROW = "r1,ANNA,SMITH,2001-02-03,E1 1AA,Hackney,p1\n"


@pytest.mark.parametrize(
    ("text", "fields", "more", "kind", "told"),
    [
        ("", MAP, {}, SourceError, "has no rows"),
        (HEADING, MAP, {}, SourceError, "has no rows"),
        (HEADING + ROW + ROW, MAP, {}, SourceError, "records 1 and 2 share one"),
        (HEADING + ROW + ROW.replace("r1", " r1"), MAP, {}, SourceError, "records 1 and 2 share one"),
        (HEADING + ROW + ROW.replace("r1", " "), MAP, {}, SourceError, "record 2: has no record id"),
        (HEADING + ROW + "r2,ANNA\n", MAP, {}, SourceError, "row 3: has 2 cells where the heading has 7"),
        (
            HEADING + ROW + ",ANNA,SMITH,2001-02-03,E1 1AA,Hackney,p1\n",
            MAP,
            {},
            SourceError,
            "record 2: has no record id",
        ),
        ("who,who,last\nr1,r1,SMITH\n", {"last": "surname"}, {}, SourceError, "names 'who' twice"),
        (HEADING + ROW, {"first": "given_name"}, {}, SettingsError, "given_name is no kind"),
        (HEADING + ROW, {"name": "forename"}, {}, SettingsError, "no column is called name"),
        (
            HEADING + ROW,
            {"who": "record_id", "dob": "ignore", "town": "source"},
            {"canonical_only": True},
            SettingsError,
            "--field first=forename --field last=surname. The columns",
        ),
        (HEADING + ROW, {**MAP, "first": "record_id"}, {}, SettingsError, "are both record_id"),
        (HEADING + ROW, MAP, {"truth": "entity"}, SettingsError, "no column is called entity"),
        (HEADING + ROW, MAP, {"link_only": True}, SettingsError, "only one source"),
    ],
)
def test_a_wrong_input_is_told_by_what_is_wrong(
    tmp_path, text, fields, more, kind: type[LinkageError], told: str
) -> None:
    (tmp_path / "people.csv").write_text(text, "utf-8")
    with pytest.raises(kind) as caught:
        linked([tmp_path / "people.csv"], tmp_path / "out", fields, **more)
    assert told in str(caught.value)
    assert "SMITH" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_wrong_word_ends_with_one_message_and_code_two(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(HEADING + ROW, "utf-8")
    done = boroughlink(
        "link", str(tmp_path / "people.csv"), "--out", str(tmp_path / "out"), "--field", "first:forename"
    )
    assert done.code == 2
    assert "is not COLUMN=KIND" in done.err
    assert "Traceback" not in done.err


PLAIN = "forename,surname,date_of_birth\nANNA,SMITH,2001-02-03\nOMAR,KHAN,1990-05-06\n"


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (["a.csv", "b/a.csv", "a-1.csv"], ["a-2", "a-3", "a-1"]),
        (["a.csv", "b/a.csv", "c/a.csv"], ["a-1", "a-2", "a-3"]),
        (["a.csv", "b/ a.csv", "b.csv"], ["a-1", "a-2", "b"]),
    ],
)
def test_records_of_files_that_are_called_alike_have_ids_of_their_own(
    tmp_path: Path, names: list[str], titles: list[str]
) -> None:
    files = [tmp_path / name for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(PLAIN, "utf-8")
    linked(files, tmp_path / "out", {})
    ids = pq.read_table(tmp_path / "out" / "clusters.parquet").column("record_id").to_pylist()
    assert sorted(ids) == sorted(f"{title}/{row}" for title in titles for row in (1, 2))


def test_ids_of_two_files_that_differ_by_blanks_alone_are_told_apart(tmp_path: Path) -> None:
    for name, blank in (("ours", ""), ("theirs", " ")):
        (tmp_path / f"{name}.csv").write_text(f"record_id,surname\n{blank}r1,SMITH\n{blank}r2,KHAN\n", "utf-8")
    linked([tmp_path / "ours.csv", tmp_path / "theirs.csv"], tmp_path / "out", {})
    assert set(persons(tmp_path / "out")) == {"ours/r1", "ours/r2", "theirs/r1", "theirs/r2"}


def test_a_file_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(PLAIN, "utf-8")
    (tmp_path / "b.csv").symlink_to(file)
    for again, told in ((file, "is given twice"), (tmp_path / "b.csv", f"b.csv: is the same file as {file}")):
        with pytest.raises(SettingsError, match=told):
            linked([file, again], tmp_path / "out", {})


def test_a_folder_in_which_nights_write_is_no_place_for_what_is_linked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(Home(home), "2026-11-20-1", tables(), {})
    (home / "runs" / "2026-11-20-1").mkdir(parents=True)
    shutil.copytree(home / "published" / "2026-11-20-1", tmp_path / "copy")
    for out, told in (
        (home, "is the home"),
        (home / "published" / "current", "is a folder of the home"),
        (home / "runs" / "2026-11-20-1", "is a folder of the home"),
        (tmp_path / "copy", "holds a publication"),
    ):
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        with pytest.raises(SettingsError, match=told):
            linked([tmp_path / "people.csv"], out, {})
        assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    (tmp_path / "people.csv").write_text(PLAIN, "utf-8")
    for out in (home / "linked", tmp_path / "linked"):
        linked([tmp_path / "people.csv"], out, {})
        linked([tmp_path / "people.csv"], out, {})


def test_a_folder_whose_name_has_brackets_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PLAIN, "utf-8")
    for name in ("out[1]", "[/x]"):
        done = boroughlink("link", str(tmp_path / "people.csv"), "--out", str(tmp_path / name))
        assert done.code == 0, done.err
        assert f"{tmp_path / name}/clusters.parquet" in done.out


def test_columns_that_nothing_is_said_of_are_told(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("surname,dob,[red]note,same\n" + "LEE,1990-01-02,x,A\n" * 3, "utf-8")
    out = str(tmp_path / "out")
    done = boroughlink(
        "link", str(tmp_path / "people.csv"), "--out", out, "--truth", "same", "--field", "dob=date_of_birth"
    )
    assert done.code == 0
    assert "columns not used" in done.out
    assert "[red]note; say" in " ".join(done.out.split())
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert facts["columns_not_used"] == ["[red]note"]
    assert facts["columns_not_used_perhaps"] == {}


def test_where_nothing_is_linked_the_reason_is_told(tmp_path: Path) -> None:
    chance = random.Random(5)
    lines = [f"{chance.choice(FIRST)},{chance.choice(LAST)}" for _ in range(200)]
    (tmp_path / "names.csv").write_text("\n".join(["forename,surname", *lines]) + "\n", "utf-8")
    done = boroughlink("link", str(tmp_path / "names.csv"), "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))["linked_pairs"] == 0
    assert "does not tell one person from two who share it" in " ".join(done.out.replace("│", " ").split())


def test_values_that_were_not_understood_are_counted(tmp_path: Path) -> None:
    rows = [{**row, "dob": "Spring 2010" if n % 4 else row["dob"]} for n, row in enumerate(people())]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    n_lost = sum(row["dob"] == "Spring 2010" for row in rows)
    facts = linked([tmp_path / "people.parquet"], tmp_path / "out")
    assert facts["columns_not_understood"] == {"dob": n_lost}
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert f"compared; in {n_lost} of {len(rows)} rows it was not understood" in page


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_unused_columns_probably_hold_is_told_by_their_values(tmp_path: Path, ending: str) -> None:
    path, rows = tmp_path / f"people.{ending}", people()
    table = pa.table(
        {
            "surname": [row["last"] for row in rows],
            "his home": [f"E1 {n % 10}AB" for n in range(len(rows))],
            "case no": range(len(rows)),
        }
    )
    pa_csv.write_csv(table, path) if ending == "csv" else pq.write_table(table, path)
    done = boroughlink("link", str(path), "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    said = "--field 'his home=postcode'"
    assert said in " ".join(done.out.replace("│", " ").split())
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert facts["columns_not_used_perhaps"] == {"his home": "postcode", "case no": "record_id"}
    assert "--field &#39;his home=postcode&#39;" in (tmp_path / "out" / "report.html").read_text("utf-8")


STRANGERS = [
    {"who": "r1", "first": "ANNA", "last": "SMITH", "dob": "2001-02-03", "post": "E1 1AA", "town": "x", "true": "p1"},
    {"who": "r2", "first": "OMAR", "last": "KHAN", "dob": "1988-11-19", "post": "N16 5GH", "town": "y", "true": "p1"},
]


def test_where_no_pair_is_compared_that_is_told_and_no_figure_stands_for_it(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(STRANGERS), tmp_path / "two.parquet")
    fields = [f"--field={column}={kind}" for column, kind in MAP.items()]
    done = boroughlink(
        "link", str(tmp_path / "two.parquet"), "--out", str(tmp_path / "out"), "--truth", "true", *fields
    )
    shown = " ".join(done.out.replace("│", " ").split())
    assert "No pair of records was compared" in shown
    assert "linked from" not in shown
    assert "expected" not in shown
    assert "truth: linked pairs recall 0.0000, F1 0.0000" in shown
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert facts["no_pairs"].startswith("No pair of records was compared")
    for name in ("link_bits", "review_bits", "expected_precision", "expected_recall", "expected_candidate_recall"):
        assert facts[name] is None, name
    assert facts["quality"]["pairs"] == {"precision": None, "recall": 0.0, "f1": 0.0}
    assert facts["quality"]["calibration_error"] is None
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "No pair of records was compared" in page
    assert "linked from" not in page
    assert "Pairs by match weight" not in page
    again = boroughlink("evaluate", "--linked", str(tmp_path / "out"))
    assert again.code == 0, again.err


def test_where_pairs_are_compared_and_none_is_scored_that_is_told(parquet: Path, tmp_path: Path) -> None:
    linked([parquet], tmp_path / "a")
    neighbours = [{**row, "post": "E1 1AA"} for row in STRANGERS]
    pq.write_table(pa.Table.from_pylist(neighbours), tmp_path / "two.parquet")
    facts = linked([tmp_path / "two.parquet"], tmp_path / "out", model=tmp_path / "a" / "model.toml")
    assert facts["candidate_pairs"] == 1
    assert facts["no_pairs"].startswith("1 pair of records was compared, and none weighs enough")
    assert (facts["expected_precision"], facts["expected_recall"]) == (None, None)
    assert facts["link_bits"] is not None, "those of the model that was given"


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_smallest_files_give_persons_too(tmp_path: Path, rows: int) -> None:
    table = pa.Table.from_pylist(people()[:rows])
    pq.write_table(table, tmp_path / "few.parquet")
    facts = linked([tmp_path / "few.parquet"], tmp_path / "out", truth="true")
    assert facts["records"] == rows
    assert len(persons(tmp_path / "out")) == rows


def test_a_million_rows_of_one_value_end_soon_and_link_nobody(tmp_path: Path) -> None:
    n = 1_000_000
    table = pa.table(
        {
            name: pa.repeat(pa.scalar(value), n)
            for name, value in (("forename", "ANNA"), ("surname", "SMITH"), ("date_of_birth", "2001-02-03"))
        }
    )
    pq.write_table(table, tmp_path / "same.parquet")
    facts = linked([tmp_path / "same.parquet"], tmp_path / "out", {})
    assert facts["persons"] == n


def test_the_report_says_what_was_done_with_each_column(tmp_path: Path) -> None:
    rows = [{**row, "year": (row["dob"] or "")[:4] or None, "blank": " ", "<note>": "x"} for row in people()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    facts = linked(
        [tmp_path / "people.parquet"],
        tmp_path / "out",
        {**MAP, "year": "category", "blank": "category"},
        truth="true",
    )
    assert facts["columns_told_by_others"] == {"year": "date_of_birth"}
    assert facts["columns_without_values"] == ["blank"]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    for column, field, done in [
        ("who", "record_id", "names the record"),
        ("first", "forename", "compared"),
        ("year", "year", "left out: date_of_birth tells it too, and it would count twice"),
        ("blank", "blank", "has no values"),
        ("true", "true person", "measured against, and nothing else"),
    ]:
        assert f'<th scope="row">{column}</th><td>{field}</td><td>{done}</td>' in page
    assert "nothing was said of what they hold: &lt;note&gt;." in page


def test_canonical_headings_are_known_in_any_case_and_spacing(tmp_path: Path) -> None:
    rows = [
        {"FORENAME": row["first"], "Surname": row["last"], "Date of Birth": row["dob"], "Post Code": row["post"]}
        | {"E-mail": None, "postcode": row["post"]}
        for row in people(20)
    ]
    pa_csv.write_csv(pa.Table.from_pylist(rows), tmp_path / "people.csv")
    facts = linked([tmp_path / "people.csv"], tmp_path / "out", {})
    assert facts["columns_used"] == {
        "FORENAME": "forename", "Surname": "surname", "Date of Birth": "date_of_birth", "E-mail": "email",
        "postcode": "postcode",
    }  # fmt: skip
    assert facts["columns_not_used"] == ["Post Code"], "postcode stands there to the letter"


def test_lists_that_call_their_columns_otherwise_are_linked(tmp_path: Path) -> None:
    rows = people()
    ours = [{"who": r["who"], "first": [r["first"]], "last": r["last"], "dob": r["dob"], "x": "1"} for r in rows[::2]]
    theirs = [{"Forename": r["first"], "called": r["last"], "Date of birth": r["dob"]} for r in rows[1::2]]
    pq.write_table(pa.Table.from_pylist(ours), tmp_path / "ours.parquet")
    pa_csv.write_csv(pa.Table.from_pylist(theirs), tmp_path / "theirs.csv")
    files = [tmp_path / "ours.parquet", tmp_path / "theirs.csv"]
    fields = {"first": "forename", "last": "surname", "dob": "date_of_birth"}
    facts = linked(files, tmp_path / "out", {**fields, "called": "ignore"}, link_only=True)
    assert facts["fields_of_some_files"] == {"surname": ["ours"]}
    assert facts["fields_left_out"] == ["surname"]
    facts = linked(files, tmp_path / "out", {**fields, "who": "record_id", "called": "surname"}, link_only=True)
    in_both = {row["true"] for row in rows[::2]} & {row["true"] for row in rows[1::2]}
    assert facts["linked_pairs"] > len(in_both) / 2
    assert facts["records"] == len(rows)
    assert facts["columns_not_used"] == ["x"]


def test_lists_that_say_whom_they_are_about_in_each_heading_are_linked_to_those_that_do_not(tmp_path: Path) -> None:
    rows, (ours, theirs, out) = people(), (tmp_path / name for name in ("ours.csv", "theirs.csv", "out"))
    plain = {"first": "first_name", "last": "last_name", "dob": "dob", "true": "true"}
    patients = {"first": "Patient First Name", "last": "patient_surname", "dob": "Patient DOB", "true": "true"}
    for path, headings, visit in ((ours, plain, "a"), (theirs, patients, "b")):
        own = [{name: row[old] for old, name in headings.items()} for row in rows if str(row["who"]).endswith(visit)]
        pa_csv.write_csv(pa.Table.from_pylist(own), path)
    facts = linked([ours, theirs], out, {}, truth="true", link_only=True)
    assert facts["columns_taken"] == {
        "Patient First Name": "forename",
        "patient_surname": "surname",
        "Patient DOB": "date_of_birth",
    }
    assert facts["quality"]["pairs"]["f1"] > 0.9


def test_columns_without_a_heading_do_no_harm(tmp_path: Path) -> None:
    lines = [",surname,date_of_birth,,"] + [f"{i},LEE,199{i}-01-02,," for i in range(3)]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert linked([tmp_path / "people.csv"], tmp_path / "out", {})["columns_not_used"] == []


def test_one_record_alone_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("surname,date_of_birth\nLEE,1990-01-02\n", "utf-8")
    assert linked([tmp_path / "people.csv"], tmp_path / "out", {})["no_pairs"].startswith("There is one record")


def test_the_sex_of_one_list_is_the_gender_of_another(tmp_path: Path) -> None:
    ours, theirs = people(60)[::2], people(60)[1::2]
    for name, rows, heading in (("ours", ours, "sex"), ("theirs", theirs, "Gender")):
        for number, row in enumerate(rows):
            row[heading] = "FM"[number % 2]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    facts = linked([tmp_path / "ours.parquet", tmp_path / "theirs.parquet"], tmp_path / "out")
    assert facts["columns_used"]["sex"] == facts["columns_used"]["Gender"] == "sex"


def test_a_folder_that_cannot_be_made_is_told_as_such(parquet: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StorageError, match="Name another folder with --out"):
        linked([parquet], tmp_path / "file" / "out")


def test_one_record_a_source_is_refused_where_there_are_no_sources(parquet: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--one-per-source: no column names a source"):
        linked([parquet], tmp_path / "out", one_per_source=True)


def test_an_answer_that_is_cut_off_leaves_the_one_before_whole(
    parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    linked([parquet], out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    fewer = tmp_path / "fewer.parquet"
    pq.write_table(pa.Table.from_pylist(people(20)), fewer)

    def cut_off(story: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(standalone, "render_link_page", cut_off)
    with pytest.raises(KeyboardInterrupt):
        linked([fewer], out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_usual_headings_whose_values_fit_are_taken_unasked_and_that_is_said(tmp_path: Path) -> None:
    rows = [
        {
            "id": n,
            "first": row["first"],
            "last": row["last"],
            "born": row["dob"],
            "zip": row["post"],
            "city": row["town"],
        }
        | {"source": n % 2, "person_id": row["true"], "name": "Smith & Co Ltd"}
        for n, row in enumerate(people())
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    out = tmp_path / "out"
    done = boroughlink("link", str(tmp_path / "people.parquet"), "--out", str(out), "--truth", "person_id")
    assert done.code == 0, done.err
    facts = json.loads((out / "metrics.json").read_text("utf-8"))
    assert facts["columns_taken"] == {
        "id": "record_id", "first": "forename", "last": "surname", "born": "date_of_birth", "zip": "postcode",
        "city": "category",
    }  # fmt: skip
    assert facts["columns_not_used"] == ["name"]
    assert facts["quality"]["clusters"]["f1"] > 0.97
    shown = " ".join(done.out.replace("│", " ").split())
    assert "first for forename, last for surname, born for date_of_birth" in shown
    assert "--field COLUMN=ignore of one that is not" in shown
    page = (out / "report.html").read_text("utf-8")
    assert "compared; taken for forename by its heading: say --field first=ignore if it is not" in page
    assert pq.read_schema(out / "clusters.parquet").field("record_id").type == pa.int64()
    again = boroughlink("evaluate", "--linked", str(out), str(tmp_path / "people.parquet"))
    assert again.code == 0, again.err


def test_what_is_said_of_a_usual_heading_wins_and_canonical_only_takes_none(tmp_path: Path) -> None:
    rows = [{"surname": row["last"], "first": row["first"], "born": row["dob"]} for row in people(20)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "people.parquet")
    files = [tmp_path / "people.parquet"]
    facts = linked(files, tmp_path / "out", {"first": "ignore"})
    assert facts["columns_taken"] == {"born": "date_of_birth"}
    facts = linked(files, tmp_path / "out", {}, canonical_only=True)
    assert facts["columns_taken"] == {}
    assert facts["columns_not_used_perhaps"] == {"first": "forename", "born": "date_of_birth"}


def test_an_id_that_comes_twice_far_down_names_no_records_and_is_not_taken(tmp_path: Path) -> None:
    ids = [*range(6_000), 3]
    table = {"id": ids, "surname": [f"N{n}" for n in ids], "postcode": [f"E1 {n}" for n in ids]}
    pq.write_table(pa.table(table), tmp_path / "people.parquet")
    told = take_in([tmp_path / "people.parquet"], {}, None, link_only=False)
    assert told.taken == {}
    assert told.unused == ("id",)


def test_what_only_some_files_have_is_compared_where_both_records_have_it(tmp_path: Path) -> None:
    rows = people()
    ours = [
        {"first": r["first"], "last": r["last"], "dob": r["dob"], "post code": r["post"], "tel": None} for r in rows
    ]
    theirs = [{"client": f"{r['last']}, {r['first']}", "dob": r["dob"], "town": r["town"]} for r in rows[::2]]
    for name, some in (("ours", ours), ("theirs", theirs)):
        pq.write_table(pa.Table.from_pylist(some), tmp_path / f"{name}.parquet")
    files = [tmp_path / "ours.parquet", tmp_path / "theirs.parquet"]
    facts = linked(files, tmp_path / "out", {})
    assert facts["fields_of_some_files"] == {"postcode": ["ours"], "town": ["theirs"]}
    assert facts["fields_left_out"] == []
    assert "postcode" in {each.field for each in load_model(tmp_path / "out" / "model.toml").comparison}
    assert facts["linked_pairs"] > 300
    across = linked(files, tmp_path / "across", {}, link_only=True)
    assert across["fields_left_out"] == ["postcode", "town"]
    assert across["linked_pairs"] > 150
    assert "left out: only ours has it" in (tmp_path / "across" / "report.html").read_text("utf-8")


def test_files_without_a_common_column_have_no_pair_across_and_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("surname\nLEE\nKHAN\n", "utf-8")
    (tmp_path / "b.csv").write_text("email\na@b.org\nc@d.org\n", "utf-8")
    with pytest.raises(SettingsError, match="the files: have no column in common"):
        linked([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "out", {}, link_only=True)


def test_the_one_phone_of_a_list_is_compared_with_the_first_of_a_list_with_two(tmp_path: Path) -> None:
    for name, heading in (("a", "surname,tel"), ("b", "surname,tel,tel2")):
        row = ",".join(["LEE", "07700900123", "07700900456"][: heading.count(",") + 1])
        (tmp_path / f"{name}.csv").write_text(f"{heading}\n{row}\n", "utf-8")
    kinds = {"tel": "phone", "tel2": "phone"}
    told = take_in([tmp_path / "a.csv", tmp_path / "b.csv"], kinds, None, link_only=False)
    assert told.some_files == {"tel2": ("b",)}
    assert told.table.column("phone").null_count == 0


def test_an_unforeseen_error_says_where_it_was_and_what_to_do_and_nothing_of_a_person() -> None:
    try:
        int("SMITH")
    except ValueError as error:
        told = _unexpected(error)
    assert told.startswith("(ValueError, tests/flows/test_flows_link.py line ")
    assert "Tell the maintainers" in told
    assert "SMITH" not in told
