"""The untrained model of any table of people, from what its columns hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.fields import AGE, ColumnUse
from schemas.model import Blocking, Comparison, Kind, Model, Rule
from schemas.usual_headings import BIRTH_PARTS, names_a_town, names_an_origin

COMPARED: Mapping[str, Kind] = {
    "forename": "forename", "middle_names": "middle_names", "surname": "surname", "full_name": "surname", "alias": "surname", "date_of_birth": "date",
    **dict.fromkeys(BIRTH_PARTS, "date"), "age": "age",
    "postcode": "postcode", "address": "address", "phone": "phone", "email": "email", "identifier": "identifier",
    "category": "category", "ethnicity": "ethnicity",
}  # fmt: skip
"""As what a column of each kind is compared."""
SHARED: frozenset[Kind] = frozenset(("surname", "postcode", "address", "phone", "email", "ethnicity"))
"""Kinds that relatives and neighbours have in common."""
FEW_VALUES = 20
"""A category of so few values, such as a sex, brings nobody together and is a person's own. One of more, such as a town,
is a key beside others, and perhaps what a household shares: training finds out. What the heading calls a town or
an origin may be shared however few its values are."""


def model_of(uses: Sequence[ColumnUse], distinct: Mapping[str, int], pattern: Model, across: str | None) -> Model:
    """An untrained model that compares these columns; rules of the pattern that these fields can meet come with it.

    Args:
        uses: the columns.
        distinct: how many different values each field has.
        pattern: the model whose rules and comparisons of canonical fields are taken over.
        across: field whose values must differ for two records to be compared; None compares all.
    """
    pattern_comparisons = {comparison.field: comparison for comparison in pattern.comparison}
    fields: dict[str, Kind] = {}
    for use in uses:
        if use.kind in ("full_name", "alias"):
            fields.setdefault("forename", "forename")
            fields.setdefault("surname", "surname")
        elif use.kind in COMPARED:
            fields.setdefault(use.field, COMPARED[use.kind])
    if set(AGE[:2]) <= {use.column for use in uses}:
        fields["age"] = "age"
    known = {
        field: kind
        for field, kind in fields.items()
        if field in pattern_comparisons and pattern_comparisons[field].kind == kind
    }
    of_families = {use.field for use in uses if names_a_town(use.column) or names_an_origin(use.column)}
    comparisons = tuple(
        pattern_comparisons[field].model_copy(update={"levels": ()})
        if field in known
        else Comparison(
            field=field,
            kind=kind,
            is_shared=kind in SHARED
            or (kind == "category" and (field in of_families or distinct.get(field, 0) > FEW_VALUES)),
        )
        for field, kind in fields.items()
    )
    keys = tuple(
        field
        for field, kind in fields.items()
        if kind not in ("ethnicity", "age", "middle_names")
        and (kind != "category" or distinct.get(field, 0) > FEW_VALUES)
    )
    return Model(
        name="table",
        blocking=Blocking(fields=keys, max_block=pattern.blocking.max_block, across=across),
        comparison=comparisons,
        rule=tuple(rule for rule in (_narrowed(rule, known) for rule in pattern.rule) if rule),
    )


def _narrowed(rule: Rule, fields: Mapping[str, Kind]) -> Rule | None:
    """The rule as far as these fields go; None where it could never hold.

    Conflicting identifiers keep two records apart under ``strict`` alone: how often one person's numbers differ in this table
    training learns, and their weight tells.
    """
    if any(field not in fields and "null" not in levels for field, levels in rule.all.items()):
        return None
    conditions: dict[str, object] = {
        part: {field: levels for field, levels in getattr(rule, part).items() if field in fields}
        for part in ("all", "any", "none")
    }
    if rule.any and not conditions["any"]:
        return None
    if any("conflict" in levels for levels in rule.any.values()):
        conditions["policies"] = ("strict",)
    return rule.model_copy(update=conditions)
