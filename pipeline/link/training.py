"""Training without labels: a model's m, u, related shares and prior from the patterns of pairs, by EM from several starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from pipeline.core.metrics import Metric
from pipeline.engines.frequency import Frequencies
from pipeline.link.agreement import Agreement
from pipeline.link.em import Estimate, Mixture
from pipeline.link.evidence import Evidence
from pipeline.link.reference import reference_of
from pipeline.link.shares import Shares, rounded
from pipeline.link.starts import Race, best_of_starts, climb
from schemas.model import FORMAT, LEVELS, RATES, Comparison, Level, Model, Prior, Trained
from schemas.plan import NOTHING_FIXED, SHARES, FixedParameters

COMMUNITIES = 1.0  # bits by which names go together, from which on a second training knows it of other spellings, too


@dataclass(frozen=True, slots=True)
class Training:
    """A trained model, and how the training went."""

    model: Model
    race: Race
    expected_matches: float
    expected_related: float
    agreement: Agreement | None = None
    """with stewards' decisions, where it was trained with them"""
    names_together_bits: float = 0.0
    """as in Evidence, found on the way"""

    @property
    def rounds(self) -> int:
        """Rounds from the best start."""
        return self.race.best.rounds

    @property
    def has_converged(self) -> bool:
        """The best estimate had settled."""
        return self.race.best.outcome == "settled"


def train(model: Model, evidence: Evidence, fixed: FixedParameters = NOTHING_FIXED) -> Training:
    """Estimate every level's m, u and related share, and the prior, but for what is fixed.

    Args:
        model: its levels, where it has any, are not used.
        evidence: what is known of the pairs.
        fixed: figures that stay as they are.
    """
    model = model.model_copy(update={"comparison": _with_rarities(model.comparison, evidence.frequencies)})
    race = best_of_starts(model.comparison, evidence, fixed)
    together = Mixture(model.comparison, evidence, fixed).names_together_bits(race.best.estimate)
    if together >= COMMUNITIES:
        evidence = replace(evidence, names_together_bits=together)
        race = best_of_starts(model.comparison, evidence, fixed)
    trained = _trained_model(model, evidence, fixed, race)
    return Training(trained, race, *_expected(race.best.estimate, evidence), names_together_bits=together)


def retrain(training: Training, evidence: Evidence, fixed: FixedParameters) -> Model:
    """The model on other evidence, from where training ended."""
    evidence = replace(evidence, names_together_bits=training.names_together_bits)
    best = climb(Mixture(training.model.comparison, evidence, fixed), training.race.best.estimate)
    return _trained_model(training.model, evidence, fixed, training.race._replace(best=best))


def training_metrics(training: Training) -> list[Metric]:
    """How the training went, as rows of run_metrics."""
    race = training.race
    return [
        Metric("train", "rounds", training.rounds, "count"),
        Metric("train", "has_converged", float(training.has_converged), "count"),
        Metric("train", "expected_matches", training.expected_matches, "count"),
        Metric("train", "expected_related", training.expected_related, "count"),
        Metric("train", "starts", len(race.ends), "count"),
        Metric("train", "starts_at_best", race.at_best / len(race.ends), "share"),
        *(
            Metric("train", f"log_likelihood_{number}", end.log_likelihood, "nats")
            for number, end in enumerate(race.ends, start=1)
        ),
    ]


def _expected(estimate: Estimate, evidence: Evidence) -> tuple[float, float]:
    """Matches, and relatives of all kinds, among the pairs of the table."""
    pairs = max(evidence.pairs, 1.0)
    return float(estimate.prior[0] * pairs), float(estimate.prior[1:].sum() * pairs)


def _trained_model(model: Model, evidence: Evidence, fixed: FixedParameters, race: Race) -> Model:
    mixture = Mixture(model.comparison, evidence, fixed)
    estimate = race.best.estimate
    shares = mixture.shares(estimate)
    comparisons = tuple(
        _with_levels(comparison, number, shares, fixed) for number, comparison in enumerate(model.comparison)
    )
    rates = estimate.prior * mixture.pairs / mixture.records
    prior = Prior(**dict(zip(RATES, map(rounded, rates), strict=True)), fixed=tuple(fixed.rates))
    trained = Trained(
        code=f"boroughlink {version('boroughlink')}",
        records=evidence.records,
        rounds=race.best.rounds,
        has_converged=race.best.outcome == "settled",
        starts=len(race.ends),
        starts_at_best=race.at_best,
        decided_pairs=len(evidence.decided.is_link) if evidence.decided else 0,
    )
    reference = reference_of(comparisons, evidence, race.best.matches)
    update = {
        "comparison": comparisons,
        "places": mixture.places.shares(estimate.places, mixture.pairs / mixture.records),
        "dependence": mixture.dependences,
        "prior": prior,
        "trained": trained,
        "reference": reference,
        "format_version": FORMAT,
    }
    return model.model_copy(update=update)


def _with_rarities(comparisons: Sequence[Comparison], frequencies: Sequence[Frequencies]) -> tuple[Comparison, ...]:
    """The comparisons with how rare a name usually is of which two spellings are met."""
    usual = [frequency.spellings.usual_rarity for frequency in frequencies]
    return tuple(
        comparison.model_copy(update={"usual_rarity": None if rarity is None else rounded(rarity)})
        for comparison, rarity in zip(comparisons, usual, strict=True)
    )


def _with_levels(comparison: Comparison, number: int, shares: Shares, fixed: FixedParameters) -> Comparison:
    levels_fixed = fixed.shares.get(comparison.field, {})
    levels = []
    for level_number, name in enumerate(LEVELS[comparison.kind]):
        shares_fixed = tuple(
            share for share in SHARES if name in levels_fixed.get(share, {}) and share not in comparison.fixed
        )
        m, u, related = (rounded(share[number, level_number]) for share in shares)
        levels.append(Level(name=name, m=m, u=u, related=related, fixed=shares_fixed))
    return comparison.model_copy(update={"levels": tuple(levels)})
