"""Run files and contracts as people write them: what does not fit is told with file, line or setting, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import SettingsError
from pipeline.core.places import ROOT
from pipeline.persons.survivorship import load_survivorship
from pipeline.stewardship.policy import load_policy
from schemas.contract import Contract, load_contract, load_contracts
from schemas.model import load_model
from schemas.settings import RunSettings

README = (ROOT / "README.md").read_text("utf-8")
YOUTH = README[README.index("source: youth_offending") : README.index("```", README.index("source: youth_offending"))]


def told(folder: Path, text: str | bytes) -> str:
    path = folder / "youth.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load_contract(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in YOUTH
    return YOUTH.replace(old, new)


def test_the_contract_of_the_readme_is_one(tmp_path: Path) -> None:
    (tmp_path / "youth.yml").write_text(YOUTH, "utf-8")
    (contract,) = load_contracts(tmp_path)
    assert [feed.location for feed in contract.all_feeds()] == ["youth/hackney.csv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            changed("[Last name, Surname]", "[Last name, Surname"),
            "cannot be read as YAML, line 10, column 12: the bracket",
        ),
        (
            changed("  forename:", "  surname: [Family name]\n  forename:"),
            "line 11, column 3: 'surname' stands there a second time: remove one of the two",
        ),
        (YOUTH.encode() + b"# caf\xe9\n", "is not UTF-8 text: see line 19."),
        ("", "must be names with values"),
        ("- source\n", "must be names with values"),
        (changed("delimiter:", "delimeter:"), "delimeter: is not known (did you mean delimiter?)"),
        (changed("format: csv", "snapshot: append\nformat: csv"), "snapshot: must be 'full'"),
        (changed("[First name]", "First name"), "person.forename: must be a list"),
        (changed("[First name]", "[No]"), "person.forename.1: must be text (in YAML: in quotes)"),
        (changed("forename:", "firstname:"), "firstname (did you mean forename?)"),
        (changed("[Hackney]", "[hackny]"), "hackny (did you mean Hackney?)"),
        (changed("[Hackney]", "Hackney"), "boroughs: must be 'all' or 'none' or must be a list"),
        (changed("[Hackney]", "[E09000012]"), "line 6: no borough is called E09000012 (did you mean Hackney?)"),
        (
            changed("constants: { role: subject }", ""),
            "role is neither a column nor a constant: add it under event, or",
        ),
        (changed("[Hackney]", "[Thurrock]"), "line 6: no borough is called Thurrock; known are the 33 of London"),
        (changed("[Hackney]", "none"), "line 3: location has {borough}, and the contract has no boroughs: add"),
        (changed("youth/", "youth\\"), "line 3: location must be a path of this machine, with / between its parts"),
        (changed("youth/{borough}.csv ", "'{borough}.csv ' "), "line 3: location has a space before or behind it"),
        (changed("youth_offending\n", "Youth-offending\n"), "line 1: source: must be of small letters, digits and _"),
        (changed('";"', "tab"), "line 5: delimiter must be one character, such as ';' or, for a tab, \"\\t\" in"),
        (changed("[Hackney]", "[Hackney, Hackney]"), "names Hackney twice"),
        (changed("[First name]", "[last  name]"), "stands for surname and for forename"),
        (
            changed("key: [source_key]", "key: [event_ref]"),
            "key names event_ref, for which person and event have no heading",
        ),
        (changed("required: [source_key,", "required: [phone,"), "required names phone, for which"),
        (changed("started: [Seen on]", "attribute.: [Seen on]"), "line 15: no field is called attribute.; known are"),
        (
            changed("started: [Seen on]", "status: [Seen on]") + "limits: { max_age_days: 30 }\n",
            "line 19: limits.max_age_days counts from started, for which event has no heading",
        ),
    ],
)
def test_what_a_contract_cannot_say_is_told_with_where_and_what_instead(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    assert words in told(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('ignore: ["("]', "'(' is no pattern"),
        ('sheets: "["', "'[' is no pattern"),
        ('split_people: { columns: [surname], separators: ["("] }', "'(' is no pattern"),
        ("split_people: { columns: [full_name] }", "split_people.columns names full_name"),
        ("encoding: utf9", "no encoding is called 'utf9'"),
        ("encoding: hex", "no encoding is called 'hex'"),
        ("found_in_text: { surname: ['('] }", "line 19: '(' is no pattern"),
        ("found_in_text: { surname: ['[A-Z]+'] }", "'[A-Z]+' finds no field: name a group"),
        ("found_in_text: { surname: ['(?P<surnme>.*)'] }", "no field is called surnme (did you mean surname?)"),
        (
            "found_in_text: { place: ['(?P<postcode>.*)'] }",
            "found_in_text names place, for which person and event have no heading",
        ),
        ('dates: { formats: ["DD/MM/YYYY"] }', "'DD/MM/YYYY' is no way to write a date"),
        ("colours: { FFCOOO: { field: risk, value: high } }", "'FFCOOO' is no colour"),
        ("recorded_at: begun", "no field is called begun"),
        (
            "recorded_at: surname",
            "line 19: recorded_at names surname, which is no moment of the event; it may be started,",
        ),
        ("recorded_at: ended", "line 19: recorded_at names ended, for which event has no heading; it may be started,"),
        ("strikethrough: { field: statu, value: closed }", "no field is called statu (did you mean status?)"),
        ("feeds: { hackny: { encoding: cp1252 } }", "feeds names hackny (did you mean hackney?)"),
        ("feeds: { hackney: { delimiter: ';;' } }", "delimiter must be one character"),
        ("feeds: { hackney: { format: sql } }", "format sql needs a query"),
        ("feeds: { hackney: { location: 'youth/{Borough}.csv' } }", "location has {Borough}"),
    ],
)
def test_what_no_reader_could_use_is_told_before_the_night(tmp_path: Path, line: str, words: str) -> None:
    assert words in told(tmp_path, f"{YOUTH}{line}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed("role: subject", "role: victm"), "line 18: no role is called victm (did you mean victim?); known are"),
        (
            changed("role: subject", "role: whatever"),
            "line 18: no role is called whatever; known are accused, at_risk,",
        ),
        (f"{YOUTH}values:\n  sex: {{ B: M, G: femal3 }}\n", "line 20: no sex is called femal3"),
        (
            f"{YOUTH}colours:\n  FF0000: {{ field: risk, value: hihg }}\n",
            "line 20: no risk is called hihg (did you mean high?)",
        ),
        (f"{YOUTH}strikethrough: {{ field: role, value: gone }}\n", "line 19: no role is called gone"),
        (changed("[Hackney]", "[hackny]"), "line 6: no borough is called hackny"),
        (changed("delimiter:", "delimeter:"), "line 5: delimeter: is not known"),
    ],
)
def test_a_code_that_no_list_knows_is_told_with_its_line_and_the_nearest_known(
    tmp_path: Path, text: str, words: str
) -> None:
    assert words in told(tmp_path, text)


@pytest.mark.parametrize("role", ["Subject", "VIC", "at risk", "N/K", "suspect "])
def test_a_code_may_be_written_as_exports_write_it(tmp_path: Path, role: str) -> None:
    path = tmp_path / "youth.yaml"
    path.write_text(changed("role: subject", f"role: {role!r}"), "utf-8")
    assert load_contract(path).constants["role"] == role


def test_two_feeds_never_read_the_same_export_unless_by_sheet(tmp_path: Path) -> None:
    both = changed("[Hackney]", "[Hackney, Camden]").replace("youth/{borough}.csv", "youth.csv")
    assert "would read the same export" in told(tmp_path, both)
    sheets = {"hackney": {"sheets": "Hackney"}, "camden": {"sheets": "Camden"}}
    path = tmp_path / "by_sheet.yaml"
    path.write_text(changed("[Hackney]", "[Hackney, Camden]").replace("csv", "xlsx") + f"feeds: {sheets}\n", "utf-8")
    assert isinstance(load_contract(path), Contract)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            b"home: here\n\texports: there\n",
            "cannot be read as YAML, line 2, column 1: a tab stands there: write spaces",
        ),
        (b"exports: here\nexports: there\n", "line 2, column 1: 'exports' stands there a second time"),
        (b"exports: caf\xe9\n", "is not UTF-8 text: see line 1"),
        (b"- home\n", "must be names with values"),
        (b"false\n", "must be names with values"),
        (b"contract: here\n", "contract: is not known (did you mean contracts?). data/sample/run.yaml is an example."),
        (b"publish_limits: { merged: 0.1 }\n", "publish_limits.merged: is not known (did you mean merged_share?)"),
        (b"workers: many\n", "workers: must be a whole number"),
        (b"publish_limits:\nfew: 3\n", "line 2: few: is not known (did you mean few, indented below publish_limits?)"),
        (b"review: { workers: 2 }\n", "workers: is not known (did you mean workers at the beginning of a line?)"),
        (
            b"publish_limits: { merged_share: 2% }\n",
            "line 1: publish_limits.merged_share: must be a number, such as 0.02",
        ),
        (b"as_of: 20/11/2026\n", "line 1: as_of: must be a day, year first, such as 2026-11-20"),
        (b"as_of: 20261120\n", "line 1: as_of: must be a day, year first, such as 2026-11-20"),
        (b"as_of: 2026-11-31\n", "line 1, column 8: there is no day or time 2026-11-31"),
        (b"home:\n", "line 1: home: must be a path."),
        (b"home: /srv/a\nexports: ''\n", "line 2: exports: must be a path, and is empty"),
        (b"home: ~/boroughlink\n", "line 1: home: must be the whole path: ~ and variables such as $HOME are not"),
        (b"exports: ${DATA}/exports\n", "line 1: exports: must be the whole path"),
        (b"home: C:\\boroughlink\n", "line 1: home: must be a path of this machine, with / between its parts"),
        (b"exports: '\\\\server\\share'\n", "line 1: exports: must be a path of this machine"),
        (b"passwords: { MERTON: '~/merton' }\n", "line 1: passwords.MERTON: must be the whole path"),
        ("home: \u201c/srv/a\u201d\n".encode(), "line 1: home: stands in quotes of a word processor"),
        (b"home: '/srv/a '\n", "line 1: home: has a space before or behind it"),
        (
            b"notify:\n  webhook: { url: hooks.force.example }\n",
            "notify.webhook.url: must begin with https:// or http://",
        ),
    ],
)
def test_a_run_file_is_told_by_line_and_setting(tmp_path: Path, text: bytes, words: str) -> None:
    (tmp_path / "run.yaml").write_bytes(text)
    with pytest.raises(SettingsError, match=r"run\.yaml: ") as caught:
        RunSettings.load(tmp_path / "run.yaml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("home: /srv/a\n exports: /b\n", "line 2, column 9: is indented otherwise than the lines it belongs to"),
        ("review:\nidle_minutes: 5\n  tries: 3\n", "line 3, column 8: is indented otherwise"),
        ("home: /srv/a: b\n", "line 1, column 13: a value with a colon and a space in it must be in quotes"),
        ("home: @a\n", "line 1, column 7: a text that begins with *, &, !, %, @ or ` must be in quotes"),
        ("home: *a\n", "line 1, column 7: a text that begins with"),
        ("home: !a b\n", "line 1, column 7: a text that begins with"),
        ('home: "C:\\srv"\n', "line 1, column 11: a backslash in double quotes means something of its own"),
        ('home: "C:\\users"\n', "line 1, column 12: a backslash in double quotes means something of its own"),
        ('home: /srv/a\nexports: "/b\nworkers: 2\n', "line 2, column 10: the quote that opens there is not closed"),
        ('home: "a" b\n', "line 1, column 11: something stands behind the end of a value: put the whole value in"),
        ("home: {a}/b\n", "line 1, column 10: something stands behind the end of a value"),
        ("review:\n  hosts: [a #1]\n", "line 2, column 10: the bracket that opens there is not closed"),
        ("home: /a\nengine\nworkers: 2\n", "line 2, column 1: a name, a colon and a space are expected there"),
        ("review: - a\n", "line 1, column 9: a list begins on a line of its own, or is written [one, two]"),
        ("home: /a\n---\nhome: /b\n", "line 2, column 1: a second document begins there"),
        ("home: a\x00b\n", "cannot be read as YAML: unacceptable character"),
    ],
)
def test_what_is_no_yaml_is_told_as_the_slip_it_is_with_its_line_and_what_to_write(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "run.yaml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"run\.yaml: cannot be read as YAML") as caught:
        RunSettings.load(tmp_path / "run.yaml")
    assert words in str(caught.value)


@pytest.mark.parametrize("path", ["/mnt/admin$/exports", "a b/c", "file:///mnt/~exports", "s3://bucket/$x", "home~1"])
def test_a_path_that_a_machine_may_have_is_one(tmp_path: Path, path: str) -> None:
    (tmp_path / "run.yaml").write_text(f"exports: '{path}'\r\n", "utf-8")
    assert RunSettings.load(tmp_path / "run.yaml").exports.endswith(path)


def test_an_empty_run_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_bytes(b"\xef\xbb\xbf# nothing yet\n")
    assert RunSettings.load(tmp_path / "run.yaml") == RunSettings()


def test_the_messages_of_the_operators_page_are_a_run_files(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    begins = page.index("notify:\n")
    (tmp_path / "run.yaml").write_text(page[begins : page.index("```", begins)], "utf-8")
    notify = RunSettings.load(tmp_path / "run.yaml").notify
    assert notify
    assert notify.on == ("failed", "refused", "held")
    assert notify.email
    assert notify.webhook


@pytest.mark.parametrize("word", ["no", "Yes", "ON", "off", "null", "1", "2026-11-20"])
def test_a_name_is_the_text_that_stands_there_whatever_yaml_takes_it_for(tmp_path: Path, word: str) -> None:
    (tmp_path / "run.yaml").write_text(f"passwords: {{ {word}: here }}\n", "utf-8")
    assert list(RunSettings.load(tmp_path / "run.yaml").passwords) == [word]


@pytest.mark.parametrize("load", [load_model, load_policy, lambda path: load_survivorship(path, {})])
def test_a_file_of_rules_that_cannot_be_read_is_told(tmp_path: Path, load) -> None:
    path = tmp_path / "rules.toml"
    for text, words in (
        (None, "is not there. Is its path written right?"),
        (b"a = ]", "cannot be read as TOML"),
        (b"a = '\xe9'", "is not UTF-8"),
    ):
        if text is not None:
            path.write_bytes(text)
        with pytest.raises(SettingsError, match=words):
            load(path)


def test_a_folder_in_the_place_of_a_run_file_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is a folder, and no file\. Name the file in it\."):
        RunSettings.load(tmp_path)
