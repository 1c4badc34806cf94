"""What a stage measured: counts, seconds, bits; never a value of a person."""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """One row of run_metrics."""

    stage: str
    metric: str
    value: float
    unit: str
