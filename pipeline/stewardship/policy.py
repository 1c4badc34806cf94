"""The policy file: when a decision needs a second person."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipeline.core.errors import SettingsError
from schemas.decisions import StewardPolicy, TwoPersonRule, Verdict
from schemas.written import read_toml, with_near, wrongs

POLICY = Path(__file__).resolve().parent / "policy.toml"
UNKNOWN_FACTS = "unknown_facts"
"""Stands in place of a rule's name where nothing is known of the records."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the caller knows of the two persons that a decision is about."""

    roles_l: frozenset[str]
    """Every role of the person of the one record."""
    roles_r: frozenset[str]
    rules: frozenset[str]
    """Rules of the linkage model that the pair meets, such as ``name_only``."""
    n_records: int
    """Records of the two persons together."""


def load_policy(path: Path = POLICY, rules: Collection[str] | None = None) -> StewardPolicy:
    """The checked policy of a TOML file; ``rules``: names of the model's, where those that it names are to be checked too.

    Raises:
        SettingsError: If it cannot be read, or says something that a policy cannot say.
    """
    try:
        policy = StewardPolicy.model_validate(read_toml(path))
        wrong = "" if rules is None else _unknown_rules(policy, rules)
    except ValidationError as error:
        wrong = wrongs(error, StewardPolicy)
    if not wrong:
        return policy
    raise SettingsError(path.name, wrong, "pipeline/stewardship/policy.toml is an example.")


def _unknown_rules(policy: StewardPolicy, rules: Collection[str]) -> str:
    """What is wrong with the rules of the model that a policy names: one that is not there would never ask for a second person."""
    return "; ".join(
        f"two_person.{number}: {rule.name}: no such rule of the model: {with_near(unknown, rules)}"
        for number, rule in enumerate(policy.two_person, start=1)
        if (unknown := set(rule.rules) - set(rules))
    )


def second_because(policy: StewardPolicy, verdict: Verdict, facts: CaseFacts | None) -> tuple[str, ...]:
    """Names of the rules by which this verdict needs a second person; none: one person is enough."""
    if verdict == "unsure":
        return ()
    if facts is None:
        return (UNKNOWN_FACTS,) if policy.when_facts_are_unknown == "ask_second" and verdict != "retract" else ()
    return tuple(rule.name for rule in policy.two_person if verdict in rule.verdicts and _holds(rule, facts))


def _holds(rule: TwoPersonRule, facts: CaseFacts) -> bool:
    if rule.more_records_than is not None and facts.n_records <= rule.more_records_than:
        return False
    if rule.rules and facts.rules.isdisjoint(rule.rules):
        return False
    return rule.roles is None or _opposed(rule.roles, facts)


def _opposed(sides: tuple[Iterable[str], Iterable[str]], facts: CaseFacts) -> bool:
    both_ways = ((facts.roles_l, facts.roles_r), (facts.roles_r, facts.roles_l))
    return any(not left.isdisjoint(sides[0]) and not right.isdisjoint(sides[1]) for left, right in both_ways)
