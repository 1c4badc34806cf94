"""Links of single stewards by which a night has joined people whose roles the policy sets against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pyarrow as pa

from pipeline.core.lookup import rows_with
from pipeline.stewardship.policy import CaseFacts, second_because
from schemas.decisions import StewardPolicy, names_in


def joined_by_one(
    standing: pa.Table, cluster_members: pa.Table, events: pa.Table, policy: StewardPolicy
) -> frozenset[str]:
    """Ids of links in force that nobody confirmed, in clusters that hold opposed roles and that no two stewards joined for it.

    Such links are entered one by one only where the data changed since (a witness became a suspect), or they came with an import
    or from an older store: at entry the policy is asked about the whole group.

    Args:
        standing: contract ``standing_decisions``.
        cluster_members: record_id and cluster_id of tonight's records.
        events: record_id and role of tonight's events.
        policy: which roles are opposed.
    """
    links = [row for row in standing.to_pylist() if row["state"] == "in_force" and row["verdict"] == "link"]
    if all(row["confirmed_by"] for row in links):
        return frozenset()
    cluster_of = _pairs(cluster_members, "record_id", "cluster_id", "record_id", {row["record_id_l"] for row in links})
    owner = dict(cluster_of)
    record_cluster = dict(_pairs(cluster_members, "record_id", "cluster_id", "cluster_id", set(owner.values())))
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for record, role in _pairs(events, "record_id", "role", "record_id", record_cluster.keys()):
        roles[record_cluster[record]].add(role)
    opposed = _opposed(roles, policy)
    seen_by_two: defaultdict[str | None, set[str]] = defaultdict(set)
    for row in links:
        if row["confirmed_by"]:
            seen_by_two[owner.get(row["record_id_l"])] |= names_in(row["second_because"])
    return frozenset(
        row["decision_id"]
        for row in links
        if not row["confirmed_by"]
        and (cluster := owner.get(row["record_id_l"]))
        and record_cluster.get(row["record_id_r"]) == cluster
        and opposed.get(cluster, frozenset()) - seen_by_two[cluster]
    )


def _opposed(roles: Mapping[str, set[str]], policy: StewardPolicy) -> dict[str, frozenset[str]]:
    """Cluster to the rules over roles alone by which a link inside it needs a second person."""
    over_roles = {rule.name for rule in policy.two_person if rule.roles and not rule.rules}
    found = {}
    for cluster, own in roles.items():
        facts = CaseFacts(frozenset(own), frozenset(own), frozenset(), 2)
        found[cluster] = frozenset(second_because(policy, "link", facts)) & over_roles
    return found


def _pairs(table: pa.Table, key: str, value: str, where: str, wanted: Iterable[str]) -> list[tuple[str, str]]:
    """Two columns of the rows whose third one has a value that is wanted."""
    rows = rows_with(table, wanted, where)
    return list(zip(rows.column(key).to_pylist(), rows.column(value).to_pylist(), strict=True))
