"""Custody records."""

from __future__ import annotations

from pathlib import Path

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Lines, Truth, full_name
from schemas.boroughs import CODES


def custody(root: Path, truth: Truth) -> Lines:
    """Custody records."""
    headings = (
        "Custody No",
        "Station",
        "Name",
        "DOB",
        "Sex",
        "PNC",
        "CRO",
        "Address",
        "Postcode",
        "Arrested",
        "Detention Authorised",
        "Charged",
        "Released",
        "Bail",
        "LA Accomm Requested",
        "Secure?",
        "AA Arrived",
    )

    def row(sighting: Sighting, count: int) -> list[str]:
        event, station = sighting.event, CODES[sighting.event.borough][1]
        facts = event.facts
        return [
            f"01{station}/{count}/{event.at:%y}",
            station,
            full_name(sighting),
            sighting.born.strftime("%d/%m/%Y") if sighting.born else "",
            sighting.sex,
            sighting.pnc_id,
            sighting.cro_number,
            sighting.address,
            sighting.postcode,
            event.at.strftime("%d/%m/%Y %H:%M"),
            facts["authorised"],
            facts["charged"],
            facts["released"],
            facts["bail"],
            facts["accommodation"],
            facts["secure"],
            facts["adult"],
        ]

    return Lines(root, truth, "custody", "custody/custody.csv", "utf-8", headings, row)
