"""CRIMINT: intelligence as JSON lines."""

from __future__ import annotations

import json
import random
from pathlib import Path

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Truth
from schemas.boroughs import CODES


class Crimint:
    """CRIMINT: intelligence as JSON lines."""

    def __init__(self, root: Path, truth: Truth, rng: random.Random) -> None:
        path = root / "crimint" / "crimint.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.truth, self.rng, self.count = truth, rng, 0
        self.handle = path.open("w", encoding="utf-8", newline="\n")

    def add(self, sighting: Sighting) -> None:
        self.count += 1
        event, person = sighting.event, sighting.event.person
        nominal = f"{sighting.forename} {sighting.surname}".strip()
        if person.street_name and self.rng.random() < 0.1:
            (
                nominal,
                sighting.born,
                sighting.pnc_id,
                sighting.address,
                sighting.postcode,
                sighting.phone,
                sighting.aka,
            ) = (
                person.street_name,
                None,
                "",
                "",
                "",
                "",
                "",
            )
        entry = {
            "Ref": f"{CODES[event.borough][1]}RT{self.count:08d}"[-12:],
            "Date": event.at.date().isoformat(),
            "Borough": event.borough,
            "Nominal": nominal,
            "AKA": [sighting.aka] if sighting.aka else [],
            "DOB": sighting.born.isoformat() if sighting.born else None,
            "Street Name": person.street_name,
            "Sex": sighting.sex,
            "PNC": sighting.pnc_id or None,
            "Address": sighting.address or None,
            "Postcode": sighting.postcode or None,
            "Phone": sighting.phone or None,
            "Grading": event.facts["grading"],
            "Text": self.rng.choice(
                (
                    "Seen with others near the station.",
                    '=HYPERLINK("x") pasted by source',
                    "<b>Believed</b> to supply.",
                    "Associates with a known group.",
                )
            ),
        }
        self.handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.truth("crimint", "crimint/crimint.jsonl", None, self.count, 1, sighting.truth)

    def close(self) -> None:
        self.handle.close()
