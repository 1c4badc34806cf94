from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.cli import app
from flows.stewards.desk import check_address, check_port
from pipeline.core.errors import SettingsError
from pipeline.evaluate.curves import wilson
from pipeline.explain.waterfall import waterfall
from pipeline.review.admission.access import MASK, SHOWN_MASKED, Viewer, shown
from pipeline.review.admission.door import Buckets
from pipeline.review.cases.weigh import LIMIT_TEXT, odds_words, rarity_words, times_words, weighed
from pipeline.review.decisions.preview import FIELDS
from pipeline.review.frame.csv_file import plain_cell
from pipeline.review.supervision.agreement import agreement
from schemas.desk import DeskSettings
from schemas.settings import RunSettings
from schemas.tables import RECORDS


@given(st.text(max_size=40))
def test_no_cell_of_an_export_begins_like_a_formula(text: str) -> None:
    cell = plain_cell(text)
    assert not cell.lstrip().startswith(tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert cell.endswith(text)


def test_a_masked_record_tells_only_that_it_is_there() -> None:
    row = dict.fromkeys(RECORDS.names, "SECRET") | {"borough": "Hackney"}
    seen = shown(Viewer("1", "Col", "borough", "Croydon"), row)
    assert {name for name, value in seen.items() if value == "SECRET"} <= SHOWN_MASKED
    assert not SHOWN_MASKED & set(FIELDS)
    assert seen["is_masked"]
    assert seen["source"] is None
    assert MASK


@pytest.mark.parametrize(("borough", "is_masked"), [("Croydon", False), ("Hackney", True), (None, True)])
def test_a_borough_user_sees_records_of_the_own_borough_only(borough: str | None, is_masked: bool) -> None:
    viewer = Viewer("1", "Col", "borough", "Croydon")
    assert shown(viewer, {"borough": borough, "surname": "X"})["is_masked"] is is_masked


def test_a_borough_user_without_a_borough_and_an_auditor_see_no_record() -> None:
    for viewer in (Viewer("1", "A", "borough", None), Viewer("1", "A", "auditor"), Viewer("1", "A", "administrator")):
        assert shown(viewer, {"borough": None, "surname": "X"})["is_masked"]


def test_odds_are_told_as_people_say_them() -> None:
    assert odds_words(0.0) == "even odds: as likely one person as two"
    assert odds_words(3.0) == "about 8 to 1 that they are one person"
    assert odds_words(-10.0) == "about 1,000 to 1 that they are two people"
    assert times_words(1.0) == "2 times likelier"
    assert times_words(-2.0) == "4 times less likely"


@pytest.mark.parametrize(("n", "word"), [(1, "rare"), (3, "rare"), (50, "uncommon"), (900, "common")])
def test_how_rare_a_name_is_is_told_in_a_word(n: int, word: str) -> None:
    assert f"is {word}" in rarity_words("surname", "TREVELYAN", n, 10_000)


@given(
    st.dictionaries(st.sampled_from(["surname", "forename", "sex", "phone"]), st.floats(-20, 20), max_size=4),
    st.floats(-20, 0),
)
def test_every_bar_of_the_picture_lies_inside_it(fields: dict[str, float], prior: float) -> None:
    told = weighed(waterfall(fields, prior), 5.0, ())
    for bar in told.picture.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= told.picture.width
    assert told.picture.limit_text_x + LIMIT_TEXT <= told.picture.width
    assert all(point.bits > 0 for point in told.points_for)
    assert all(point.bits < 0 for point in told.points_against)


def test_kappa_is_one_for_perfect_agreement_and_nought_for_chance() -> None:
    assert agreement([("link", "link"), ("unlink", "unlink")]).kappa == pytest.approx(1.0)
    every_way = list(itertools.product(("link", "unlink"), repeat=2))
    assert agreement(every_way).kappa == pytest.approx(0.0)
    assert agreement([("link", "link")] * 5).kappa is None
    assert agreement([]).kappa is None


def test_kappa_is_that_of_a_worked_example() -> None:
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert agreement(pairs).kappa == pytest.approx(0.4)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_holds_the_share(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] + 1e-9
    assert counts[0] / counts[1] - 1e-9 <= high <= 1


def test_a_bucket_lets_as_many_in_as_it_holds_and_more_with_time() -> None:
    now = [0.0]
    bucket = Buckets(60, lambda: now[0])
    assert [bucket.takes("a") for _ in range(61)].count(True) == 60
    assert bucket.takes("b")
    now[0] = 1.0
    assert [bucket.takes("a") for _ in range(2)] == [True, False]


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "desk.example", "::"])
def test_the_desk_does_not_listen_beyond_this_machine_without_tls(host: str) -> None:
    with pytest.raises(SettingsError, match="without TLS"):
        check_address(RunSettings(), host)
    assert check_address(RunSettings(), "127.0.0.1") is False


def test_a_port_that_is_in_use_is_told_before_the_desk_says_that_it_is_there() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match="is in use by another program"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_wrong_use_of_an_account_is_wrong_use_of_the_command_and_says_what_is_right(tmp_path: Path) -> None:
    add = ["review", "users", "add", "Col", "--home", str(tmp_path)]
    for more, said in (
        (["--role", "borough", "--borough", "croydon"], "Write it as Croydon."),
        (["--role", "king"], "--role: There is no role king. Roles are"),
        (["--role", "borough"], "--borough: A borough user needs a borough, such as Croydon."),
        (["--role", "steward", "--borough", "Croydon"], "--borough: Only a borough user has a borough; leave it out."),
    ):
        error = CliRunner().invoke(app, [*add, *more]).exception
        assert isinstance(error, SettingsError)
        assert said in str(error)


def test_half_of_tls_and_a_certificate_that_is_not_there_are_refused(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch()
    with pytest.raises(SettingsError, match="go together"):
        check_address(RunSettings(review=DeskSettings(tls_key=key)), "127.0.0.1")
    with pytest.raises(SettingsError, match="is not there"):
        check_address(RunSettings(review=DeskSettings(tls_key=key, tls_certificate=tmp_path / "no.pem")), "0.0.0.0")
    assert check_address(RunSettings(review=DeskSettings(tls_key=key, tls_certificate=key)), "0.0.0.0") is True


def test_accounts_are_made_listed_reset_and_disabled_on_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner()
    home = ["--home", str(tmp_path)]
    assert runner.invoke(app, ["review", "users", "add", "A. Steward", *home]).exit_code == 0
    same = runner.invoke(app, ["review", "users", "add", "a.  steward", *home])
    assert same.exit_code != 0
    wrong = runner.invoke(app, ["review", "users", "add", "B", "--role", "borough", *home])
    assert wrong.exit_code != 0
    assert runner.invoke(app, ["review", "users", "disable", "A. Steward", *home]).exit_code == 0
    assert "disabled" in runner.invoke(app, ["review", "users", "list", *home]).output
    assert runner.invoke(app, ["review", "users", "reset", "A. Steward", *home]).exit_code == 0
    assert '"active"' in runner.invoke(app, ["review", "users", "list", "--json", *home]).output
    assert "Whole: 3 entries" in runner.invoke(app, ["audit", "verify", *home]).output


def test_the_desk_says_what_to_do_where_nothing_is_published(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["review", "--home", str(tmp_path)])
    assert isinstance(found.exception, SettingsError)
    assert "boroughlink run" in str(found.exception)
