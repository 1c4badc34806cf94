"""CAD: calls about absent children, in the call-takers' words."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from pathlib import Path

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Lines, Truth, full_name, given_names, police_text
from schemas.boroughs import CODES

ENDINGS = (
    "Not back for curfew, no apparent risk.",
    "Staff to ring again if not back by midnight.",
    "Has done so before, always comes back.",
    "Phone goes to voicemail.",
)
CALLERS = ("Staff of a children's home", "Mother", "Foster carer", "School", "Social worker")
NOBODY_NAMED = "Caller rang off before a name was taken, one of the young people is not back."


def cad(root: Path, truth: Truth, rng: random.Random, as_of: dt.date) -> Lines:
    """Calls about absent children; their numbers begin anew every day, and a few name nobody."""
    headings = ("CAD No/Date", "Received", "Closed", "BOCU", "Location", "Informant", "Free Text")
    last_number: Counter[str] = Counter()

    def row(sighting: Sighting, _: int) -> list[str]:
        event = sighting.event
        day = f"{event.at:%d%b%y}".upper()
        last_number[day] += rng.randint(1, 300)
        back = event.at + dt.timedelta(minutes=int(event.facts["minutes"]))
        return [
            f"{last_number[day]}/{day}",
            event.at.strftime("%d/%m/%Y %H:%M"),
            back.strftime("%d/%m/%Y %H:%M") if back.date() < as_of else "",
            CODES[event.borough][1],
            _home(sighting),
            f"{rng.choice(CALLERS)}, 020 7946 0{rng.randrange(1000):03d}",
            NOBODY_NAMED if rng.random() < 0.03 else _words(sighting, rng),
        ]

    return Lines(root, truth, "cad", "cad/cad.csv", "cp1252", headings, row)


def _words(sighting: Sighting, rng: random.Random) -> str:
    """What a call-taker types about a child: with labels, or as a sentence."""
    born = f"{sighting.born:%d/%m/%Y}" if sighting.born else ""
    ending, home = rng.choice(ENDINGS), _home(sighting)
    if rng.random() < 0.55:
        told = [f"ABSENT CHILD: {police_text(full_name(sighting), rng)}", sighting.sex]
        told += [
            f"DOB {born}" if born else f"age {sighting.age}" if sighting.age else "",
            f"HOME: {home}" if home else "",
        ]
        return "; ".join([part for part in told if part] + [ending])
    name = police_text(f"{given_names(sighting)} {sighting.surname.upper()}".strip(), rng)
    told = [f"Subject {name}", f"born {born}" if born else f"aged {sighting.age}" if sighting.age else ""]
    told += [f"from {home}" if home else ""]
    return " ".join(part for part in told if part) + f". {ending}"


def _home(sighting: Sighting) -> str:
    return ", ".join(part for part in (sighting.address, sighting.postcode) if part)
