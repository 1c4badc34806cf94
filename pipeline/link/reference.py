"""What the data look like, beside the model that was trained on them: counts and shares, no value of a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.frequency import Frequencies
from pipeline.engines.port import PatternCounts
from pipeline.link.evidence import Evidence
from schemas.model import FREQUENCY_BINS, LEVELS, Comparison
from schemas.reference import FieldReference, Reference, ReferenceBin, ReferenceLevel


def reference_of(comparisons: Sequence[Comparison], evidence: Evidence, matches: float) -> Reference:
    """The reference of a table.

    Args:
        comparisons: fields in the model's order.
        evidence: the table's value frequencies and patterns of pairs.
        matches: expected among the candidates.
    """
    fields = []
    for c, (comparison, frequency) in enumerate(zip(comparisons, evidence.frequencies, strict=True)):
        random, candidates = (level_shares(comparison, c, own) for own in (evidence.random, evidence.candidates))
        levels = tuple(
            ReferenceLevel(name=name, random=_round(r), candidates=_round(k))
            for name, r, k in zip(("null", *LEVELS[comparison.kind]), random, candidates, strict=True)
        )
        fields.append(
            FieldReference(
                field=comparison.field,
                null_share=_round(null_share(random)),
                occurrences=int(frequency.occurrences.sum()),
                levels=levels,
                bins=_bins(comparison, frequency),
            )
        )
    rate = _round(matches / max(evidence.records, 1))
    return Reference(records=evidence.records, matches_per_record=rate, field=tuple(fields))


def level_shares(comparison: Comparison, at: int, patterns: PatternCounts) -> np.ndarray:
    """(1 + levels,) share of the pairs at null and at each level; all frequency bins are one level."""
    exact = len(LEVELS[comparison.kind])
    seen = np.bincount(np.minimum(patterns.levels[:, at], exact), weights=patterns.count, minlength=exact + 1)
    return seen / max(float(seen.sum()), 1.0)


def null_share(random: np.ndarray) -> float:
    """Share of records without a field, as the nulls among random pairs tell: a pair has it where both records do."""
    return float(1.0 - np.sqrt(max(1.0 - random[0], 0.0)))


def _bins(comparison: Comparison, frequency: Frequencies) -> tuple[ReferenceBin, ...]:
    size = FREQUENCY_BINS[comparison.kind][0]
    if not size:
        return ()
    occurrences = frequency.occurrences
    values = np.bincount(frequency.bin, minlength=size)
    values = np.minimum(values, occurrences)  # a vocabulary has values of other fields too
    shares = (own / max(float(own.sum()), 1.0) for own in (values, occurrences))
    return tuple(
        ReferenceBin(bits=_round(bits), values=_round(v), occurrences=_round(o))
        for bits, v, o in zip(frequency.rarity_bits, *shares, strict=True)
        if o > 0
    )


def _round(share: float) -> float:
    """Six significant digits: more than a sample tells."""
    return float(f"{share:.6g}")
