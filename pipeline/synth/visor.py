"""ViSOR: a table of registered sex offenders in a database."""

from __future__ import annotations

import random
import sqlite3
from collections import deque
from pathlib import Path

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Truth, given_names
from pipeline.synth.places import Home


class Visor:
    """ViSOR: a table of registered sex offenders in a database."""

    COLUMNS = (
        "visor_id",
        "surname",
        "forenames",
        "aliases",
        "dob",
        "sex",
        "ethnicity",
        "pnc",
        "cro",
        "mappa_category",
        "mappa_level",
        "risk",
        "visit_frequency_days",
        "registered_on",
        "last_visit",
        "next_visit_due",
        "manager",
        "borough",
        "address",
        "postcode",
        "phone",
        "email",
        "status",
    )

    def __init__(self, root: Path, truth: Truth, rng: random.Random) -> None:
        path = root / "visor" / "visor.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.truth, self.rng, self.count = truth, rng, 0
        self.homes: deque[Home] = deque(maxlen=50)
        self.base = sqlite3.connect(path)
        columns = ", ".join(f"{name} TEXT" for name in self.COLUMNS)
        self.base.execute(f"CREATE TABLE offender ({columns})")

    def add(self, sighting: Sighting) -> None:
        self.count += 1
        event = sighting.event
        facts = event.facts
        self.homes.append(event.person.homes[-1][1])
        row = (
            f"V{self.count:07d}",
            sighting.surname,
            given_names(sighting),
            sighting.aka,
            sighting.born.isoformat() if sighting.born else None,
            sighting.sex,
            sighting.ethnicity,
            sighting.pnc_id,
            sighting.cro_number,
            facts["category"],
            facts["level"],
            facts["risk"],
            facts["every"],
            event.at.date().isoformat(),
            facts["last"],
            facts["due"],
            f"PC {self.rng.randint(1000, 9999)}",
            event.borough,
            sighting.address,
            sighting.postcode,
            sighting.phone,
            sighting.email,
            facts["status"],
        )
        marks = ", ".join("?" * len(row))
        self.base.execute(f"INSERT INTO offender VALUES ({marks})", row)  # noqa: S608  (only question marks)
        self.truth("visor", "sqlite:///visor/visor.sqlite", None, self.count, 1, sighting.truth)

    def close(self) -> None:
        self.base.commit()
        self.base.close()
