"""A linking that goes on from the one before gives what one from the beginning gives, whatever became of the records."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.frequency_table import from_rows
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.link import prolific
from pipeline.link.kept import LinkKept, as_compared, difference
from pipeline.link.stage import Linked, link_records
from schemas.model import load_model
from schemas.tables import DECIDED_PAIRS

MODEL = load_model(MODELS / "person.toml")
ENGINE = LocalEngine(name_groups(REFERENCE), 2)
NAMES = st.sampled_from(
    ["ANNA", "ANA", "JOHN", "JON", "MOHAMMED", "MD", "SMITH", "SMYTH", "SMITH JONES", "JONES", "LI"]
)
ROW = st.fixed_dictionaries(
    {
        "forename": st.lists(NAMES, max_size=2),
        "middle_names": st.sampled_from([None, "ALI", "IMRAN", "A"]),
        "surname": st.lists(NAMES, max_size=1),
        "flags": st.sampled_from([None, ["senior"], ["closed", "junior"]]),
        "alias": st.none() | st.lists(NAMES, max_size=1),
        "date_of_birth": st.none()
        | st.sampled_from([dt.date(2008, 1, 2), dt.date(2008, 2, 1), dt.date(2008, 1, 12), dt.date(2010, 7, 7)]),
        "age_low": st.none() | st.integers(14, 18),
        "recorded_at": st.none() | st.just(dt.datetime(2024, 5, 5, tzinfo=dt.UTC)),
        "sex": st.sampled_from([None, "M", "F"]),
        "role": st.sampled_from(["subject", "victim", "suspect"]),
        "postcode": st.sampled_from([None, "E1 1AA", "E1 1AB", "N1 1AA"]),
        "address": st.sampled_from([None, "1 HIGH STREET", "9 ELM ROAD"]),
        "phone": st.sampled_from([None, "+447700900001", "+447700900011"]),
        "pnc_id": st.sampled_from([None, "2003/0011985X", "2003/0011986Y"]),
        "nhs_number": st.sampled_from([None, "9434765919"]),
    }
)
IDS = [f"{at:05d}" for at in range(40)]
NIGHT = st.dictionaries(st.sampled_from(IDS), st.none() | ROW, max_size=8)
"""What changes: a record's new row, or None where it is withdrawn"""
DECISIONS = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(["must_link", "cannot_link"])), max_size=3
)


def of(rows: dict[str, dict[str, object]]) -> pa.Table:
    return table_of([{**row, "record_id": record} for record, row in sorted(rows.items())])


def decided(pairs: list[tuple[str, str, str]]) -> pa.Table:
    constraint_of = {tuple(sorted((a, b))): constraint for a, b, constraint in pairs if a != b}
    rows = [
        {"record_id_l": a, "record_id_r": b, "constraint": constraint, "decision_ids": ["d"]}
        for (a, b), constraint in sorted(constraint_of.items())
    ]
    return pa.Table.from_pylist(rows, DECIDED_PAIRS.arrow_schema())


def assert_same(incremental: Linked, full: Linked) -> None:
    for name in ("cluster_members", "clusters", "links", "review_pairs"):
        assert getattr(incremental, name).equals(getattr(full, name)), name
    assert incremental.kept is not None
    assert full.kept is not None
    for name in ("left", "right", "weight"):
        np.testing.assert_array_equal(getattr(incremental.kept.pairs, name), getattr(full.kept.pairs, name))
    levels_incremental, levels_full = (
        pairs.patterns.levels[pairs.patterns.of] for pairs in (incremental.kept.pairs, full.kept.pairs)
    )
    np.testing.assert_array_equal(levels_incremental, levels_full)
    assert incremental.kept.pairs.candidates == full.kept.pairs.candidates
    for name in ("low", "high", "together"):
        np.testing.assert_array_equal(
            getattr(incremental.kept.answers.questions, name), getattr(full.kept.answers.questions, name)
        )


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(IDS), ROW, min_size=2),
    st.lists(st.tuples(NIGHT, DECISIONS), min_size=1, max_size=6),
    st.integers(2, 6),
    st.integers(1, 8),
    st.sampled_from(["balanced", "strict"]),
)
def test_any_history_of_nights_gives_what_a_full_linking_gives(rows, nights, largest, fewest, policy) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prolific, "FEWEST", fewest)
        assert_history_gives_the_same(rows, nights, largest, policy)


def assert_history_gives_the_same(rows, nights, largest, policy) -> None:
    rules = tuple(
        rule.model_copy(update={"max_block": min(largest + at % 3, rule.max_block)})
        for at, rule in enumerate(MODEL.blocking.rule)
    )
    model = MODEL.model_copy(update={"blocking": MODEL.blocking.model_copy(update={"rule": rules})})
    frequencies = ENGINE.frequency_table(of(rows), model)
    kept = link_records(of(rows), model, policy, ENGINE, kept=LinkKept(frequencies)).kept
    for changes, verdicts in nights:
        rows = {record: row for record, row in (rows | changes).items() if row is not None} or rows
        incremental = link_records(of(rows), model, policy, ENGINE, decided=decided(verdicts), kept=kept)
        full = link_records(of(rows), model, policy, ENGINE, decided=decided(verdicts), kept=LinkKept(frequencies))
        assert_same(incremental, full)
        kept = incremental.kept


def crowd(chance: random.Random, ids: range) -> dict[str, dict[str, object]]:
    """Rows of so few different values that blocks of every size come together."""
    letters = "ABDEGIKLMNORSTV"
    names = ["".join(chance.choices(letters, k=5)) for _ in range(60)]
    days = [dt.date(1990, 1, 1) + dt.timedelta(days=chance.randrange(6000)) for _ in range(300)]
    codes = [f"E{at} {digit}AA" for at in range(1, 18) for digit in range(1, 5)]
    return {
        f"{number:05d}": {
            "forename": [chance.choice(names)],
            "surname": [chance.choice(names)],
            "date_of_birth": chance.choice(days),
            "postcode": chance.choice(codes),
            "sex": chance.choice("MF"),
            "address": f"{chance.randrange(1, 40)} HIGH STREET",
        }
        for number in ids
    }


def test_a_night_of_some_thousand_records_with_blocks_about_their_limits_gives_what_a_full_linking_gives() -> None:
    chance = random.Random(7)
    rows = crowd(chance, range(4_000))
    model = MODEL.model_copy(
        update={
            "blocking": MODEL.blocking.model_copy(
                update={
                    "rule": tuple(
                        rule.model_copy(update={"max_block": min(rule.max_block, 4 + 3 * (at % 4))})
                        for at, rule in enumerate(MODEL.blocking.rule)
                    )
                }
            )
        }
    )
    frequencies = ENGINE.frequency_table(of(rows), model)
    kept = link_records(of(rows), model, "balanced", ENGINE, kept=LinkKept(frequencies)).kept
    for night in range(3):
        removed = chance.sample(sorted(rows), 60)
        rows = {record: row for record, row in rows.items() if record not in removed}
        rows |= dict(zip(chance.sample(sorted(rows), 60), crowd(chance, range(60)).values(), strict=True))
        rows |= crowd(chance, range(5_000 + 100 * night, 5_060 + 100 * night))
        incremental = link_records(of(rows), model, "balanced", ENGINE, kept=kept)
        full = link_records(of(rows), model, "balanced", ENGINE, kept=LinkKept(frequencies))
        assert_same(incremental, full)
        assert compared(incremental) < compared(full) / 2
        kept = incremental.kept


FEW = {
    own: {"forename": ["ANNA"], "surname": ["SMITH"], "date_of_birth": dt.date(2008, 1, 2), "postcode": "E1 1AA"}
    for own in IDS[:7]
}


def compared(linked: Linked) -> float:
    return next(metric.value for metric in linked.metrics if metric.metric == "compared_pairs")


def test_records_that_did_not_change_are_not_compared_again() -> None:
    kept = LinkKept(ENGINE.frequency_table(of(FEW), MODEL))
    first = link_records(of(FEW), MODEL, "balanced", ENGINE, kept=kept)
    again = link_records(of(FEW), MODEL, "balanced", ENGINE, kept=first.kept)
    assert compared(first) > 0
    assert compared(again) == 0
    assert_same(first, again)


def test_a_new_date_on_every_row_is_no_change() -> None:
    rows = {record: {**row, "recorded_at": dt.datetime(2024, 5, 5, tzinfo=dt.UTC)} for record, row in FEW.items()}
    first = link_records(of(rows), MODEL, "balanced", ENGINE, kept=LinkKept(ENGINE.frequency_table(of(rows), MODEL)))
    rows = {record: {**row, "recorded_at": dt.datetime(2024, 5, 6, tzinfo=dt.UTC)} for record, row in rows.items()}
    assert compared(link_records(of(rows), MODEL, "balanced", ENGINE, kept=first.kept)) == 0


VALUES = [None, [], ["A"], ["B"], ["A", "B"], ["B", "A"], ["AB"], ["A", "A"]]


@given(
    st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)),
    st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)),
)
def test_a_record_is_new_where_it_says_something_else(before, now) -> None:
    table_then, table_now = (
        as_compared(of({"1": {"forename": row[0], "surname": row[1]}}), MODEL) for row in (before, now)
    )
    assert difference(table_then, table_now).is_new.tolist() == [
        [part or [] for part in before] != [part or [] for part in now]
    ]


@pytest.mark.parametrize(
    ("field", "then", "now"),
    [("role", "victim", "suspect"), ("flags", None, ["senior"]), ("middle_names", "ALI", "IMRAN")],
)
def test_a_record_is_new_where_a_rule_would_see_something_else(field, then, now) -> None:
    tables = [as_compared(of({"1": {"forename": ["A"], field: value}}), MODEL) for value in (then, now)]
    assert difference(*tables).is_new.tolist() == [True]


def test_the_own_frequency_table_changes_no_weight() -> None:
    plain = link_records(of(FEW), MODEL, "balanced", ENGINE)
    kept = link_records(of(FEW), MODEL, "balanced", ENGINE, kept=LinkKept(ENGINE.frequency_table(of(FEW), MODEL)))
    assert plain.links.equals(kept.links)
    assert plain.cluster_members.equals(kept.cluster_members)


def test_a_frequency_table_is_the_same_after_it_was_written_down() -> None:
    table = ENGINE.frequency_table(of(FEW), MODEL)
    again = from_rows(table.rows(), table.numbers())
    assert again.rows().equals(table.rows())
    assert again.numbers() == table.numbers()
    names = pa.array(["ANNA", "NOBODY"])
    assert again.bins(0, names).tolist() == table.bins(0, names).tolist()


def test_an_untrained_model_or_an_engine_that_keeps_nothing_cannot_go_on() -> None:
    kept = LinkKept(ENGINE.frequency_table(of(FEW), MODEL))
    untrained = MODEL.model_copy(update={"blocking": MODEL.blocking.model_copy(update={"rule": ()})})
    with pytest.raises(ValueError, match="go on"):
        link_records(of(FEW), untrained, "balanced", ENGINE, kept=kept)
    with pytest.raises(ValueError, match="go on"):
        link_records(of(FEW), MODEL, "balanced", RecordlinkageEngine(name_groups(REFERENCE)), kept=replace(kept))


def test_what_became_of_the_records_of_each_source_is_counted() -> None:
    def sourced(rows: dict[str, dict[str, object]]) -> pa.Table:
        table = of(rows)
        return table.append_column(
            "source", pa.array(["cris" if int(record) % 2 else "visor" for record in sorted(rows)])
        )

    first = link_records(sourced(FEW), MODEL, "balanced", ENGINE, kept=LinkKept(ENGINE.frequency_table(of(FEW), MODEL)))
    rows = {record: row for record, row in FEW.items() if record != IDS[0]} | {
        IDS[1]: {"forename": ["JON"]},
        IDS[9]: FEW[IDS[0]],
    }
    again = link_records(sourced(rows), MODEL, "balanced", ENGINE, kept=first.kept)
    counts = {metric.metric: int(metric.value) for metric in again.metrics if metric.stage == "night"}
    assert [counts[f"records_{name}_cris"] for name in ("new", "changed", "withdrawn", "unchanged")] == [1, 1, 0, 2]
    assert [counts[f"records_{name}_visor"] for name in ("new", "changed", "withdrawn", "unchanged")] == [0, 0, 1, 3]
