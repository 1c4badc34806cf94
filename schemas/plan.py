"""What a model file leaves to training, and what it fixes: a steward's own m, u, related shares or prior stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict

from schemas.model import LEVELS, Comparison, Model, Probability, Rate, Share, read_model

SHARES: tuple[Share, ...] = get_args(Share)
FOUND = ("prior", "policy", "trained", "reference", "format_version")
"""Parts of a model file that training finds."""
TOLERANCE = 1e-3  # of a sum that must be 1


@dataclass(frozen=True, slots=True)
class Given:
    """Figures that training must not touch."""

    shares: Mapping[str, Mapping[Share, Mapping[str, float]]] = field(default_factory=dict)
    """Field to share to level: the fixed probability of that level."""
    rates: Mapping[Rate, float] = field(default_factory=dict)
    """Fixed parts of the prior."""


NOTHING_GIVEN = Given()


class Plan(NamedTuple):
    """An untrained model, and what of it is given."""

    model: Model
    given: Given


class _PlanLevel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    m: Probability | None = None
    u: Probability | None = None
    related: Probability | None = None
    fixed: tuple[Share, ...] = ()


class _PlanPrior(BaseModel):
    model_config = ConfigDict(extra="forbid")

    matches_per_record: float | None = None
    related_per_record: float | None = None
    twins_per_record: float | None = None
    namesakes_per_record: float | None = None
    fixed: tuple[Rate, ...] = ()


class _PlanComparison(BaseModel):
    levels: tuple[_PlanLevel, ...] = ()


class _PlanFile(BaseModel):
    prior: _PlanPrior = _PlanPrior()
    comparison: tuple[_PlanComparison, ...] = ()


def load_plan(path: Path) -> Plan:
    """The model of one TOML file without what training finds: fields, keys, rules, and what is fixed.

    Raises:
        SettingsError: If it cannot be read, says something that a model cannot say, or fixes what cannot be.
    """
    return read_model(path, _plan)


def _plan(said: dict[str, Any]) -> Plan:
    planned = _PlanFile.model_validate(said)
    bare = [{name: part for name, part in own.items() if name != "levels"} for own in said.get("comparison", ())]
    model = Model.model_validate(
        {name: part for name, part in said.items() if name not in FOUND} | {"comparison": bare}
    )
    shares = {
        comparison.field: _fixed_shares(comparison, own.levels)
        for comparison, own in zip(model.comparison, planned.comparison, strict=True)
    }
    return Plan(model, Given({name: own for name, own in shares.items() if own}, _fixed_rates(planned.prior)))


def _fixed_shares(comparison: Comparison, levels: tuple[_PlanLevel, ...]) -> dict[Share, dict[str, float]]:
    """Share to level: what is fixed of one comparison."""
    known, place = LEVELS[comparison.kind], comparison.field
    if unknown := [level.name for level in levels if level.name not in known]:
        raise ValueError(f"{place} has no level {unknown[0]}; its levels are {', '.join(known)}.")
    found: dict[Share, dict[str, float]] = {}
    for share in SHARES:
        given = {level.name: getattr(level, share) for level in levels if share in (*comparison.fixed, *level.fixed)}
        if share in comparison.fixed:
            given |= dict.fromkeys(set(known) - set(given))
        if lacking := [name for name in known if name in given and given[name] is None]:
            raise ValueError(f"{place}: {share} is fixed, but level {lacking[0]} does not give it.")
        if given:
            _check_sum(place, share, given, is_all=len(given) == len(known))
            found[share] = given
    if "related" in found and not comparison.is_shared:
        raise ValueError(f"{place}: related cannot be fixed, for it is u where a comparison is not is_shared.")
    return found


def _check_sum(place: str, share: Share, given: Mapping[str, float], *, is_all: bool) -> None:
    total = sum(given.values())
    if is_all and abs(total - 1) > TOLERANCE:
        raise ValueError(f"{place}: {share} is fixed at every level, but sums to {total:.4f}, not to 1.")
    if not is_all and total >= 1:
        raise ValueError(f"{place}: the fixed {share} sum to {total:.4f}, which leaves nothing for the other levels.")


def _fixed_rates(prior: _PlanPrior) -> dict[Rate, float]:
    found: dict[Rate, float] = {}
    for rate in prior.fixed:
        value = getattr(prior, rate)
        if value is None or value <= 0:
            raise ValueError(f"prior: {rate} is fixed, but no number above 0 is given.")
        found[rate] = value
    return found
