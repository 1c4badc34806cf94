"""How well a model's probabilities agree with what stewards decided."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.link.evidence import Evidence
from pipeline.link.weights import level_weights, pattern_probability
from schemas.model import Model

SURE = 1e-6  # probabilities count as at most so sure, so that one decision cannot outweigh all others
EDGES = (0.0, 0.1, 0.5, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Decided pairs of about one probability."""

    low: float
    high: float
    pairs: int
    probability: float
    """mean that the model gave"""
    linked: float
    """share that was decided link"""


@dataclass(frozen=True, slots=True)
class Fit:
    """One model's probabilities beside the decisions."""

    log_loss: float
    """nats a pair: 0 is perfect, 0.693 is a coin"""
    expected_links: float
    """as many links as the probabilities add up to"""
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A model beside the decisions: trained without them, with them, and on decisions that it had not seen."""

    pairs: int
    links: int
    before: Fit
    after: Fit
    unseen: Fit
    """each part of the decisions beside a model of the other parts"""


def fit(chance: np.ndarray, is_link: np.ndarray) -> Fit:
    """How well match probabilities agree with decisions."""
    clipped = np.clip(chance, SURE, 1 - SURE)
    loss = -np.where(is_link, np.log(clipped), np.log(1 - clipped))
    bins = []
    for low, high in pairwise(EDGES):
        is_in = (chance >= low) & ((chance < high) | (high == EDGES[-1]))
        if is_in.any():
            bins.append(Bin(low, high, int(is_in.sum()), float(chance[is_in].mean()), float(is_link[is_in].mean())))
    return Fit(float(loss.mean()) if len(loss) else 0.0, float(chance.sum()), tuple(bins))


def chance_of(model: Model, evidence: Evidence, levels: np.ndarray) -> np.ndarray:
    """(pairs,) match probability that a trained model gives to pairs of these levels."""
    per_record = evidence.pairs / max(evidence.records, 1)
    weights = level_weights(model, evidence.frequencies, evidence.together, per_record)
    return pattern_probability(weights, levels)
