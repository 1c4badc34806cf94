"""How cost grows with size: the exponent of a power law, and that of n log n beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """cost = factor * n ** exponent, fitted by least squares on the logarithms."""

    exponent: float
    factor: float

    def at(self, n: float) -> float:
        """The cost it foretells."""
        return self.factor * n**self.exponent


def fit(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """The power law nearest to costs at sizes; at least two different sizes, all above 0."""
    slope, start = np.polyfit(np.log(np.asarray(sizes, float)), np.log(np.asarray(costs, float)), 1)
    return PowerLaw(float(slope), float(np.exp(start)))


def n_log_n(sizes: Sequence[float]) -> np.ndarray:
    """n log2 n at each size."""
    n = np.asarray(sizes, float)
    return n * np.log2(n)


def n_log_n_exponent(sizes: Sequence[float]) -> float:
    """The exponent that n log n itself would be fitted with over these sizes: a little above 1."""
    return fit(sizes, n_log_n(sizes).tolist()).exponent


def against_n_log_n(sizes: Sequence[float], costs: Sequence[float]) -> list[float]:
    """Each cost as a multiple of n log n drawn through the first one, which is above 0: 1 throughout means growth just so."""
    share = np.asarray(costs, float) / n_log_n(sizes)
    return (share / share[0]).tolist()
