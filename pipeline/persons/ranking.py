"""Questions in the order in which stewards should see them: by harm and uncertainty, whole columns at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.calendar import LONDON_TIME, YEAR, calendar_days
from pipeline.persons.doubts import OF_LAW, reason_of
from schemas.tables import ENDS

CHILD_YEARS = 18
UNSURE_SHARE = 0.5  # of its priority keeps a question that a steward could not answer
OPEN_ANYWAY = 0.5  # uncertainty of a question that no weight settles
LEAST = 0.1
WORST = 5


def rank_questions(questions: pa.Table, facts: pa.Table) -> pa.Table:
    """The questions with harm, priority, boroughs and reason.

    Args:
        questions: as ``questions.QUESTION_SCHEMA`` tells.
        facts: record_id, borough, date_of_birth, recorded_at of the records that they name.
    """
    ids = facts.column("record_id").combine_chunks()
    ends = [pc.index_in(questions.column(end).combine_chunks(), ids) for end in ENDS]
    is_child = [pc.fill_null(_is_child(facts).take(end), False) for end in ends]
    harm = _numbers(questions.column("harm")) + _numbers(pc.or_(*is_child)).astype(int)
    harm = np.minimum(harm, WORST)
    share = np.where(_numbers(questions.column("is_unsure")), UNSURE_SHARE, 1.0)
    priority = [round(value, 6) for value in (harm * _uncertainty(questions) * share).tolist()]
    boroughs = as_sorted_lists(*(facts.column("borough").combine_chunks().take(end) for end in ends))
    kinds = questions.column("review_type").combine_chunks().dictionary_encode()
    reasons = pa.array([reason_of(kind) for kind in kinds.dictionary.to_pylist()], pa.string())
    position = questions.schema.get_field_index("harm")
    ranked = questions.drop_columns(["is_unsure"]).set_column(position, "harm", pa.array(harm, pa.int16()))
    added = {"priority": pa.array(priority, pa.float64()), "boroughs": boroughs, "reason": reasons.take(kinds.indices)}
    for name, column in added.items():
        ranked = ranked.append_column(name, column)
    return ranked


def as_sorted_lists(first: pa.Array, second: pa.Array) -> pa.ListArray:
    """The two texts of each row as a sorted list, without nulls and repeats."""
    is_first = pc.fill_null(pc.less_equal(first, second), True)
    low, high = pc.if_else(is_first, first, second), pc.if_else(is_first, second, first)
    is_there = np.stack([_numbers(low.is_valid()), _numbers(high.is_valid())], axis=1)
    is_there[:, 1] &= ~_numbers(pc.fill_null(pc.equal(low, high), False))
    places = np.stack([np.arange(len(first)), np.arange(len(first)) + len(first)], axis=1)[is_there]
    offsets = np.concatenate([[0], is_there.sum(axis=1).cumsum()])
    values = pa.concat_arrays([low, high]).take(pa.array(places, pa.int64()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _is_child(facts: pa.Table) -> pa.Array:
    """Whether the person was a child on London's day on which the record was made; null where that is not known."""
    recorded, born = (
        calendar_days(facts.column("recorded_at").cast(LONDON_TIME)),
        calendar_days(facts.column("date_of_birth")),
    )
    return pc.less(pc.subtract(recorded, born), CHILD_YEARS * YEAR).combine_chunks()


def _uncertainty(questions: pa.Table) -> np.ndarray:
    """1 at even odds, 0 where the weight leaves no doubt; a question of law stays open however clear the weight is."""
    is_of_law = _numbers(pc.is_in(questions.column("review_type"), pa.array(OF_LAW)))
    least = np.where(is_of_law, OPEN_ANYWAY, LEAST)
    chance = _numbers(questions.column("match_probability"))
    return np.fmax(4 * chance * (1 - chance), least)


def _numbers(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The column as a numpy array; null is nan."""
    return np.array(column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False))
