"""What the data look like, beside the model that was trained on them: counts and shares, no value of a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.frequency import Frequencies
from pipeline.engines.port import PatternCounts
from pipeline.link.evidence import Evidence
from schemas.model import FREQUENCY_BINS, LEVELS, Comparison, level_numbers
from schemas.reference import FieldReference, Reference, ReferenceBin, ReferenceLevel


def reference_of(comparisons: Sequence[Comparison], evidence: Evidence, matches: float) -> Reference:
    """The reference of a table.

    Args:
        comparisons: fields in the model's order.
        evidence: the table's value frequencies and patterns of pairs.
        matches: expected among the candidates.
    """
    fields = []
    for number, (comparison, frequency) in enumerate(zip(comparisons, evidence.frequencies, strict=True)):
        random, candidates = (
            level_shares(comparison, number, patterns) for patterns in (evidence.random, evidence.candidates)
        )
        levels = tuple(
            ReferenceLevel(name=name, random=_round(random_share), candidates=_round(candidate_share))
            for name, random_share, candidate_share in zip(
                ("null", *LEVELS[comparison.kind]), random, candidates, strict=True
            )
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


def level_shares(comparison: Comparison, number: int, patterns: PatternCounts) -> np.ndarray:
    """(1 + levels,) share of the pairs at null and at each level."""
    level = np.array(level_numbers(comparison.kind))[patterns.levels[:, number]]
    counts = np.bincount(level, weights=patterns.count, minlength=len(LEVELS[comparison.kind]) + 1)
    return counts / max(float(counts.sum()), 1.0)


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
    shares = (counts / max(float(counts.sum()), 1.0) for counts in (values, occurrences))
    return tuple(
        ReferenceBin(bits=_round(bits), values=_round(value_share), occurrences=_round(occurrence_share))
        for bits, value_share, occurrence_share in zip(frequency.rarity_bits, *shares, strict=True)
        if occurrence_share > 0
    )


def _round(share: float) -> float:
    """Six significant digits: more than a sample tells."""
    return float(f"{share:.6g}")
