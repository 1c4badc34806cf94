"""Whether a decision needs a second person: the policy is asked about the groups that its two records belong to now."""

from __future__ import annotations

from dataclasses import replace

from pipeline.stewardship.decision import Decision, PairState
from pipeline.stewardship.policy import CaseFacts, second_because
from pipeline.stewardship.surroundings import Surroundings
from schemas.decisions import NewDecision, StewardPolicy, listed, names_in


def facts_of(said: NewDecision | Decision) -> CaseFacts | None:
    """The facts that came with a decision; None where nothing is known of the records."""
    if said.n_records is None:
        return None
    return CaseFacts(names_in(said.roles_l), names_in(said.roles_r), names_in(said.rules), said.n_records)


def asked_of_policy(
    decision: Decision,
    named: Decision | None,
    states: tuple[PairState, PairState],
    around: Surroundings,
    policy: StewardPolicy,
) -> Decision:
    """The decision with what the policy says of it, and with the facts that it was asked about.

    What joins records again, as a retraction does that lets a link count once more, is asked about as the link it comes to; not
    where a second person had confirmed that link. A confirmation is the second person's word: it keeps the rules that ask for
    one now, and waits for nobody.

    Args:
        decision: about to be entered.
        named: the decision that it retracts or confirms.
        states: of its pair, before it and after it.
        around: decisions, and published persons, around its pair.
        policy: when a second person is needed.
    """
    facts = _facts_now(decision, (named if decision.confirms else None) or decision, around)
    because = set(second_because(policy, decision.verdict, facts))
    if not decision.confirms and decision.verdict != "link" and (rejoined := _rejoined(decision, states, around)):
        facts_again = _facts_now(decision, rejoined, around)
        because |= set(second_because(policy, "link", facts_again)) if facts_again else set()
    if facts and _are_published(decision, around):
        roles_l, roles_r = listed(facts.roles_l), listed(facts.roles_r)
        decision = replace(decision, roles_l=roles_l, roles_r=roles_r, n_records=facts.n_records)
    needs_second = not decision.confirms and (bool(because) or decision.needs_second)
    return replace(decision, needs_second=needs_second, second_because=listed(because) or None)


def _facts_now(decision: Decision, said: Decision, around: Surroundings) -> CaseFacts | None:
    """The facts of the groups of the two records; where one of them is not published, with what is said of them."""
    told = facts_of(said)
    left, right = (around.group(record) for record in decision.pair)
    roles_l, roles_r = (around.roles(record) for record in decision.pair)
    n_records = len(left) if left is right else len(left) + len(right)  # a record is in one group
    if _are_published(decision, around):
        return CaseFacts(roles_l, roles_r, names_in(said.rules), n_records)
    if told is None:
        return None
    n_told = [link.n_records or 0 for group in (left, right) for link in around.links_within(group)]
    return CaseFacts(
        told.roles_l | roles_l, told.roles_r | roles_r, told.rules, max(told.n_records, n_records, *n_told)
    )


def _rejoined(decision: Decision, states: tuple[PairState, PairState], around: Surroundings) -> Decision | None:
    """The decision by which, or without which, records are joined again; none where that is not so, or two had said so."""
    was, now = (state.in_force for state in states)
    if now is was:
        return None
    if now and now.verdict == "link":
        return None if states[1].confirmed_by.get(now.decision_id) else now
    if was is None or was.verdict != "unlink":
        return None
    persons = [around.person(record) for record in decision.pair]
    if persons[0] is None or persons[0] is not persons[1]:
        return None
    left, right = (around.group(record) for record in decision.pair)
    return was if not persons[0].records >= left | right else None


def _are_published(decision: Decision, around: Surroundings) -> bool:
    return all(around.person(record) for record in decision.pair)
