"""Expectation-maximisation over counts of level patterns: one round, and how well an estimate fits.

Classes of pairs: matches, three of relatives, free only on what a household shares, and strangers; matches and relatives
are found in one place or in two. Dempster, Laird and Rubin (1977); for record linkage Winkler (1988); the exact level's
chance is the frequency of the value itself (Winkler 1989). Strangers' level shares are no unknowns: they are those of random
pairs less the matches and relatives among them, and so is how their fields hang together. What stewards decided stands in
place of the odds of those pairs (Nigam, McCallum, Thrun and Mitchell 2000). Bounds keep the classes in their places: most
records of a person agree on name and birthday, none is unlike in two of these, and relatives are no less alike than strangers,
half of them at least in surname.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.patterns import WIDTH, level_table
from pipeline.engines.port import PatternCounts
from pipeline.link.dependence_bits import bits_together, dependence_bits
from pipeline.link.evidence import Evidence, rows_of
from pipeline.link.pattern_table import PatternTable
from pipeline.link.places import PlaceOdds, Places, Whereabouts
from pipeline.link.relatives import RELATIVES, TWINS
from pipeline.link.shares import (
    FAR,
    LEAST,
    LEAST_CHANCE,
    MOST_LEVELS,
    Shares,
    bounded,
    fixed_rates,
    fixed_shares,
    levels_named,
    sizes_of,
    unlike_levels,
    with_fixed,
)
from pipeline.link.strangers import dependences_of
from pipeline.link.weights import ClassBits, class_bits, name_columns
from schemas.model import FREQUENCY_BINS, LEVELS, Comparison, Kind
from schemas.plan import FixedParameters

USUAL_RARE = 0.02  # of the relatives of a household, so many are taken for twins, or namesakes, where data cannot tell
MOST_RARE = 0.05  # and so many at most where they can,
MOST_TWINS = 0.5  # or so many twins a record: the brothers and sisters in a list of one school year are twins;
FEWEST_TWINS = 0.01  # fewer than one for so many pairs of a person may as well be persons with a wrong name,
ONE_SURNAME = 0.5  # and so may all of them, where fewer share a surname; of relatives at least so many do
TELLING = 2  # comparisons that must tell a class from matches, for the data to tell how large it is
FEWEST = 0.5  # expected pairs of a class: none dies out
STANDARD_ERRORS = 3.0  # by which what random pairs show is taken for less
MOST_UNLIKE: dict[Kind, float] = {"forename": 0.25, "surname": 0.25, "date": 0.5}
"""Share of a person's pairs of records in which a field is unlike, at most: of messy data a sixth of the names were."""
TELL_RELATIVES: tuple[Kind, ...] = ("date", "age", "identifier")
MOST_UNLIKE_ALONE = 0.05
"""The same of forenames, where none of these kinds tells a person from relatives beside them."""
USUAL_FAR = 0.002  # of a person's pairs have birthdays a generation apart: slips seldom go so far, fathers and sons do;
MOST_FAR = 0.03  # or so many where pairs that share an identifier show more,
WITNESSES = 500  # of which so many count as much as what is usual
UNLIKE_KEYS = 2  # of these: so many unlike, and training does not take the pair for one person,
OWN: tuple[Kind, ...] = ("identifier", "email")  # but for pairs that share something that one person alone has
LN2 = float(np.log(2))


class Estimate(NamedTuple):
    """What EM looks for."""

    prior: np.ndarray
    """(classes,) share of all pairs: matches, then each class of relatives"""
    m: np.ndarray
    related: np.ndarray
    """(comparisons, MOST_LEVELS) as in Shares; ``related`` counts only where a comparison is shared"""
    places: Whereabouts


class Round(NamedTuple):
    """What one round says of an estimate."""

    better: Estimate
    log_likelihood: float
    """of the estimate that went in, prior counts included: nats above a model without matches or relatives"""
    matches: float
    """matches expected among the candidates and decided pairs"""


class Lifts(NamedTuple):
    """How much likelier patterns are than if their fields were independent."""

    strangers: np.ndarray
    """(patterns,)"""
    others: np.ndarray
    """(classes of relatives and neighbours, patterns)"""


class Mixture:
    """Counted patterns, ready to be divided among the classes again and again."""

    def __init__(self, comparisons: Sequence[Comparison], evidence: Evidence, fixed: FixedParameters) -> None:
        self.comparisons, self.sizes = comparisons, sizes_of(comparisons)
        self.records, self.pairs = max(evidence.records, 2), max(evidence.pairs, 1.0)
        self.is_level = np.arange(MOST_LEVELS) < self.sizes[:, None]
        self._stands_for = level_table(comparisons)[:, :, None] == np.arange(1, MOST_LEVELS + 1)
        self._evidence, self._rows = evidence, rows_of(evidence)
        self._names = name_columns(comparisons)
        self._table = PatternTable(self._rows.levels, self._names)
        self._fixed_shares, self._fixed_rates = fixed_shares(comparisons, fixed), fixed_rates(fixed)
        self._is_shared = np.array([comparison.is_shared for comparison in comparisons])[:, None]
        is_binned = np.array([FREQUENCY_BINS[comparison.kind][0] > 0 for comparison in comparisons])[:, None]
        self._is_valued = is_binned & (np.arange(MOST_LEVELS) == self.sizes[:, None] - 1)
        self._prior_m = self.sizes[:, None] * usual_m(comparisons)
        self._rare = _rare(comparisons)
        has_free_twins = self._rare[TWINS, 1] > self._rare[TWINS, 0]
        self._most_twins = MOST_TWINS * self.records / self.pairs if has_free_twins else 0.0
        random = PatternTable(evidence.random.levels, None).counts(evidence.random.count)
        self._present = random[:, 1:].sum(1) / max(float(evidence.random.count.sum()), 1.0) * self.pairs
        counted = self._fold_bins(random) + self.is_level * 0.5 / self.sizes[:, None]
        self._observed = self._no_rarer_than_candidates(counted / counted.sum(1, keepdims=True))
        self._is_unlike = unlike_levels(comparisons)
        kinds = [comparison.kind for comparison in comparisons]
        self._surname = kinds.index("surname") if "surname" in kinds else None
        self._most_unlike = _most_unlike(comparisons)
        self._is_far = levels_named(FAR, comparisons)
        self._most_far = _most_far(comparisons, self._is_far, evidence.candidates)
        self._is_another = _is_another(comparisons, self._is_unlike, self._rows.levels)
        self.places = Places(comparisons, self._observed, self.pairs / self.records)
        self.dependences = dependences_of(
            comparisons, self._observed, evidence.random, evidence.candidates, self.pairs, evidence.names_together_bits
        )
        self._told_twice = self._lifts(self._rows.levels)
        self._random, self._random_table = evidence.random, PatternTable(evidence.random.levels, self._names)
        self._random_told_twice = self._lifts(evidence.random.levels)

    def _lifts(self, levels: np.ndarray) -> Lifts:
        ties = dependence_bits(self.dependences, self.comparisons)
        bits = bits_together(ties, levels)
        holds = np.array([tie.is_like_strangers for tie in ties], float).reshape(len(ties), len(RELATIVES) + 1)
        return Lifts(np.exp2(bits.sum(0)), np.exp2(holds.T @ bits))

    def _no_rarer_than_candidates(self, observed: np.ndarray) -> np.ndarray:
        """The level shares of all pairs: none is less than what the candidates alone come to.

        Of a rare level, such as swapped names, a million random pairs may show none, and it would seem to tell more than
        any other; candidates hold nearly all of them there are.
        """
        candidates = self._evidence.candidates
        counted = PatternTable(candidates.levels, None).counts(candidates.count * self._evidence.scale)
        least = self._fold_bins(counted) / np.maximum(self._present, 1.0)[:, None]
        shares = np.maximum(observed, least)
        return shares / shares.sum(1, keepdims=True)

    def round(self, estimate: Estimate) -> Round:
        """One round of EM."""
        shares = self.shares(estimate)
        bits = self._bits(estimate, shares)
        rows = self._rows
        odds, moved_share, neighbours = self._odds(self._table, self._told_twice, estimate, bits)
        odds[0, rows.is_unlink | (self._is_another & ~rows.is_link)] = 0.0
        odds[1:, rows.is_link] = 0.0
        neighbours[rows.is_link] = 0.0
        total = np.where(rows.is_link, odds[0], self._told_twice.strangers + neighbours + odds.sum(0))
        is_class, is_neighbour = odds * (rows.pairs / total), neighbours * (rows.pairs / total)
        m, related = (
            self._level_counts(is_class[0]) + self._prior_m,
            self._level_counts(is_class[1:].sum(0)) + self.is_level,
        )
        has_moved, pairs = is_class * moved_share, is_class.sum(1)
        neighbours_share, neighbour_counts = self._neighbours(is_neighbour, estimate, bits)
        places = self.places.better(
            self._level_counts(has_moved.sum(0)), neighbour_counts, has_moved.sum(1), pairs, neighbours_share
        )
        better = Estimate(pairs / self.pairs, m, related, places)
        fit = float((rows.pairs * np.log(total)).sum()) + self._base(estimate, shares, bits)
        return Round(self.tidy(better, self._share_surnames(is_class[1 + TWINS])), fit, float(is_class[0].sum()))

    def _share_surnames(self, is_twin: np.ndarray) -> bool:
        """Whether most of those taken for twins have surnames that are alike at all, as brothers and sisters have."""
        if self._surname is None:
            return True
        counts = self._level_counts(is_twin)[self._surname]
        return bool(counts[~self._is_unlike[self._surname]].sum() >= ONE_SURNAME * counts.sum())

    def _odds(self, table: PatternTable, told_twice: Lifts, estimate: Estimate, bits: ClassBits) -> PlaceOdds:
        """Odds of each class against strangers whose fields are independent."""
        at = self.places.odds(table, estimate.prior, bits, estimate.m, estimate.related, estimate.places)
        at.classes[1:] *= told_twice.others[:-1]
        return at._replace(neighbours=at.neighbours * told_twice.others[-1])

    def _neighbours(self, is_neighbour: np.ndarray, estimate: Estimate, bits: ClassBits) -> tuple[float, np.ndarray]:
        """Share of all pairs that are neighbours, and (comparisons, MOST_LEVELS) their level counts.

        Those of a large town share no block and are hardly ever candidates: random pairs tell how many there are at least.
        Those of a street are all candidates, and too few among random pairs.

        Args:
            is_neighbour: (patterns,) expected among the candidates and decided pairs.
            estimate: that is made better.
            bits: of each class.
        """
        if not self.places.are_known:
            return 0.0, np.zeros_like(estimate.m)
        odds, _, neighbours = self._odds(self._random_table, self._random_told_twice, estimate, bits)
        is_seen = self._random.count * neighbours / (self._random_told_twice.strangers + neighbours + odds.sum(0))
        seen = float(is_seen.sum())
        at_least = max(seen - STANDARD_ERRORS * seen**0.5, 0.0) / max(float(self._random.count.sum()), 1.0)
        if at_least * self.pairs > is_neighbour.sum():
            return at_least, self._fold_bins(self._random_table.counts(is_seen)) * (at_least * self.pairs / seen)
        return float(is_neighbour.sum()) / self.pairs, self._level_counts(is_neighbour)

    def shares(self, estimate: Estimate) -> Shares:
        """All level shares of an estimate: strangers' are what random pairs show, less the matches and relatives among them."""
        matches = estimate.prior[0] * estimate.m
        relatives = np.where(self._is_shared, estimate.prior[1:].sum() * estimate.related, 0.0)
        u = np.maximum(self._observed - matches - relatives, self._observed * LEAST_CHANCE)
        u = with_fixed(u, self._fixed_shares.u)
        return Shares(estimate.m, u, np.where(self._is_shared, estimate.related, u))

    def tidy(self, estimate: Estimate, has_twins: bool = True) -> Estimate:
        """The estimate with shares that sum to 1 and keep their bounds, no class died out or overgrown, and what is given.

        Args:
            estimate: of one round.
            has_twins: whether those that it takes for twins are like brothers and sisters.
        """
        prior = np.maximum(estimate.prior, FEWEST / self.pairs)
        prior[1] *= self._rare[0, 1] > 0
        least, most = self._rare[1:].T * prior[1]
        if has_twins and prior[1 + TWINS] >= FEWEST_TWINS * prior[0]:
            most[TWINS - 1] = max(most[TWINS - 1], self._most_twins)
        prior[2:] = np.clip(prior[2:], least, most)
        prior = np.maximum(prior, LEAST / self.pairs)
        prior = np.where(np.isnan(self._fixed_rates), prior, self._fixed_rates * self.records / self.pairs)
        m = bounded(estimate.m, self._is_far, self._most_far)
        m = bounded(m, self._is_unlike, self._most_unlike)
        related = bounded(estimate.related, self._is_unlike, self._most_unlike_relatives())
        m, related = with_fixed(m, self._fixed_shares.m), with_fixed(related, self._fixed_shares.related)
        return Estimate(prior, m, related, self.places.tidy(estimate.places))

    def _most_unlike_relatives(self) -> np.ndarray:
        """(comparisons,) relatives are no less alike than strangers, and half of them have one surname.

        Else neighbours of one street are taken for them, who are many more, and families for persons.
        """
        most = np.where(self._is_unlike, self._observed, 0.0).sum(1)
        if self._surname is not None:
            most[self._surname] = min(most[self._surname], 1.0 - ONE_SURNAME)
        return most

    def _bits(self, estimate: Estimate, shares: Shares) -> ClassBits:
        evidence, rates = self._evidence, estimate.prior * self.pairs / self.records
        matches, relatives = float(rates[0]), float(rates[1:].sum())
        return class_bits(
            self.comparisons, shares, matches, evidence.frequencies, evidence.together, relatives, is_training=True
        )

    def names_together_bits(self, estimate: Estimate) -> float:
        """Bits by which strangers at least have names alike together oftener than by chance, however these are written.

        Half of what names that are the same show: of two spellings it may be less, and if it is taken for too much, persons
        are taken for strangers, and it seems to be more still.
        """
        if not self._names:
            return 0.0
        by_chance = self._evidence.together.by_chance
        lift = self._bits(estimate, self.shares(estimate)).lift
        together = max(float((by_chance * np.exp2(lift)).sum()), 1.0)
        return float(np.log2(together / max(float(by_chance.sum()), 1.0))) / 2

    def _level_counts(self, weight: np.ndarray) -> np.ndarray:
        """Pairs of a class at each level."""
        return self._fold_bins(self._table.counts(weight))

    def _fold_bins(self, counts: np.ndarray) -> np.ndarray:
        """(comparisons, MOST_LEVELS) the same without nulls, and with all bins of a level as that level."""
        return np.einsum("ci,cil->cl", counts, self._stands_for)

    def _base(self, estimate: Estimate, shares: Shares, bits: ClassBits) -> float:
        """What the likelihood owes to strangers' agreeing a little less often than all pairs do, and to the prior counts."""
        ratio = np.where(self.is_level, shares.u / np.where(self.is_level, self._observed, 1.0), 1.0)
        owed = self._observed * np.where(self._is_valued, ratio - 1.0, np.log(np.maximum(ratio, LEAST)))
        strangers = 1.0 - float(estimate.prior.sum() + estimate.places.neighbours_share[0])
        total = float((self._present * owed.sum(1)).sum()) + self.pairs * float(np.log(max(strangers, LEAST)))
        for frequency, chance in zip(self._evidence.frequencies, bits.chance, strict=True):
            total += float((frequency.agreeing * (1.0 - np.exp2(-chance) - chance * LN2)).sum())
        if self._names:
            together = self._evidence.together
            total += float(
                (together.agreeing * bits.lift * LN2 - together.by_chance * (np.exp2(bits.lift) - 1.0)).sum()
            )
        counted = self._prior_m * np.log(np.where(self.is_level, np.maximum(estimate.m, LEAST), 1.0))
        counted += np.log(np.where(self.is_level & self._is_shared, np.maximum(estimate.related, LEAST), 1.0))
        return total + float(counted.sum()) + self.places.fit_to_usual(estimate.places)


def _most_unlike(comparisons: Sequence[Comparison]) -> np.ndarray:
    """(comparisons,) share of a person's pairs that are unlike in each field, at most.

    Where forenames alone tell a person from a relative of the same address, phone or e-mail, nothing tells how often one
    person's forenames are unlike, and training would take families for persons.
    """
    most = np.array([MOST_UNLIKE.get(comparison.kind, 1.0) for comparison in comparisons])
    if not any(comparison.kind in TELL_RELATIVES for comparison in comparisons):
        most[[comparison.kind == "forename" for comparison in comparisons]] = MOST_UNLIKE_ALONE
    return most


def _is_another(comparisons: Sequence[Comparison], is_unlike: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(patterns,) which are of two persons as far as training goes: unlike in name and birthday, and no identifier shared."""
    at_level = _at_one_of(is_unlike, levels)
    is_key = np.array([comparison.kind in MOST_UNLIKE for comparison in comparisons])
    is_identifier = np.array([comparison.kind in OWN for comparison in comparisons])
    shares_identifier = ((levels > 0) & ~at_level)[:, is_identifier].any(1)
    return (at_level[:, is_key].sum(1) >= UNLIKE_KEYS) & ~shares_identifier


def _at_one_of(is_level: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(patterns, comparisons) whether a pattern is at one of these levels, (comparisons, MOST_LEVELS); none is the exact one."""
    return np.pad(is_level, ((0, 0), (1, WIDTH - MOST_LEVELS)))[np.arange(levels.shape[1]), levels]


def _most_far(comparisons: Sequence[Comparison], is_far: np.ndarray, candidates: PatternCounts) -> np.ndarray:
    """(comparisons,) share of a person's pairs of records, at most, in which birthdays are a generation apart.

    Told by the candidates that share an identifier, which bring any two records together. Others whose birthdays are so far
    apart are candidates only where name and home are the same, as those of fathers and sons of one name are.
    """
    levels, exact = candidates.levels, len(LEVELS["identifier"])
    is_identifier = np.array([comparison.kind == "identifier" for comparison in comparisons])
    count = np.where((levels[:, is_identifier] >= exact).any(1), candidates.count, 0)
    known, far = count @ (levels > 0), count @ _at_one_of(is_far, levels)
    return np.minimum((far + USUAL_FAR * WITNESSES) / (known + WITNESSES), MOST_FAR)


def usual_m(comparisons: Sequence[Comparison], exact: float = 0.8) -> np.ndarray:
    """(comparisons, MOST_LEVELS) m as it is before anything is seen: as a rule one person's records agree.

    As many pairs as a comparison has levels are counted beside those that are seen, so that the classes do not change
    places, and a field that hardly any pair has is not taken for one on which matches differ.
    """
    sizes = sizes_of(comparisons)
    m = np.where(np.arange(MOST_LEVELS) < sizes[:, None], 0.03, 0.0)
    m[:, 0], m[np.arange(len(sizes)), sizes - 1] = 0.08, exact
    for number, comparison in enumerate(comparisons):
        if comparison.kind == "forename":
            m[number, LEVELS["forename"].index("swapped")] = 0.01
    return m / m.sum(1, keepdims=True)


def _rare(comparisons: Sequence[Comparison]) -> np.ndarray:
    """(classes, 2) share of the relatives that each class of them is at least and at most.

    Nothing where these comparisons cannot tell it from plain relatives. The usual share where fewer than two tell it from
    matches: a father and son who differ in the birthday alone may as well be one person with a wrong birthday, and
    estimates would put all of them on one side.
    """
    personal = [comparison.kind for comparison in comparisons if not comparison.is_shared]
    has_shared = len(personal) < len(comparisons)
    shares = []
    for agreeing_kinds in RELATIVES.values():
        n_telling = sum(kind not in agreeing_kinds for kind in personal)
        is_told = has_shared and (not agreeing_kinds or agreeing_kinds[0] in personal)
        is_free = n_telling >= TELLING or not agreeing_kinds
        shares.append(((0.0, MOST_RARE) if is_free else (USUAL_RARE, USUAL_RARE)) if is_told else (0.0, 0.0))
    return np.array(shares)
