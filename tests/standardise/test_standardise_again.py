"""Rows that say what they said are taken from the export before, and the result is that of standardising all of them."""

from __future__ import annotations

import datetime as dt
import itertools

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.parquet import conform
from pipeline.standardise.feed import FeedStandardised, standardise_feed
from pipeline.standardise.reference import Reference
from pipeline.standardise.reuse import EarlierExport
from schemas.contract import Contract
from schemas.tables import RAW_RECORDS

REFERENCE = Reference.load()
LINEAGE = {
    "feed_id": "crimes.barnet",
    "source": "crimes",
    "borough": "Barnet",
    "file": "crimes/barnet.csv",
    "part": 1,
    "contract_version": "1:abc",
}
CONTRACT = Contract(
    **{
        "source": "crimes",
        "title": "Crimes",
        "location": "x.csv",
        "format": "csv",
        "person": {"source_key": ("Ref",), "surname": ("Surname",)},
        "event": {"role": ("Role",), "started": ("Seen",)},
        "event_type": "crime",
        "key": ("source_key",),
        "recorded_at": "started",
        "strikethrough": {"field": "status", "value": "closed"},
    }
)
DAYS = (
    "20/11/26",
    "21/11/26",
    "22/11/2026",
    "05/12/2026",
    "12/05/2026",
    "01/12/26",
    "30/06/31",
    "21/11/31",
    "25/11/31",
    "03/04/2009",
    "11/2026",
    "2026",
)
DAY = st.none() | st.sampled_from(DAYS)
ROW = st.fixed_dictionaries(
    {
        "source_key": st.sampled_from([None, "1", "2", "3"]),
        "forename": st.sampled_from([None, "John", "Jo (Jon)"]),
        "surname": st.sampled_from([None, "Smith", "O'Brien"]),
        "date_of_birth": DAY,
        "started": DAY,
        "ended": DAY,
        "role": st.sampled_from(["VIC", "SUS", "???"]),
        "phone": st.sampled_from([None, "07700 900001"]),
        "attributes": st.none()
        | st.fixed_dictionaries({"seen_date": st.sampled_from(DAYS)}).map(lambda own: list(own.items())),
        "marks": st.sampled_from([None, ["strikethrough"]]),
    }
)
KEYS = {"std_records": "record_id", "events": "event_id", "again": "record_id"}
NIGHTLY = {"std_records": [], "events": [], "again": ["is_again"]}
ROWS = st.lists(ROW, max_size=8)


def raw(rows: list[dict[str, object]], sha256: str) -> pa.Table:
    filled = [{**LINEAGE, "file_sha256": sha256 * 64, "row_number": n, **row} for n, row in enumerate(rows, start=2)]
    schema = RAW_RECORDS.arrow_schema()
    arrays = [pa.array([row.get(field.name) for row in filled], field.type) for field in schema]
    return conform(pa.Table.from_arrays(arrays, names=schema.names), RAW_RECORDS)


def before(export: pa.Table, standard: FeedStandardised) -> EarlierExport:
    """As it lies on disk: sorted by key."""
    return EarlierExport(export, *in_order(standard).values())


def in_order(standard: FeedStandardised) -> dict[str, pa.Table]:
    return {name: getattr(standard, name).sort_by(key) for name, key in KEYS.items()}


@settings(max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.lists(st.tuples(ROWS, st.randoms(use_true_random=False), st.integers(0, 20)), min_size=1, max_size=3))
def test_any_history_of_exports_is_standardised_as_if_each_were_the_first(rows, nights) -> None:
    day = dt.date(2026, 11, 20)
    export = raw(rows, "0")
    last = before(export, standardise_feed(export, CONTRACT, REFERENCE, day))
    for number, (more, chance, days) in enumerate(nights, start=1):
        rows = [*(row for row in rows if chance.random() < 0.8), *more]
        chance.shuffle(rows)
        day = min(day + dt.timedelta(days=days), dt.date(2026, 12, 31))
        export = raw(rows, str(number))
        standard = standardise_feed(export, CONTRACT, REFERENCE, day, last)
        plain = standardise_feed(export, CONTRACT, REFERENCE, day)
        for name, table in in_order(plain).items():
            assert in_order(standard)[name].drop_columns(NIGHTLY[name]).equals(table.drop_columns(NIGHTLY[name])), name
        assert standard.quarantine.equals(plain.quarantine)
        assert standard.depends_on_date == plain.depends_on_date
        last = before(export, standard)


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.integers(1, 20))
def test_an_export_that_does_not_hang_on_the_day_gives_the_same_on_a_later_one(rows, days: int) -> None:
    export, day = raw(rows, "0"), dt.date(2026, 11, 20)
    standard, later = (standardise_feed(export, CONTRACT, REFERENCE, on) for on in (day, day + dt.timedelta(days=days)))
    if not standard.depends_on_date:
        assert [standard.std_records, standard.events, standard.quarantine] == [
            later.std_records,
            later.events,
            later.quarantine,
        ]


def test_a_row_that_nothing_is_known_of_but_a_birthday_to_come_hangs_on_the_day() -> None:
    export, day = raw([{"date_of_birth": "21/11/2026", "role": "VIC"}], "0"), dt.date(2026, 11, 20)
    standard, later = (standardise_feed(export, CONTRACT, REFERENCE, on) for on in (day, day + dt.timedelta(days=1)))
    assert (len(standard.std_records), len(later.std_records)) == (0, 1)
    assert standard.depends_on_date


def test_rows_that_moved_in_the_file_are_not_standardised_again() -> None:
    rows: list[dict[str, object]] = [
        {
            "source_key": str(n),
            "surname": "Smith",
            "date_of_birth": "03/04/2009",
            "started": "01/11/2026",
            "role": "VIC",
        }
        for n in range(9)
    ]
    export = raw(rows, "0")
    first = standardise_feed(export, CONTRACT, REFERENCE, dt.date(2026, 11, 20))
    again = standardise_feed(raw(rows[::-1], "1"), CONTRACT, REFERENCE, dt.date(2026, 11, 21), before(export, first))
    assert (first.n_reused, again.n_reused) == (0, 9)
    assert pc.all(again.again.column("is_again")).as_py()


def test_rows_of_one_key_are_standardised_each_night() -> None:
    rows: list[dict[str, object]] = [
        {"source_key": key, "surname": name, "started": "01/11/2026", "role": "VIC"}
        for key, name in (("1", "Smith"), ("1", "Jones"), ("2", "Smith"))
    ]
    export = raw(rows, "0")
    first = standardise_feed(export, CONTRACT, REFERENCE, dt.date(2026, 11, 20))
    again = standardise_feed(export, CONTRACT, REFERENCE, dt.date(2026, 11, 21), before(export, first))
    assert again.n_reused == 1
    without = raw(rows[1:], "1")
    last = standardise_feed(without, CONTRACT, REFERENCE, dt.date(2026, 11, 22), before(export, again))
    plain = standardise_feed(without, CONTRACT, REFERENCE, dt.date(2026, 11, 22))
    assert in_order(last)["std_records"].equals(in_order(plain)["std_records"])


def test_a_birthday_to_come_is_read_anew_each_night() -> None:
    row = {"source_key": "1", "surname": "Smith", "date_of_birth": "22/11/2026", "started": "01/11/2026", "role": "VIC"}
    export = raw([row], "0")
    days = [dt.date(2026, 11, day) for day in (21, 22, 23)]
    founds = list(
        itertools.accumulate(
            days,
            lambda standard, day: standardise_feed(export, CONTRACT, REFERENCE, day, before(export, standard)),
            initial=standardise_feed(export, CONTRACT, REFERENCE, dt.date(2026, 11, 20)),
        )
    )
    born = [standard.std_records.column("date_of_birth")[0].as_py() for standard in founds]
    assert born == [None, None, days[1], days[1]]
