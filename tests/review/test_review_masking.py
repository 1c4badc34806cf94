from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.flow
ALSO_FORCE_WIDE = """
    WITH known AS (SELECT person_id, source, borough FROM records UNION SELECT person_id, source, borough FROM events)
    SELECT person_id FROM known GROUP BY person_id
    HAVING NOT list_has_all(list(source) FILTER (borough = 'Croydon'), list(source) FILTER (borough IS NULL))
    ORDER BY person_id LIMIT 1
"""


@pytest.fixture(scope="module")
def shared(desk: Any) -> str:
    """A person of whom Croydon holds records, and a force-wide system of which Croydon need not know."""
    person: str = desk.desk.shelves.current().rows(ALSO_FORCE_WIDE)[0]["person_id"]
    return person


def test_a_borough_user_is_not_told_which_system_of_others_holds_a_record_or_an_event(desk: Any, shared: str) -> None:
    shelf, col = desk.desk.shelves.current(), desk.client("col")
    rows = [*shelf.records(shared), *shelf.events(shared)]
    own = {row["source"] for row in rows if row["borough"] == "Croydon"}
    secret = {row["source"] for row in rows} - own
    assert secret
    col.post(f"/persons/{shared}/why", {"why": "enquiry"})
    told = col.get(f"/persons/{shared}").text + col.post(f"/persons/{shared}/export").text
    for source in secret:
        assert source not in told
        assert shelf.reference.titles[source] not in told
    assert "Held by a force-wide system" in told


def test_a_borough_user_is_not_told_whether_the_value_of_another_was_chosen(desk: Any, shared: str) -> None:
    col = desk.client("col")
    col.post(f"/persons/{shared}/why", {"why": "enquiry"})
    golden = col.get(f"/persons/{shared}").text.split("Chosen because")[1].split("</tbody>")[0]
    assert golden.count("<tr>") == golden.count("what your borough holds")


def test_a_borough_user_is_told_how_many_records_their_own_borough_holds(desk: Any, shared: str) -> None:
    n_own = sum(row["borough"] == "Croydon" for row in desk.desk.shelves.current().records(shared))
    col = desk.client("col")
    col.post(f"/persons/{shared}/why", {"why": "enquiry"})
    assert f"{n_own} record{'s' if n_own > 1 else ''} in Croydon" in col.get(f"/persons/{shared}").text


def test_who_sees_all_is_told_no_golden_value_that_is_not_published(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of somebody whose newest address has no postcode, and an earlier one has."""
    shelf, asha = desk.desk.shelves.current(), desk.client("asha")
    published = type(shelf).fields

    def with_no_postcode(shelf: Any, person_id: str) -> list[dict[str, Any]]:
        rows = published(shelf, person_id)
        return [{**row, "is_chosen": row["is_chosen"] and row["field"] != "postcode"} for row in rows]

    monkeypatch.setattr(type(shelf), "fields", with_no_postcode)
    person = shelf.rows("SELECT person_id FROM person_fields WHERE field = 'postcode' ORDER BY ALL LIMIT 1")[0][
        "person_id"
    ]
    asha.post(f"/persons/{person}/why", {"why": "enquiry"})
    golden = asha.get(f"/persons/{person}").text.split("Chosen because")[1].split("</tbody>")[0]
    told = golden.split(">Postcode</th>")[1].split("</tr>")[0]
    assert "Not published" in told
    assert "<strong>" not in told
    assert " it is " not in told
    assert all(row["value"] in told for row in shelf.fields(person) if row["field"] == "postcode")
