"""Stewards' decisions as evidence: which pairs they are, and training with them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SourceError
from pipeline.link.agreement import Agreement, chance_of, fit
from pipeline.link.evidence import DecidedLevels, Evidence
from pipeline.link.training import Training, retrain, train
from schemas.model import Model
from schemas.plan import FixedParameters

FOLDS = 5
FEW_DECISIONS = 50  # fewer hardly move a model that thousands of pairs have made


class DecidedPairs(NamedTuple):
    """Decided pairs of a table, and what of the decisions could not be used."""

    left: np.ndarray
    right: np.ndarray
    """row numbers, left < right"""
    is_link: np.ndarray
    unsure: int
    """pairs that a steward left open"""
    unknown: int
    """pairs with a record that the table lacks"""


def pairs_of(decisions: pa.Table, record_ids: pa.Array, place: str) -> DecidedPairs:
    """The decided pairs as row numbers; of several decisions of one pair the last, where decided_at tells.

    Args:
        decisions: record_id_l, record_id_r, decision (link, unlink, unsure) and decided_at (null where it is not known).
        record_ids: of the table that is trained on.
        place: file of the decisions, for messages.

    Raises:
        SourceError: If two decisions of a pair contradict each other, and no time tells which is the later.
    """
    sides = [pc.index_in(decisions.column(f"record_id_{side}"), record_ids).combine_chunks() for side in "lr"]
    left, right = (side.fill_null(-1).to_numpy(zero_copy_only=False) for side in sides)
    is_known = (left >= 0) & (right >= 0) & (left != right)
    verdicts_of = defaultdict(list)
    verdicts, times = (decisions.column(name).to_pylist() for name in ("decision", "decided_at"))
    for row in np.flatnonzero(is_known).tolist():
        pair = (min(left[row], right[row]), max(left[row], right[row]))
        verdicts_of[pair].append(_Verdict(verdicts[row], times[row]))
    standing = {pair: _standing(pair_verdicts) for pair, pair_verdicts in sorted(verdicts_of.items())}
    if contradicted := sum(verdict is None for verdict in standing.values()):
        problem = f"{contradicted:,} pairs are decided both link and unlink, and no decided_at tells which came later."
        raise SourceError(
            "contradictory_decisions", place, problem, "Keep the decision that stands, or add decided_at."
        )
    firm = [(*pair, verdict == "link") for pair, verdict in standing.items() if verdict in ("link", "unlink")]
    rows = np.array(firm, np.int64).reshape(-1, 3)
    return DecidedPairs(rows[:, 0], rows[:, 1], rows[:, 2] == 1, len(standing) - len(firm), int((~is_known).sum()))


class _Verdict(NamedTuple):
    """What one decision says of a pair, and when it was taken."""

    verdict: str
    at: dt.datetime | None


def _standing(verdicts: Sequence[_Verdict]) -> str | None:
    """The verdict that counts of one pair's; ``unsure`` also where a decision was taken back; None: they contradict."""
    times = [verdict.at for verdict in verdicts if verdict.at is not None]
    if len(times) == len(verdicts):
        verdicts = [verdict for verdict in verdicts if verdict.at == max(times)]
    words = {verdict.verdict for verdict in verdicts}
    if "retract" in words:
        return "unsure"
    firm = words - {"unsure"}
    return None if len(firm) > 1 else firm.pop() if firm else "unsure"


def train_with(model: Model, evidence: Evidence, fixed: FixedParameters, decided: DecidedLevels) -> Training:
    """Train on the evidence and the decisions, and tell how the model agrees with these."""
    without_decided, with_decided = train(model, evidence, fixed), replace(evidence, decided=decided)
    training = train(model, with_decided, fixed)
    part_of = np.arange(len(decided.is_link)) % FOLDS
    chance_unseen = np.zeros(len(part_of))
    for part in range(min(FOLDS, len(part_of))):
        other_decided = DecidedLevels(decided.levels[part_of != part], decided.is_link[part_of != part])
        model_without = retrain(training, replace(evidence, decided=other_decided), fixed)
        chance_unseen[part_of == part] = chance_of(model_without, evidence, decided.levels[part_of == part])
    before, after = (chance_of(trained.model, evidence, decided.levels) for trained in (without_decided, training))
    fits = (fit(chance, decided.is_link) for chance in (before, after, chance_unseen))
    return replace(training, agreement=Agreement(len(part_of), int(decided.is_link.sum()), *fits))
