from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.cases.all_records import records_rows
from pipeline.review.cases.compare import FIELDS, are_opposed, field_rows
from pipeline.review.cases.marks import Parts, marked_parts
from pipeline.stewardship.policy import load_policy
from schemas.model import Comparison, Level, Model
from schemas.tables import RECORDS


def record(**values: Any) -> dict[str, Any]:
    return dict.fromkeys(RECORDS.names) | {"is_masked": False, "age_low": None, "age_high": None} | values


def seen(parts: Parts | None) -> str:
    """Marked letters in brackets."""
    return "".join(f"[{text}]" if differs else text for text, differs in parts or ())


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([*FIELDS, ""]), st.booleans())
def test_marked_parts_lose_no_letter_and_mark_nothing_in_equal_texts(
    left: str, right: str, field: str, is_conflict: bool
) -> None:
    found = marked_parts(left, right, field, is_conflict)
    assert tuple("".join(text for text, _ in parts) for parts in found) == (left, right)
    if left == right or not (left and right):
        assert not any(differs for parts in found for _, differs in parts)


@pytest.mark.parametrize(
    ("field", "left", "right", "marked"),
    [
        ("surname", "SINGH", "SINH", ("SIN[G]H", "SIN[]H")),
        ("forename", "LUCJA", "AUCJA", ("[L]UCJA", "[A]UCJA")),
        ("date_of_birth", "30 January 2020", "30 January 2009", ("30 January [2020]", "30 January [2009]")),
        ("date_of_birth", "3 May 2011", "5 March 2011", ("[3 May] 2011", "[5 March] 2011")),
        (
            "address",
            "FLAT 20 29 ROSE TERRACE",
            "FLAT 15 140 STATION STREET",
            ("FLAT [20 29 ROSE TERRACE]", "FLAT [15 140 STATION STREET]"),
        ),
        ("address", "135 ASH STREET", "135 ASH STRET", ("135 ASH STRE[E]T", "135 ASH STRE[]T")),
        ("ethnicity", "A2", "A1", ("[A2]", "[A1]")),
        ("postcode", "BR1 3RP", "E13 4PH", ("[BR1 3RP]", "[E13 4PH]")),
    ],
)
def test_a_slip_is_marked_by_letters_and_a_part_of_a_date_or_address_whole(
    field: str, left: str, right: str, marked: tuple[str, str]
) -> None:
    assert tuple(map(seen, marked_parts(left, right, field))) == marked


def test_what_conflicts_is_marked_whole() -> None:
    assert tuple(map(seen, marked_parts("RAVINDER", "RAJINDER", "forename", is_conflict=True))) == (
        "[RAVINDER]",
        "[RAJINDER]",
    )


def model() -> Model:
    """With birthdays a year apart slightly against, and ages that overlap as the best level of ages."""
    levels = {
        "far": (0.1, 0.5),
        "same_year": (0.2, 0.45),
        "part": (0.1, 0.02),
        "first_of_january": (0.1, 0.01),
        "both_first_of_january": (0.1, 0.01),
        "close": (0.2, 0.005),
        "exact": (0.2, 0.005),
    }
    ages = {"apart": (0.1, 0.6), "near": (0.2, 0.3), "overlap": (0.7, 0.1)}
    made = [
        Comparison.model_construct(
            field=field,
            kind=kind,
            levels=tuple(Level.model_construct(name=name, m=m, u=u) for name, (m, u) in own.items()),
            max_bits=20.0,
        )
        for field, kind, own in (("date_of_birth", "date", levels), ("age", "age", ages))
    ]
    return Model.model_construct(comparison=tuple(made))


@pytest.mark.parametrize(
    ("field", "bits", "status"),
    [
        ("date_of_birth", -1.169925, "conflicts"),
        ("date_of_birth", 2.321928, "close"),
        ("age", 2.807355, "agrees"),
        ("age", -0.584963, "conflicts"),
    ],
)
def test_what_weighs_against_one_person_is_never_called_close(field: str, bits: float, status: str) -> None:
    values = (
        ({"date_of_birth": dt.date(2020, 1, 30)}, {"date_of_birth": dt.date(2009, 1, 30)})
        if field == "date_of_birth"
        else ({"age_low": 15, "age_high": 15}, {"age_low": 14, "age_high": 16})
    )
    row = field_rows(record(**values[0]), record(**values[1]), {f"mw_{field}": bits}, model(), ())[0]
    assert row.status == status


def test_a_number_that_differs_in_the_persons_other_records_is_marked_where_the_pair_lacks_it() -> None:
    left, right = record(nhs_number="9693692675", phone="+441"), record()
    golden = {}, {"nhs_number": "9311726664", "phone": "+442"}
    phone, number = field_rows(left, right, None, None, (), golden)
    assert (number.status, seen(number.left), seen(number.from_person[1])) == (
        "elsewhere",
        "[9693692675]",
        "[9311726664]",
    )
    assert number.right == ()
    assert (phone.status, seen(phone.from_person[1])) == ("one_empty", "+442"), "a person may have several"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (dt.date(2014, 12, 25), "10 days apart"),
        (dt.date(2015, 9, 20), "about 9 months apart"),
        (dt.date(2014, 1, 2), "about 1 year apart"),
        (dt.date(2009, 1, 30), "about 6 years apart"),
    ],
)
def test_birthdays_that_conflict_tell_how_far_they_are_apart(other: dt.date, words: str) -> None:
    row = field_rows(
        record(date_of_birth=dt.date(2015, 1, 4)),
        record(date_of_birth=other),
        {"mw_date_of_birth": -6.1},
        model(),
        ("far",),
    )[0]
    assert (row.status, row.words) == ("conflicts", words)


@pytest.mark.parametrize(
    ("left", "right", "is_so"),
    [("victim", "suspect", True), ("suspect", "at_risk", True), ("victim", "at_risk", False), (None, "suspect", False)],
)
def test_a_victim_and_an_offender_are_opposed_whichever_comes_first(left: str | None, right: str, is_so: bool) -> None:
    assert are_opposed(record(role=left), record(role=right), load_policy()) is is_so


def test_over_all_records_what_most_of_them_do_not_have_is_marked() -> None:
    records = [
        record(surname=own, role=role)
        for own, role in (("KHAN", "victim"), ("KHAN", "at_risk"), ("KAHN", "victim"), (None, "victim"))
    ]
    surname, role = records_rows(records)
    assert [seen(cell) for cell in surname.cells] == ["KHAN", "KHAN", "K[]A[H]N", ""]
    assert surname.n_values == 2
    assert [seen(cell) for cell in role.cells] == ["victim", "at risk", "victim", "victim"]
    assert role.n_values == 1


def test_over_all_records_a_masked_one_tells_nothing_and_counts_for_nothing() -> None:
    records = [record(surname="KHAN"), record(surname=None, is_masked=True)]
    (row,) = records_rows(records)
    assert row.cells[1] is None
    assert row.n_values == 1
