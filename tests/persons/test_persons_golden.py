"""Golden values: which record gives what."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pytest

from pipeline.persons.golden import golden_values, person_fields
from pipeline.persons.survivorship import load_survivorship
from schemas.settings import RunSettings
from schemas.tables import RECORDS

RULES = load_survivorship(RunSettings.model_fields["survivorship"].default, {"cris": 5})


def golden(*homes: Mapping[str, str]) -> dict[str, str | None]:
    """Of one person's records, the newest last."""
    rows = [
        {
            "record_id": f"r{n}",
            "person_id": "P1",
            "source": "cris",
            "basis": "fact",
            "recorded_at": n * 86_400_000_000,
            **home,
        }
        for n, home in enumerate(homes)
    ]
    given = {name: [row.get(name) for row in rows] for name in RECORDS.names}
    table = pa.table({name: pa.array(given[name], RECORDS.arrow_schema().field(name).type) for name in RECORDS.names})
    fields = person_fields(table, RULES)
    chosen = [(row["person_id"], row["field"]) for row in fields.to_pylist() if row["is_chosen"]]
    assert len(chosen) == len(set(chosen))
    return golden_values(fields).to_pylist()[0]


HERE, THERE = {"address": "1 ELM ROAD"}, {"address": "9 OAK LANE"}


@pytest.mark.parametrize(
    ("homes", "address", "postcode", "uprn"),
    [
        ([HERE | {"postcode": "E1 1AA"}, THERE], "9 OAK LANE", None, None),
        ([HERE | {"postcode": "E1 1AA", "uprn": "7"}, HERE], "1 ELM ROAD", "E1 1AA", "7"),
        ([HERE | {"uprn": "7"}, HERE | {"postcode": "E1 1AB"}, THERE, HERE], "1 ELM ROAD", "E1 1AB", "7"),
        ([HERE | {"postcode": "E1 1AA"}, HERE | {"postcode": "E1 1AB"}], "1 ELM ROAD", "E1 1AB", None),
        ([HERE | {"postcode": "E1 1AA"}, {"postcode": "N1 1AA"}], None, "N1 1AA", None),
    ],
    ids=["another street", "the same street", "from several", "both say it", "only a postcode"],
)
def test_a_postcode_comes_from_a_record_of_the_same_address(
    homes: list[dict[str, str]], address: str | None, postcode: str | None, uprn: str | None
) -> None:
    values = golden(*homes)
    assert (values.get("address"), values.get("postcode"), values.get("uprn")) == (address, postcode, uprn)
