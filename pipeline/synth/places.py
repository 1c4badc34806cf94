"""Addresses of synthetic London: real postcode districts, invented streets, units and property numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from schemas.boroughs import BOROUGHS

DISTRICTS = dict(
    zip(
        BOROUGHS,
        (
            "EC2 EC3 EC4",
            "IG11 RM8 RM9 RM10",
            "EN5 N2 N12 NW4 NW7",
            "DA5 DA6 DA7 DA14",
            "HA9 NW2 NW6 NW10",
            "BR1 BR2 BR5 BR6",
            "NW1 NW3 NW5 WC1",
            "CR0 CR2 CR7 SE25",
            "UB1 UB6 W3 W5 W13",
            "EN1 EN2 EN3 N9 N18",
            "SE7 SE9 SE10 SE18",
            "E5 E8 E9 N16",
            "SW6 W6 W12 W14",
            "N8 N15 N17 N22",
            "HA1 HA2 HA3 HA5",
            "RM1 RM2 RM3 RM7",
            "HA4 UB3 UB8 UB10",
            "TW3 TW4 TW5 W4",
            "N1 N5 N7 N19",
            "SW3 SW7 W8 W11",
            "KT1 KT2 KT3 KT6",
            "SE11 SW2 SW4 SW9",
            "SE4 SE6 SE13 SE23",
            "CR4 SM4 SW19 SW20",
            "E6 E7 E13 E15 E16",
            "IG1 IG2 IG3 IG6",
            "TW1 TW2 TW9 TW10",
            "SE1 SE5 SE15 SE16 SE22",
            "SM1 SM2 SM5 SM6",
            "E1 E2 E3 E14",
            "E4 E10 E11 E17",
            "SW8 SW11 SW12 SW18",
            "NW8 SW1 W1 W2 W9",
        ),
        strict=True,
    )
)
STREETS = (
    "High",
    "Park",
    "Church",
    "Station",
    "Victoria",
    "Albert",
    "Green",
    "King",
    "Queen",
    "Mill",
    "London",
    "Manor",
    "Grove",
    "New",
    "Grange",
    "Windsor",
    "York",
    "Kings",
    "School",
    "North",
    "South",
    "West",
    "East",
    "Chapel",
    "Hill",
    "Elm",
    "Oak",
    "Ash",
    "Cedar",
    "Lime",
    "Beech",
    "Holly",
    "Rose",
    "Ivy",
    "Clarence",
    "Alexandra",
    "Cambridge",
    "Oxford",
    "Richmond",
    "Devonshire",
    "Norfolk",
    "Sussex",
    "Kent",
    "Essex",
    "Surrey",
    "Argyle",
    "Balfour",
    "Gladstone",
    "Stanley",
    "Wellington",
    "Nelson",
    "Trafalgar",
    "Waterloo",
    "Alma",
    "Lansdowne",
    "Beaconsfield",
    "Salisbury",
    "Derby",
    "Milton",
    "Byron",
    "Tennyson",
    "Shelley",
    "Burns",
    "Wordsworth",
    "Hamilton",
    "Lincoln",
    "Franklin",
    "Melbourne",
    "Sydney",
    "Adelaide",
    "Perth",
    "Auckland",
    "Ontario",
)
ENDINGS = (
    "Road",
    "Road",
    "Road",
    "Road",
    "Road",
    "Road",
    "Street",
    "Street",
    "Street",
    "Street",
    "Street",
    "Avenue",
    "Avenue",
    "Avenue",
    "Avenue",
    "Lane",
    "Close",
    "Gardens",
    "Grove",
    "Crescent",
    "Way",
    "Terrace",
)
UNITS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class Home:
    """An address."""

    borough: str
    address: str
    postcode: str
    uprn: str


def make_home(rng: random.Random) -> Home:
    """A home in any borough; few people live in the City of London."""
    borough = rng.choice(BOROUGHS[1:]) if rng.random() < 0.995 else BOROUGHS[0]
    district = rng.choice(DISTRICTS[borough].split())
    sector, unit = rng.randint(1, 9), rng.choice(UNITS) + rng.choice(UNITS)
    flat = f"Flat {rng.randint(1, 40)}, " if rng.random() < 0.35 else ""
    street = f"{rng.choice(STREETS)} {rng.choice(ENDINGS)}"
    uprn = f"{rng.randrange(10**10, 10**11)}"
    return Home(borough, f"{flat}{rng.randint(1, 220)} {street}", f"{district} {sector}{unit}", uprn)


def named_home(rng: random.Random, kind: str) -> Home:
    """A home with a name that many people share, such as a children's home or a hostel."""
    home = make_home(rng)
    return Home(home.borough, f"{rng.choice(STREETS)} {kind}, {home.address}", home.postcode, home.uprn)


def worker_phone(borough: str, number: int) -> str:
    """Telephone of one of a borough's social workers (020 7946 0xxx is kept for fiction)."""
    return f"0207946{BOROUGHS.index(borough) * 10 + number:04d}"
