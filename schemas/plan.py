"""What a model file leaves to training, and what it fixes: a steward's own m, u, related shares or prior stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict

from schemas.model import LEVELS, Comparison, Model, Probability, Rate, Share, read_model

SHARES: tuple[Share, ...] = get_args(Share)
TRAINED_PARTS = ("prior", "policy", "trained", "reference", "format_version")
"""Parts of a model file that training finds."""
TOLERANCE = 1e-3  # of a sum that must be 1


@dataclass(frozen=True, slots=True)
class FixedParameters:
    """Parameters of a model that training leaves as they are."""

    shares: Mapping[str, Mapping[Share, Mapping[str, float]]] = field(default_factory=dict)
    """Field to share to level: the fixed probability of that level."""
    rates: Mapping[Rate, float] = field(default_factory=dict)
    """Fixed parts of the prior."""


NOTHING_FIXED = FixedParameters()


class Plan(NamedTuple):
    """An untrained model, and what of it is fixed."""

    model: Model
    fixed: FixedParameters


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


def _plan(written: dict[str, Any]) -> Plan:
    planned = _PlanFile.model_validate(written)
    bare = [
        {name: part for name, part in planned_comparison.items() if name != "levels"}
        for planned_comparison in written.get("comparison", ())
    ]
    model = Model.model_validate(
        {name: part for name, part in written.items() if name not in TRAINED_PARTS} | {"comparison": bare}
    )
    shares = {
        comparison.field: _fixed_shares(comparison, planned_comparison.levels)
        for comparison, planned_comparison in zip(model.comparison, planned.comparison, strict=True)
    }
    return Plan(
        model,
        FixedParameters(
            {field: fixed_shares for field, fixed_shares in shares.items() if fixed_shares},
            _fixed_rates(planned.prior),
        ),
    )


def _fixed_shares(comparison: Comparison, levels: tuple[_PlanLevel, ...]) -> dict[Share, dict[str, float]]:
    """Share to level: what is fixed of one comparison."""
    level_names, place = LEVELS[comparison.kind], comparison.field
    if unknown := [level.name for level in levels if level.name not in level_names]:
        raise ValueError(f"{place} has no level {unknown[0]}; its levels are {', '.join(level_names)}.")
    fixed_shares: dict[Share, dict[str, float]] = {}
    for share in SHARES:
        fixed = {level.name: getattr(level, share) for level in levels if share in (*comparison.fixed, *level.fixed)}
        if share in comparison.fixed:
            fixed |= dict.fromkeys(set(level_names) - set(fixed))
        if lacking := [name for name in level_names if name in fixed and fixed[name] is None]:
            raise ValueError(f"{place}: {share} is fixed, but level {lacking[0]} does not give it.")
        if fixed:
            _check_sum(place, share, fixed, is_all=len(fixed) == len(level_names))
            fixed_shares[share] = fixed
    if "related" in fixed_shares and not comparison.is_shared:
        raise ValueError(f"{place}: related cannot be fixed, for it is u where a comparison is not is_shared.")
    return fixed_shares


def _check_sum(place: str, share: Share, fixed: Mapping[str, float], *, is_all: bool) -> None:
    total = sum(fixed.values())
    if is_all and abs(total - 1) > TOLERANCE:
        raise ValueError(f"{place}: {share} is fixed at every level, but sums to {total:.4f}, not to 1.")
    if not is_all and total >= 1:
        raise ValueError(f"{place}: the fixed {share} sum to {total:.4f}, which leaves nothing for the other levels.")


def _fixed_rates(prior: _PlanPrior) -> dict[Rate, float]:
    fixed_rates: dict[Rate, float] = {}
    for rate in prior.fixed:
        value = getattr(prior, rate)
        if value is None or value <= 0:
            raise ValueError(f"prior: {rate} is fixed, but no number above 0 is given.")
        fixed_rates[rate] = value
    return fixed_rates
