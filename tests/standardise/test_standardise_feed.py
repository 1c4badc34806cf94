"""A whole feed: nothing is lost, ids are stable, the contract's translations and formatting count."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.parquet import conform
from pipeline.read.feed import read_feed
from pipeline.standardise.feed import FeedStandardised, standardise_feed
from pipeline.standardise.reference import Reference
from schemas.contract import Contract
from schemas.tables import EVENT_RAW_FIELDS, PERSON_RAW_FIELDS, RAW_RECORDS

AS_OF = dt.date(2026, 11, 20)
REFERENCE = Reference.load()
LINEAGE = {
    "feed_id": "crimes.barnet",
    "source": "crimes",
    "borough": "Barnet",
    "file": "crimes/barnet.csv",
    "file_sha256": "0" * 64,
    "part": 1,
    "contract_version": "1:abc",
}
JOHN = {"forename": "John", "surname": "Smith", "date_of_birth": "14/03/2009", "role": "VIC"}


def raw_table(*rows: dict, feed_id: str = "crimes.barnet") -> pa.Table:
    filled = [LINEAGE | {"feed_id": feed_id, "row_number": n} | row for n, row in enumerate(rows, start=2)]
    schema = RAW_RECORDS.arrow_schema()
    arrays = [pa.array([row.get(field.name) for row in filled], field.type) for field in schema]
    return conform(pa.Table.from_arrays(arrays, names=schema.names), RAW_RECORDS)


def contract(**changes: object) -> Contract:
    return Contract(
        **{
            "source": "crimes",
            "title": "Crimes",
            "location": "x.csv",
            "format": "csv",
            "person": {"source_key": ("Ref",), "surname": ("Surname",)},
            "event": {"role": ("Role",), "attribute.reported_date": ("Reported",)},
            "event_type": "crime",
            **changes,
        }
    )


def standard(*rows: dict, feed_id: str = "crimes.barnet", **changes: object) -> FeedStandardised:
    return standardise_feed(raw_table(*rows, feed_id=feed_id), contract(**changes), REFERENCE, AS_OF)


def one(*rows: dict, **changes: object) -> dict:
    """The only standard record."""
    (record,) = standard(*rows, **changes).std_records.to_pylist()
    return record


def event(*rows: dict, **changes: object) -> dict:
    """The only event."""
    (row,) = standard(*rows, **changes).events.to_pylist()
    return row


def test_a_record_carries_its_lineage_role_and_basis() -> None:
    record = one(JOHN, basis="assessment")
    assert record.items() >= (LINEAGE | {"row_number": 2, "role": "victim", "basis": "assessment"}).items()
    assert (record["forename"], record["surname"]) == (["JOHN"], ["SMITH"])
    assert (record["forename_phonetic"], record["surname_phonetic"]) == (["JN"], ["SM0"])
    assert record["flags"] is None
    assert record["nulled"] is None


def test_what_is_nulled_keeps_its_raw_text_and_reason() -> None:
    record = one(JOHN | {"date_of_birth": "01/01/1900", "nhs_number": "943 476 5918", "sex": "?"})
    assert record["date_of_birth"] is None
    assert record["nulled"] == [
        {"field": "date_of_birth", "raw": "01/01/1900", "reason": "default_birthday"},
        {"field": "nhs_number", "raw": "943 476 5918", "reason": "invalid_check"},
        {"field": "sex", "raw": "?", "reason": "not_stated"},
    ]


def test_the_contract_translates_words_without_regard_to_case() -> None:
    row = event(JOHN | {"role": "ap", "risk": " CAT 2"}, values={"role": {"AP": "victim"}, "risk": {"Cat 2": "medium"}})
    assert (row["role"], row["risk"], row["is_risk_inferred"]) == ("victim", "medium", False)


def test_a_constant_fills_blanks_only() -> None:
    result = standard(JOHN, JOHN | {"role": None, "forename": "Ann"}, constants={"role": "suspect"})
    assert result.std_records["role"].to_pylist() == ["victim", "suspect"]


def test_a_missing_role_is_neutral_and_an_unknown_one_is_for_the_steward_of_the_contract() -> None:
    result = standard(JOHN | {"role": None}, JOHN | {"role": "ZZZ"})
    assert result.std_records["role"].to_pylist() == ["subject"]
    (rejected,) = result.quarantine.to_pylist()
    assert (rejected["reason_code"], rejected["column"], rejected["row_number"]) == ("unknown_role", "role", 3)


def test_a_colour_gives_the_risk_where_no_word_does() -> None:
    colours = {"FF0000": {"field": "risk", "value": "high"}}
    rows = [
        JOHN | {"forename": "A", "marks": ["colour:FFFF0000"]},
        JOHN | {"forename": "B", "marks": ["colour:FFFF0000"], "risk": "low"},
        JOHN | {"forename": "C", "marks": ["colour:FF00FF00"]},
        JOHN | {"forename": "D"},
    ]
    events = standard(*rows, colours=colours).events
    assert events["risk"].to_pylist() == ["high", "low", None, None]
    assert events["is_risk_inferred"].to_pylist() == [True, False, None, None]


def test_a_struck_row_is_closed_and_flagged() -> None:
    rows = [JOHN | {"status": "open", "marks": ["strikethrough"]}, JOHN | {"status": "open", "forename": "Ann"}]
    result = standard(*rows, strikethrough={"field": "status", "value": "closed"})
    assert result.events["status"].to_pylist() == ["closed", "open"]
    assert result.std_records["flags"].to_pylist() == [["closed"], None]


def test_times_are_londons_and_stored_in_utc() -> None:
    row = event(JOHN | {"started": "14/06/2026 13:45", "ended": "14/12/2026 13:45"})
    assert row["started_at"].isoformat() == "2026-06-14T12:45:00+00:00"
    assert row["ended_at"].isoformat() == "2026-12-14T13:45:00+00:00"


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("29/03/2026 01:30", "2026-03-29T01:30:00+00:00"),  # this half hour never was
        ("25/10/2026 01:30", "2026-10-25T00:30:00+00:00"),  # and this one was twice: the first counts
        ("2026-06-01", "2026-05-31T23:00:00+00:00"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00+00:00"),
        ("01/06/26 1:05 pm", "2026-06-01T12:05:00+00:00"),
        ("01 Jun 2026 1305hrs", "2026-06-01T12:05:00+00:00"),
    ],
)
def test_a_time_is_one_moment(written: str, utc: str) -> None:
    assert event(JOHN | {"started": written})["started_at"].isoformat() == utc


def test_recorded_at_comes_from_the_field_that_the_contract_names() -> None:
    attributes = [("reported_date", "02/05/2026")]
    record = one(JOHN | {"started": "01/05/2026", "attributes": attributes}, recorded_at="attribute.reported_date")
    assert record["recorded_at"].isoformat() == "2026-05-01T23:00:00+00:00"


def test_a_record_from_the_future_has_no_time() -> None:
    record = one(JOHN | {"started": "01/05/2027"})
    assert record["recorded_at"] is None
    assert {"field": "recorded_at", "raw": "01/05/2027", "reason": "in_the_future"} in record["nulled"]


def test_a_year_of_birth_gives_the_ages_it_leaves_open_on_the_day_of_the_record() -> None:
    record = one(JOHN | {"date_of_birth": "b. 2009", "started": "01/05/2020"})
    assert (record["date_of_birth"], record["age_low"], record["age_high"]) == (None, 10, 11)


def test_an_age_cell_and_a_birthday_cell_are_both_kept() -> None:
    record = one(JOHN | {"age": "16-17"})
    assert (record["date_of_birth"], record["age_low"], record["age_high"]) == (dt.date(2009, 3, 14), 16, 17)


def test_attributes_are_kept_by_name_and_dates_among_them_are_iso() -> None:
    attributes = [
        ("offence", " Theft "),
        ("due_date", "3/4/26"),
        ("seen_at", "03/04/2026 10:00"),
        ("asn", "1101ZD0100000448754K"),
        ("empty", " "),
    ]
    row = event(JOHN | {"attributes": attributes})
    assert dict(row["attributes"]) == {
        "offence": "Theft",
        "due_date": "2026-04-03",
        "seen_at": "2026-04-03T09:00:00+00:00",
        "asn": "11/01ZD/01/448754K",
    }


def test_an_attribute_that_is_no_date_is_nulled_with_its_text() -> None:
    result = standard(JOHN | {"attributes": [("due_date", "soon")]})
    assert result.events["attributes"].to_pylist() == [None]
    assert result.std_records["nulled"].to_pylist() == [
        [{"field": "attribute.due_date", "raw": "soon", "reason": "unreadable_date"}]
    ]


def test_the_event_is_where_it_happened_or_else_in_the_borough_of_the_feed() -> None:
    events = standard(JOHN | {"event_borough": "QK"}, JOHN | {"forename": "Ann"}).events
    assert events["borough"].to_pylist() == ["Brent", "Barnet"]


@pytest.mark.parametrize(
    "written", ["E09000030", "HT", "tower hamlets", "LB of Tower Hamlets", "London Borough of Tower Hamlets"]
)
def test_a_borough_is_known_by_any_of_its_names(written: str) -> None:
    assert event(JOHN | {"event_borough": written})["borough"] == "Tower Hamlets"


def test_a_place_is_written_like_an_address() -> None:
    row = event(JOHN | {"place": "12 High St, SW9 8QH"})
    assert (row["place"], row["place_postcode"]) == ("12 HIGH STREET", "SW9 8QH")


def test_a_row_that_repeats_another_names_it() -> None:
    result = standard(JOHN | {"sheet": "May"}, JOHN | {"sheet": "June"})
    assert len(result.std_records) == 1
    (rejected,) = result.quarantine.to_pylist()
    assert (rejected["reason_code"], rejected["reason"]) == ("duplicate_row", "Same as row 2 of sheet May.")
    assert json.loads(rejected["raw_row"]) == JOHN


def test_a_row_without_name_birthday_and_identifier_is_no_record() -> None:
    result = standard(
        {"surname": "UNKNOWN MALE", "age": "20", "role": "SUS"}, {"nhs_number": "9434765919", "role": "VIC"}
    )
    assert result.std_records["nhs_number"].to_pylist() == ["9434765919"]
    assert result.quarantine["reason_code"].to_pylist() == ["no_identity"]


def test_the_sources_key_makes_the_id_and_not_what_else_changes() -> None:
    key = {"key": ("source_key",)}
    before = one(JOHN | {"source_key": "A1"}, **key)["record_id"]
    assert one(JOHN | {"source_key": "A1", "surname": "Jones"}, **key)["record_id"] == before
    assert one(JOHN | {"source_key": "A2"}, **key)["record_id"] != before


def test_two_authorities_may_use_the_same_key() -> None:
    rows = [JOHN | {"source_key": "1"}]
    ids = [
        standard(*rows, feed_id=feed, key=("source_key",)).std_records["record_id"][0]
        for feed in ("la.brent", "la.barnet")
    ]
    assert ids[0] != ids[1]


def test_different_rows_of_one_key_stay_apart_and_keep_their_ids() -> None:
    rows = [JOHN | {"source_key": "1", "surname": surname} for surname in ("Smith", "Jones", "Smith", "Khan")]
    result = standard(*rows, key=("source_key",))
    assert len(set(result.std_records["record_id"].to_pylist())) == 3
    assert result.quarantine["reason"].to_pylist() == ["Same as row 2."]
    assert standard(*rows, key=("source_key",)).std_records["record_id"] == result.std_records["record_id"]


def test_two_people_of_one_row_are_two_records() -> None:
    rows = [JOHN | {"source_key": "1", "part": part, "row_number": 2} for part in (1, 2)]
    assert len(set(standard(*rows, key=("source_key",)).std_records["record_id"].to_pylist())) == 2


def test_ids_do_not_depend_on_the_order_of_rows() -> None:
    rows = [JOHN | {"surname": surname} for surname in ("Smith", "Jones", "Khan")]
    forward, backward = standard(*rows), standard(*reversed(rows))
    for table in ("std_records", "events"):
        column = "record_id" if table == "std_records" else "event_id"
        assert set(getattr(forward, table)[column].to_pylist()) == set(getattr(backward, table)[column].to_pylist())


def test_an_empty_feed_gives_empty_tables() -> None:
    result = standard()
    assert [len(result.std_records), len(result.events), len(result.quarantine)] == [0, 0, 0]


cell = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ["Smith", "14/03/2009", "N/K", "VIC", "high", "SW9 8QH", "07911123456", "9434765919", "79/163001B"]
    ),
)
any_row = st.fixed_dictionaries(
    dict.fromkeys((*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS), cell),
    optional={
        "attributes": st.lists(
            st.tuples(st.sampled_from(["a", "b_date", "asn"]), cell), max_size=2, unique_by=lambda a: a[0]
        )
    },
)


@settings(max_examples=60)
@given(st.lists(any_row, max_size=6))
def test_no_row_is_lost_and_nothing_is_nulled_without_its_text(rows: list[dict]) -> None:
    result = standard(*rows)
    kept = result.std_records["row_number"].to_pylist()
    rejected = result.quarantine["row_number"].to_pylist()
    assert sorted(kept + rejected) == list(range(2, len(rows) + 2))
    assert result.events["record_id"] == result.std_records["record_id"]
    assert len(set(result.std_records["record_id"].to_pylist())) == len(kept)
    for nulled in result.std_records["nulled"].to_pylist():
        assert all(each["field"] and each["raw"] and each["reason"] for each in nulled or ())


@settings(max_examples=20)
@given(st.lists(any_row, max_size=4))
def test_the_same_rows_give_the_same_tables(rows: list[dict]) -> None:
    once, again = standard(*rows), standard(*rows)
    assert once.std_records.equals(again.std_records)
    assert once.events.equals(again.events)
    assert once.quarantine.equals(again.quarantine)


def test_a_key_of_one_column_may_be_blank_in_some_rows() -> None:
    rows = ({**JOHN, "source_key": "1"}, {**JOHN, "surname": "Jones"})
    assert len(standard(*rows, key=("source_key",)).std_records) == 2


def test_a_short_row_whose_values_stand_under_wrong_headings_is_rejected(tmp_path: Path) -> None:
    rows = [
        "1;Okafor;Grace;30/09/2012;SE1 2DD;01/11/2026",
        "Okafor;Grace;30/09/2012;SE1 2DD;01/11/2026",
        "2;Okafor;Grace;30/09/2012",
        "3;Okafor;Grace;30/09/2012;01/11/2026",
        "4;Okafor;Grace;long ago;SE1 2DD;01/11/2026",
    ]
    (tmp_path / "x.csv").write_text("\n".join(["Ref;Surname;First;Born;Postcode;Seen", *rows, ""]), "utf-8")
    crimes = contract(
        delimiter=";",
        person={
            "source_key": ("Ref",), "surname": ("Surname",), "forename": ("First",),
            "date_of_birth": ("Born",), "postcode": ("Postcode",),
        },
        event={"started": ("Seen",)},
        constants={"role": "subject"},
    )  # fmt: skip
    read = read_feed(crimes, next(crimes.all_feeds()), str(tmp_path), {})
    found = standardise_feed(read.records, crimes, REFERENCE, AS_OF)
    assert found.std_records.column("source_key").to_pylist() == ["1", "2", "4"]
    rejected = found.quarantine.select(["row_number", "reason_code", "column"]).to_pylist()
    assert [tuple(row.values()) for row in rejected] == [
        (3, "too_few_cells", "date_of_birth"),
        (5, "too_few_cells", "postcode"),
    ]
    assert found.quarantine.column("reason")[0].as_py().startswith("Has 5 cells under 6 headings, and date_of_birth")
    ((about, n_rows),) = read.notices
    assert n_rows == 3
    assert "x.csv: row 3 has, as have 2 more, fewer cells than the headings (5 under 6)" in about


def test_rows_that_share_a_key_and_say_different_things_are_told_with_their_places_and_no_value() -> None:
    john, jane = JOHN | {"source_key": "A7"}, JOHN | {"source_key": "A7", "forename": "Jane"}
    others = [JOHN | {"source_key": "B1"}, JOHN | {"source_key": "B1", "surname": "Bell"}, JOHN | {"source_key": "C1"}]
    found = standard(john, john, jane, *others, key=("source_key",))
    ((about, n_rows),) = found.notices
    assert about.startswith("crimes/barnet.csv: row 2 and row 4 have the same key (source_key)")
    assert ("2 other rows" in about, n_rows, "A7" in about) == (True, 4, False)
    assert len(found.std_records) == 5
    assert not standard(john, john, *others[1:], key=("source_key",)).notices
    assert not standard(john, jane).notices  # without a key, what a row says is its key
