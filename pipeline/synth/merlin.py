"""MERLIN: children who were missing, and children who came to notice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Lines, Truth, full_name, given_names, police_text
from pipeline.synth.places import Home
from schemas.boroughs import BOROUGHS, CODES


def merlin_mis(root: Path, truth: Truth, rng: random.Random, offenders: Sequence[Home]) -> Lines:
    """MERLIN missing-person episodes; a few children are found where a registered sex offender lives."""
    headings = (
        "Merlin Ref",
        "Surname",
        "Forenames",
        "DOB",
        "Sex",
        "Ethnicity",
        "Home Borough",
        "Home Address",
        "Home Postcode",
        "Mobile",
        "Missing From",
        "Last Seen",
        "Returned",
        "Found At",
        "Found Postcode",
        "Risk",
        "CSE?",
        "Looked After?",
        "Placing LA",
        "Debrief",
    )

    def row(sighting: Sighting, count: int) -> list[str]:
        event, person = sighting.event, sighting.event.person
        placing = (
            rng.choice(BOROUGHS)
            if person.is_looked_after and rng.random() < 0.5
            else event.borough
            if person.is_looked_after
            else ""
        )
        found_at = person.homes[0][1] if rng.random() < 0.3 else None
        if offenders and rng.random() < 0.02:
            found_at = rng.choice(offenders)
        return [
            f"{event.at:%y}MIS{count:06d}",
            sighting.surname.upper(),
            given_names(sighting),
            sighting.born.strftime("%d/%m/%Y") if sighting.born else "",
            sighting.sex,
            sighting.ethnicity,
            event.borough,
            sighting.address,
            sighting.postcode,
            sighting.phone,
            rng.choice(("Home", "School", "Placement", "Town centre")),
            event.at.strftime("%d/%m/%Y %H:%M"),
            event.facts["returned"],
            found_at.address if found_at else "",
            found_at.postcode if found_at else "",
            event.facts["risk"],
            event.facts["cse"],
            "Y" if person.is_looked_after else "N",
            placing,
            event.facts["debrief"],
        ]

    return Lines(root, truth, "merlin_mis", "merlin/mis.csv", "utf-8-sig", headings, row)


def merlin_pac(root: Path, truth: Truth, rng: random.Random) -> Lines:
    """MERLIN reports of children coming to notice."""
    headings = (
        "PAC Ref",
        "Date",
        "Borough",
        "Subject",
        "DOB",
        "Sex",
        "Address",
        "Postcode",
        "School",
        "Concern",
        "Shared With",
        "BRAG",
    )

    def row(sighting: Sighting, count: int) -> list[str]:
        event = sighting.event
        name = police_text(full_name(sighting), rng)
        return [
            f"{event.at:%y}PAC{count:06d}",
            event.at.strftime("%d/%m/%Y"),
            CODES[event.borough][1],
            name,
            sighting.born.strftime("%d/%m/%Y") if sighting.born else sighting.age,
            sighting.sex,
            sighting.address,
            sighting.postcode,
            event.facts["school"],
            event.facts["concern"],
            rng.choice(("Social care", "School", "Health", "")),
            event.facts["brag"],
        ]

    return Lines(root, truth, "merlin_pac", "merlin/pac.csv", "cp1252", headings, row)
