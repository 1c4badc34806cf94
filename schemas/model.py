"""The linkage model: what a TOML file in ``pipeline/models`` may say, checked when it is loaded.

A model is data: which fields are compared and how, the m, u and related probabilities of every comparison level,
the prior, the rules that keep a pair from being linked without a steward, the two policies, and what the data looked like
on which it was trained. Weights follow Fellegi and Sunter (1969); the related class and value frequencies
are described in ``docs/linking.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.core.errors import SettingsError
from schemas.reference import Reference
from schemas.written import read_toml, wrongs

T = TypeVar("T")

Kind = Literal[
    "forename", "surname", "date", "postcode", "address", "phone", "email", "identifier", "category", "ethnicity", "age",
    "middle_names",
]  # fmt: skip
NAME_KINDS: tuple[Kind, ...] = ("forename", "surname", "middle_names")

# Comparison levels a kind knows, from the weakest to the strongest. Level 0 is "null on a side": no evidence, weight 0.
LEVELS: dict[Kind, tuple[str, ...]] = {
    "forename": ("else", "similar", "part", "close", "variant", "swapped", "exact"),
    "surname": ("else", "similar", "part", "close", "variant", "exact"),
    "date": ("far", "else", "same_year", "part", "first_of_january", "both_first_of_january", "close", "exact"),
    "postcode": ("else", "area", "district", "sector", "close", "exact"),
    "address": ("else", "some_words", "close", "most_words", "exact"),
    "phone": ("else", "close", "exact"),
    "email": ("else", "similar", "same_local_part", "close", "exact"),
    "identifier": ("conflict", "close", "exact"),
    "category": ("else", "close", "exact"),
    "ethnicity": ("else", "same_group", "exact"),
    "age": ("apart", "near", "overlap"),
    "middle_names": ("else", "similar", "part", "close", "variant", "exact"),
}
# How many one-bit bins of value frequency the exact level is split into, and the rarity (bits) at which they begin;
# 0 bins: agreement counts the same whatever the value.
FREQUENCY_BINS: dict[Kind, tuple[int, int]] = {
    "forename": (18, 3),
    "surname": (18, 3),
    "date": (10, 8),
    "postcode": (14, 6),
    "address": (14, 6),
    "phone": (14, 6),
    "email": (14, 6),
    "identifier": (10, 8),
    "category": (8, 0),
    "ethnicity": (8, 0),
    "age": (0, 0),
    "middle_names": (18, 3),
}
# The level variant of names is split the same way, by how rare a name is with all its spellings: how many bins, the rarity (bits)
# at which they begin, and how many bits wide each is.
SPELLING_BINS, SPELLING_LOWEST, SPELLING_WIDTH = 7, 2, 2
SPELLING_BITS: tuple[float, ...] = tuple(
    SPELLING_LOWEST + SPELLING_WIDTH * (number + 0.5) for number in range(SPELLING_BINS)
)
"""Rarity that each of these bins stands for."""
Share = Literal["m", "u", "related"]
Rate = Literal["matches_per_record", "related_per_record", "twins_per_record", "namesakes_per_record"]
RATES: tuple[Rate, ...] = get_args(Rate)
FORMAT = 7
"""Newest format of a model file that this code reads, and the one it writes: 2 brought trained, reference and fixed, 3 places
and dependence, 4 flags_differ and names of rules, 5 the kind middle_names, 6 beside of a dependence, 7 usual_rarity."""
PolicyName = Literal["balanced", "strict"]
NameClash = Literal["middle_names", "two_names", "unlike"]
"""middle_names: both records have middle names, and none fits a given name of the other. two_names: the forenames are listed as
names of their own, neither a variant nor a nickname of the other. unlike: no forename of either is a middle name of the other,
by which people are known too."""
Probability = Annotated[float, Field(gt=0, le=1)]


def first_alike(kind: Kind) -> int:
    """Number in LEVELS of the first level of values that may well be one person's: close, where the kind has that, else exact."""
    levels = LEVELS[kind]
    return levels.index("close") if "close" in levels else len(levels) - 1


def level_numbers(kind: Kind) -> tuple[int, ...]:
    """Of each index that engines tell: 0 for null, or the number of its level, from 1.

    Above the indexes of the levels themselves come the other frequency bins of the exact one, then the bins of variant.
    """
    levels = LEVELS[kind]
    more_exact = max(FREQUENCY_BINS[kind][0] - 1, 0)
    variants = [levels.index("variant") + 1] * SPELLING_BINS if "variant" in levels else []
    return (*range(len(levels) + 1), *[len(levels)] * more_exact, *variants)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Strict):
    """One comparison level: its probability among matches, random pairs, and relatives or neighbours."""

    name: str
    m: Probability
    u: Probability
    related: Probability
    fixed: tuple[Share, ...] = ()
    """What training leaves as it stands here."""


class Comparison(_Strict):
    """One field compared: its kind, and the trained levels from the weakest to the strongest (none: untrained)."""

    field: str
    kind: Kind
    is_shared: bool = False
    """Relatives and neighbours share it: the related class is free on it, and equals u elsewhere."""
    max_bits: float = 24.0
    """No agreement on this field counts for more than this, however rare the value."""
    usual_rarity: float | None = None
    """Rarity, bits, of a name with all its spellings where variant is worth what its m and u say: of a rarer one it is worth
    more. None: it is worth the same of all names."""
    levels: tuple[Level, ...] = ()
    fixed: tuple[Share, ...] = ()
    """What training leaves as it stands at every level."""

    @model_validator(mode="after")
    def _levels_are_the_kinds(self) -> Self:
        if self.levels and tuple(level.name for level in self.levels) != LEVELS[self.kind]:
            raise ValueError(f"{self.field}: levels must be {', '.join(LEVELS[self.kind])}, in this order")
        for name in ("m", "u", "related"):
            total = sum(getattr(level, name) for level in self.levels)
            if self.levels and abs(total - 1) > 1e-3:
                raise ValueError(f"{self.field}: {name} sums to {total:.4f} over the levels, not to 1")
        return self


class Rule(_Strict):
    """When a pair is not linked without a steward: levels (or ``null``) that must, may and must not be there."""

    name: str
    about: str
    effect: Literal["apart", "ask"]
    """apart: no cluster holds both records; ask: the pair by itself links nothing, but others may join the two."""
    all: dict[str, tuple[str, ...]] = {}
    """Field to levels: each field must be at one of its levels."""
    any: dict[str, tuple[str, ...]] = {}
    """At least one field must be at one of its levels."""
    none: dict[str, tuple[str, ...]] = {}
    """No field may be at one of its levels."""
    roles: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """One record has a role of the first set, the other one of the second."""
    flag: str | None = None
    """One of the records carries this flag."""
    flags_differ: tuple[str, ...] = ()
    """Each record carries some of these flags, and they have none in common."""
    names: NameClash | None = None
    """How the given names of the records clash."""
    policies: tuple[PolicyName, ...] = ("balanced", "strict")
    """Under which policies the rule is applied."""


class Policy(_Strict):
    """From which weight pairs are linked and reviewed, bits."""

    link_bits: float
    review_bits: float


class Prior(_Strict):
    """Expected pairs a record: with another record of the person, and with relatives or neighbours of three kinds."""

    matches_per_record: Annotated[float, Field(gt=0)]
    related_per_record: Annotated[float, Field(gt=0)]
    twins_per_record: Annotated[float, Field(gt=0)] = 1e-9
    """Relatives born on one day."""
    namesakes_per_record: Annotated[float, Field(gt=0)] = 1e-9
    """Relatives of one forename, as father and son."""
    fixed: tuple[Rate, ...] = ()
    """What training leaves as it stands."""


class PlaceField(_Strict):
    """A field that says where somebody lives: level shares, from the weakest level to the strongest."""

    field: str
    moved: tuple[Probability, ...]
    """of matches and relatives in two places"""
    neighbours: tuple[Probability, ...]
    """of strangers in one place"""


class PlaceShares(_Strict):
    """How fields that say where somebody lives hang together (``pipeline/link/places.py``)."""

    matches_moved: Annotated[float, Field(gt=0, lt=1)]
    """Share of the matches that are found in two places."""
    relatives_moved: Annotated[float, Field(gt=0, lt=1)]
    neighbours_per_record: Annotated[float, Field(gt=0)]
    field: tuple[PlaceField, ...]


class Dependence(_Strict):
    """How strangers' levels of a field hang on those of another one (``pipeline/link/strangers.py``)."""

    field: str
    on: str
    times: tuple[tuple[Annotated[float, Field(gt=0)], ...], ...]
    """For each level of ``on`` and each of ``field``: how many times as often strangers have both as if they were independent"""
    beside: str | None = None
    """A third field: where strangers are alike in it (level ``close`` and up), ``times_beside`` stands for ``times``."""
    times_beside: tuple[tuple[Annotated[float, Field(gt=0)], ...], ...] = ()


class Trained(_Strict):
    """How the model came about."""

    code: str
    """Program and version that trained it."""
    records: Annotated[int, Field(ge=0)]
    """Rows of the table it was trained on."""
    rounds: Annotated[int, Field(ge=0)]
    has_converged: bool
    starts: Annotated[int, Field(ge=1)]
    starts_at_best: Annotated[int, Field(ge=1)]
    """Starts that ended at the same, best estimate."""
    decided_pairs: Annotated[int, Field(ge=0)] = 0
    """Stewards' decisions that it was trained with."""


class BlockingRule(_Strict):
    """Two records are compared if they share a token of each of these kinds, and no more records than so many do.

    A token that is a key by itself is no part of another key: those who share it are compared already.
    """

    keys: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    """Kinds of token such as ``date_of_birth.year_month``; two must come from two fields"""
    max_block: Annotated[int, Field(ge=2, le=250)]


class Blocking(_Strict):
    """Which fields give keys, and how many records may share one."""

    fields: tuple[str, ...]
    rule: tuple[BlockingRule, ...] = ()
    """Rules in use; none: training chooses them by the pairs that they bring and the matches among these"""
    max_block: Annotated[int, Field(ge=2, le=250)] = 60
    """Largest block at 10,000 records where no rules are chosen; it shrinks as n to the power -0.3."""
    across: str | None = None
    """Field whose values must differ for two records to be compared, such as ``source``; none: all are compared."""


class Model(_Strict):
    """A whole linkage model."""

    name: str
    version: int = 1
    format_version: int = 1
    """Of the file; files that do not say so are from before there were several."""
    trained: Trained | None = None
    prior: Prior | None = None
    blocking: Blocking
    comparison: tuple[Comparison, ...]
    places: PlaceShares | None = None
    """None where fewer than two fields say where somebody lives, or the model does not know how they hang together"""
    dependence: tuple[Dependence, ...] = ()
    """What strangers agree on together, because one field hangs on another"""
    rule: tuple[Rule, ...] = ()
    policy: dict[PolicyName, Policy] = {}
    """Frozen thresholds; where a policy has none, they are derived from the data that is linked."""
    reference: Reference | None = None
    """What the data looked like on which the model was trained, to tell drift from."""

    @model_validator(mode="after")
    def _rules_name_levels(self) -> Self:
        kinds = {comparison.field: comparison.kind for comparison in self.comparison}
        for rule in self.rule:
            for part in (rule.all, rule.any, rule.none):
                for field, levels in part.items():
                    if field not in kinds:
                        raise ValueError(f"rule {rule.name} names {field}, which is not compared")
                    if wrong := set(levels) - {"null", *LEVELS[kinds[field]]}:
                        raise ValueError(f"rule {rule.name}: {field} has no level {sorted(wrong)}")
        return self

    @model_validator(mode="after")
    def _places_have_the_levels(self) -> Self:
        levels_of = {comparison.field: len(LEVELS[comparison.kind]) for comparison in self.comparison}
        for place in self.places.field if self.places else ():
            if {len(place.moved), len(place.neighbours)} != {levels_of.get(place.field)}:
                raise ValueError(f"places: {place.field} must be compared, and have a share for each of its levels")
        return self

    @model_validator(mode="after")
    def _dependences_have_the_levels(self) -> Self:
        levels_of = {comparison.field: len(LEVELS[comparison.kind]) for comparison in self.comparison}
        for one in self.dependence:
            for times in (one.times, one.times_beside) if one.beside else (one.times,):
                if {len(row) for row in times} != {levels_of.get(one.field)} or len(times) != levels_of.get(one.on):
                    raise ValueError(
                        f"dependence of {one.field} on {one.on}: both must be compared, with a row for each level of"
                        f" {one.on}, and in it a figure for each level of {one.field}"
                    )
            if one.beside and one.beside not in levels_of:
                raise ValueError(f"dependence of {one.field} on {one.on}: {one.beside} is not compared")
        return self

    @property
    def is_trained(self) -> bool:
        """Every level has its probabilities."""
        return self.prior is not None and all(comparison.levels for comparison in self.comparison)

    @property
    def stamp(self) -> str:
        """Name, version and hash, as every run's manifest carries it."""
        absent: dict[str, Any] = {name: True for name in ("places", "dependence") if not getattr(self, name)}
        unused = {name for name in ("flags_differ", "names") if not any(getattr(rule, name) for rule in self.rule)}
        alone = {number: {"beside", "times_beside"} for number, one in enumerate(self.dependence) if not one.beside}
        even = {number: {"usual_rarity"} for number, one in enumerate(self.comparison) if one.usual_rarity is None}
        left_out = {"dependence": alone, "comparison": even} | absent | {"rule": {"__all__": unused}}
        said = self.model_dump_json(exclude=left_out)  # as before there were any
        digest = hashlib.sha256(said.encode()).hexdigest()[:12]
        return f"{self.name}-{self.version}:{digest}"

    def comparison_of(self, field: str) -> Comparison:
        """The comparison of a field."""
        return next(comparison for comparison in self.comparison if comparison.field == field)


def load_model(path: Path) -> Model:
    """The checked model of one TOML file.

    Raises:
        SettingsError: If it cannot be read, or says something that a model cannot say.
    """
    return read_model(path, Model.model_validate)


def read_model(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    """What ``make`` makes of a model file.

    Raises:
        SettingsError: If the file cannot be read, is of a format that came later, or says what a model cannot say.
    """
    what_to_do = "pipeline/models/person.toml is an example."
    try:
        written = read_toml(path)
        format_version = written.get("format_version", 1)
        if isinstance(format_version, int) and format_version > FORMAT:
            problem = (
                f"is written in format {format_version}; this version of boroughlink reads formats up to {FORMAT}."
            )
            raise SettingsError(path.name, problem, "Update boroughlink, or train the model anew with this version.")
        return make(written)
    except ValidationError as error:
        problem = wrongs(error, Model)
        parts = error.errors(include_input=False)
        if all(part["type"] == "missing" and "levels" in part["loc"] for part in parts):
            what_to_do = f"It is not trained yet: boroughlink train --model {path.name} finds what is missing."
    except ValueError as error:
        problem = str(error)
    raise SettingsError(path.name, problem, what_to_do)


def save_model(model: Model, path: Path) -> None:
    """Write the model as TOML that ``load_model`` reads back to an equal model."""
    path.write_text(tomli_w.dumps(model.model_dump(mode="json", exclude_none=True, exclude_defaults=True)), "utf-8")
