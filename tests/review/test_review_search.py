from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from pipeline.review.admission.access import Viewer
from pipeline.review.persons.search import MOST_SHOWN, search
from pipeline.review.persons.search_request import IDENTIFIERS, SearchRequest, standard, unread

STEWARD = Viewer("1", "Asha", "steward")
AS_OF = dt.date(2026, 11, 20)
BORN = "SELECT person_id, forename[1] AS forename, surname[1] AS surname, date_of_birth AS born FROM records"
WHOLE = " WHERE len(forename) = 1 AND len(surname) = 1 AND day(date_of_birth) BETWEEN 2 AND 27"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("date_of_birth", "2012"),
        ("date_of_birth", "May 2011"),
        ("date_of_birth", "31/02/2012"),
        ("postcode", "E4"),
        ("identifier", "garbage"),
        ("surname", "***"),
    ],
)
def test_what_cannot_be_read_is_told_and_never_left_out_unsaid(field: str, typed: str) -> None:
    asked = SearchRequest.model_validate({"forename": "Marc", field: typed})
    told = unread(asked, standard(asked, AS_OF))
    assert list(told) == [field]
    assert told[field].startswith(f"The {field.replace('_', ' ')} ")


def test_what_can_be_read_is_not_complained_of() -> None:
    asked = SearchRequest(
        forename="Marc", surname="Day", date_of_birth="30 October 2012", postcode="e4 9aa", identifier="07700 900123"
    )
    assert unread(asked, standard(asked, AS_OF)) == {}
    assert list(unread(SearchRequest(), {})) == ["surname"]


def test_what_is_typed_with_two_digits_for_the_year_is_of_no_day_after_the_publication() -> None:
    assert standard(SearchRequest(identifier="79/163001B"), AS_OF)["pnc_id"] == "1979/0163001B"
    assert standard(SearchRequest(date_of_birth="03/05/85"), AS_OF)["date_of_birth"] == "1985-05-03"
    assert standard(SearchRequest(date_of_birth="20/11/26"), AS_OF)["date_of_birth"] == "2026-11-20"
    assert standard(SearchRequest(date_of_birth="21/11/26"), AS_OF)["date_of_birth"] == "1926-11-21"


@pytest.fixture(scope="module")
def shelf(desk: Any) -> Any:
    return desk.desk.shelves.current()


@pytest.fixture(scope="module")
def somebody(shelf: Any) -> dict[str, Any]:
    row: dict[str, Any] = shelf.rows(
        f"{BORN}{WHOLE} AND len(surname[1]) > 5 AND len(forename[1]) > 4 ORDER BY record_id LIMIT 1"
    )[0]
    return row


def found_by(shelf: Any, **asked: str) -> set[str]:
    return {hit.person_id for hit in search(shelf, STEWARD, SearchRequest(**asked)).hits}


@pytest.mark.flow
def test_a_person_is_found_though_birthday_or_one_name_is_wrong(shelf: Any, somebody: dict[str, Any]) -> None:
    surname, forename, born = somebody["surname"], somebody["forename"], somebody["born"]
    near = f"{born.day + 1} {born:%B %Y}"
    person = somebody["person_id"]
    assert person in found_by(shelf, surname=surname, date_of_birth=near)
    assert person in found_by(shelf, surname=surname, forename=forename + "US")
    assert person in found_by(shelf, surname=surname[:2] + "R" + surname[2:], forename=forename)


@pytest.mark.flow
@pytest.mark.parametrize("name", IDENTIFIERS)
def test_whoever_holds_an_identifier_is_found_by_it(shelf: Any, name: str) -> None:
    """A text that may be two kinds of identifier, such as a CRO number and a phone, finds by either."""
    sql = f"SELECT DISTINCT {name} AS held, person_id FROM records WHERE {name} IS NOT NULL ORDER BY ALL LIMIT 40"
    rows = shelf.rows(sql)
    assert len(rows) > 3
    lost = [row["held"] for row in rows if row["person_id"] not in found_by(shelf, identifier=row["held"])]
    assert len(lost) == 0


@pytest.mark.flow
def test_a_pnc_id_and_a_birthday_find_alike_with_two_digits_of_the_year_and_with_four(shelf: Any) -> None:
    rows = shelf.rows("SELECT pnc_id, person_id FROM records WHERE pnc_id IS NOT NULL ORDER BY record_id LIMIT 3")
    assert len(rows) == 3
    for row in rows:
        year, serial = row["pnc_id"].split("/")
        short = f"{year[2:]}/{serial[:-1].lstrip('0')}{serial[-1]}"
        assert row["person_id"] in found_by(shelf, identifier=short)
        assert found_by(shelf, identifier=short) == found_by(shelf, identifier=row["pnc_id"])
    elder = shelf.rows(f"{BORN}{WHOLE} AND year(date_of_birth) < 2000 ORDER BY record_id LIMIT 1")[0]
    surname, born = elder["surname"], elder["born"]
    both = [found_by(shelf, surname=surname, date_of_birth=f"{born:{form}}") for form in ("%d/%m/%Y", "%d/%m/%y")]
    assert both[0] == both[1]
    assert elder["person_id"] in both[0]


@pytest.mark.flow
def test_a_phone_is_found_however_it_is_written(shelf: Any) -> None:
    sql = "SELECT phone, person_id FROM records WHERE phone LIKE '+447%' ORDER BY ALL LIMIT 1"
    phone, person = shelf.rows(sql)[0].values()
    national = "0" + phone[3:]
    for typed in (
        phone,
        national,
        f"{national[:5]} {national[5:]}",
        f"0044 {phone[3:]}",
        f"({national[:5]}) {national[5:]}",
    ):
        assert person in found_by(shelf, identifier=typed), "not found"


@pytest.mark.flow
def test_everybody_of_a_common_surname_is_counted_and_those_left_out_are_told(shelf: Any, desk: Any) -> None:
    sql = "SELECT surname[1] AS surname, count(DISTINCT person_id) AS n FROM records WHERE len(surname) = 1 GROUP BY ALL ORDER BY n DESC, surname LIMIT 1"
    row = shelf.rows(sql)[0]
    assert row["n"] > MOST_SHOWN
    found = search(shelf, STEWARD, SearchRequest(surname=row["surname"]))
    assert found.n_fit >= row["n"] or not found.is_complete
    page = desk.client("asha").post("/search", {"surname": row["surname"], "why": "enquiry"}, "/search").text
    assert f"The best {MOST_SHOWN} of {found.n_fit} people who fit" in page


@pytest.mark.flow
def test_of_two_who_fit_alike_the_one_of_whom_more_records_fit_comes_first(shelf: Any) -> None:
    sql = "SELECT surname[1] AS surname FROM records WHERE len(surname) = 1 GROUP BY ALL HAVING count(DISTINCT person_id) BETWEEN 6 AND 15 ORDER BY count(*) DESC, surname LIMIT 1"
    surname = shelf.rows(sql)[0]["surname"]
    hits = search(shelf, STEWARD, SearchRequest(surname=surname)).hits
    alike = [hit.person_id for hit in hits if hit.bits == hits[0].bits]
    shares = [sum(row["surname"] == [surname] for row in own) / len(own) for own in map(shelf.records, alike)]
    assert len(alike) > 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.flow
def test_a_hit_by_a_name_that_only_an_older_record_has_says_so(shelf: Any, desk: Any) -> None:
    sql = "SELECT r.surname[1] AS surname, r.person_id FROM records r JOIN persons p USING (person_id) WHERE r.surname[1] <> p.surname AND len(r.surname) = 1 AND len(r.surname[1]) > 4 AND jaro_winkler_similarity(r.surname[1], p.surname) < 0.6 ORDER BY r.record_id LIMIT 1"
    row = shelf.rows(sql)[0]
    asked = {"surname": row["surname"], "why": "enquiry"}
    page = desk.client("asha").post("/search", asked, "/search").text
    assert re.search(rf"one of the records has [^<]*surname {row['surname']}", page)


@pytest.mark.flow
def test_a_person_is_found_by_their_id_and_by_the_id_of_one_merged_into_them(
    shelf: Any, somebody: dict[str, Any]
) -> None:
    assert found_by(shelf, identifier=somebody["person_id"].lower()) == {somebody["person_id"]}
    elsewhere = Viewer("2", "Col", "borough", "Nowhere")
    assert search(shelf, elsewhere, SearchRequest(identifier=somebody["person_id"])).hits == []


@pytest.mark.flow
def test_a_field_that_cannot_be_read_is_an_error_beside_which_nobody_is_shown(desk: Any) -> None:
    answer = desk.client("asha").post(
        "/search", {"surname": "Singh", "date_of_birth": "31/02/2012", "why": "enquiry"}, "/search"
    )
    assert answer.status_code == 422
    assert 'href="#date_of_birth"' in answer.text
    assert "best first" not in answer.text


@pytest.mark.flow
def test_a_name_is_found_where_v_is_typed_for_w(shelf: Any) -> None:
    held = shelf.rows(
        "SELECT person_id, surname[1] AS surname FROM records"
        " WHERE len(surname) = 1 AND regexp_matches(surname[1], '^[^V ]*[OE]WSK[IA]$') ORDER BY record_id LIMIT 3"
    )
    assert held
    for row in held:
        assert row["person_id"] in found_by(shelf, surname=row["surname"].replace("W", "V"))
        assert row["person_id"] in found_by(shelf, surname=row["surname"].replace("W", "V")[:-1] + "y")
