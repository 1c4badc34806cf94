"""How an event is written down: typing slips, swapped days and months, placeholders, false names, missing values."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from pipeline.synth.lives import Event
from pipeline.synth.names import spellings
from pipeline.synth.people import Person

NEIGHBOURS = {
    "a": "sq",
    "e": "wr",
    "i": "uo",
    "o": "ip",
    "u": "yi",
    "n": "mb",
    "m": "n",
    "s": "ad",
    "t": "ry",
    "r": "et",
    "l": "k",
    "d": "sf",
}
PLACEHOLDER_DAYS = (dt.date(1900, 1, 1), dt.date(1970, 1, 1))
NO_ABODE = ("NF1 1NF", "NF1 1FA")
# Share of records that carry a value at all, by system.
FILLED = {
    "cris": {"dob": 0.88, "address": 0.85, "phone": 0.45, "email": 0.12, "middle": 0.3, "pnc": 0.8},
    "custody": {"dob": 0.99, "address": 0.93, "phone": 0.0, "email": 0.0, "middle": 0.5, "pnc": 0.93},
    "visor": {"dob": 1.0, "address": 0.98, "phone": 0.5, "email": 0.2, "middle": 0.6, "pnc": 0.97},
    "crimint": {"dob": 0.5, "address": 0.3, "phone": 0.2, "email": 0.0, "middle": 0.0, "pnc": 0.15},
    "merlin_mis": {"dob": 0.97, "address": 0.95, "phone": 0.4, "email": 0.0, "middle": 0.3, "pnc": 0.0},
    "merlin_pac": {"dob": 0.96, "address": 0.93, "phone": 0.0, "email": 0.0, "middle": 0.3, "pnc": 0.0},
    "cad": {"dob": 0.8, "address": 0.9, "phone": 0.0, "email": 0.0, "middle": 0.1, "pnc": 0.0},
    "la_children": {"dob": 0.99, "address": 0.95, "phone": 0.0, "email": 0.0, "middle": 0.3, "pnc": 0.0},
    "borough_cse": {"dob": 0.9, "address": 0.8, "phone": 0.5, "email": 0.0, "middle": 0.1, "pnc": 0.0},
}


@dataclass(slots=True)
class Sighting:
    """A person as one record tells of them."""

    event: Event
    forename: str
    surname: str
    middle: str
    born: dt.date | None
    age: str
    sex: str
    ethnicity: str
    ic: str
    address: str
    postcode: str
    phone: str
    email: str
    pnc_id: str
    cro_number: str
    nhs_number: str
    upn: str
    aka: str

    @property
    def truth(self) -> str:
        """Who it really is."""
        return self.event.person.person_id


def write_down(event: Event, family: list[Person], rng: random.Random) -> Sighting:
    """The event's person as a clerk would write them, family being those whose details may be given instead."""
    person, day = event.person, event.at.date()
    filled = FILLED[event.system]
    has = {name: rng.random() < share for name, share in filled.items()}
    home = person.home_on(day)
    if rng.random() < 0.04 and len(person.homes) > 1:
        home = person.homes[0][1]
    sighting = Sighting(
        event,
        person.forename,
        person.surname_on(day),
        person.middle if has["middle"] else "",
        person.born if has["dob"] else None,
        "",
        person.sex,
        person.ethnicity if rng.random() < 0.8 else rng.choice(("NS", "")),
        person.community.ic if rng.random() < 0.7 else "",
        home.address if has["address"] else "",
        home.postcode if has["address"] and rng.random() < 0.97 else "",
        (person.phone or "") if has["phone"] else "",
        (person.email or "") if has["email"] else "",
        (person.pnc_id or "") if has["pnc"] else "",
        (person.cro_number or "") if has["pnc"] and rng.random() < 0.4 else "",
        (person.nhs_number or "")
        if (event.system == "la_children" and rng.random() < 0.75)
        or (event.system == "borough_cse" and rng.random() < 0.25)
        else "",
        (person.upn or "") if event.system == "la_children" and rng.random() < 0.7 else "",
        person.aliases[0] if person.aliases and rng.random() < 0.35 else "",
    )
    if sighting.born is None and rng.random() < 0.7:
        age = person.age_on(day)
        sighting.age = str(age) if rng.random() < 0.5 else f"{max(age - 1, 0)}-{age + 1}"
    if event.facts.get("unnamed"):
        sighting.forename, sighting.middle, sighting.born, sighting.age, sighting.aka = (
            rng.choice(("Baby", "Unborn")),
            "",
            None,
            "",
            "",
        )
        sighting.nhs_number = ""
    else:
        _slip(sighting, family, rng)
    return sighting


def _slip(sighting: Sighting, family: list[Person], rng: random.Random) -> None:
    day = sighting.event.at.date()
    if rng.random() < 0.05:
        sighting.forename = rng.choice(spellings().get(sighting.forename, (sighting.forename,)))
    if rng.random() < 0.03:
        sighting.forename = typo(sighting.forename, rng)
    if rng.random() < 0.03:
        sighting.surname = typo(sighting.surname, rng)
    if rng.random() < 0.012:
        sighting.forename, sighting.surname = sighting.surname, sighting.forename
    if rng.random() < 0.01 and sighting.event.system in ("cris", "crimint"):
        sighting.forename = sighting.forename[:1]
    if rng.random() < 0.02 and sighting.event.person.community.name == "british":
        sighting.surname = f"{sighting.surname}-{rng.choice(('Jones', 'Brown', 'Taylor', 'Clarke'))}"
    if sighting.born:
        sighting.born = _wrong_day(sighting.born, rng)
    if rng.random() < 0.02:
        sighting.sex = rng.choice(("U", ""))
    if rng.random() < 0.001:
        sighting.forename, sighting.surname = rng.choice(
            (
                (f"={sighting.forename}", sighting.surname),
                (sighting.forename, f"<b>{sighting.surname}</b>"),
                (f"@{sighting.forename}", sighting.surname),
            )
        )
    if sighting.postcode and rng.random() < 0.02:
        sighting.postcode = sighting.postcode[:-1] + rng.choice("ABDEFGHJ")
    if rng.random() < 0.004:
        sighting.address, sighting.postcode = "No fixed abode", rng.choice(NO_ABODE)
    if sighting.event.system == "custody" and rng.random() < 0.012 and sighting.pnc_id:
        sighting.forename, sighting.surname = rng.choice((("John", "Smith"), ("David", "Brown"), ("Ali", "Khan")))
    if sighting.event.system == "custody" and rng.random() < 0.008:
        brothers = [
            relative
            for relative in family
            if relative.person_id != sighting.event.person.person_id
            and relative.sex == sighting.sex
            and relative.age_on(day) > 10
        ]
        if brothers:
            brother = rng.choice(brothers)
            sighting.forename, sighting.born = brother.forename, brother.born
    if rng.random() < 0.008 and sighting.event.system in ("cris", "crimint"):
        _nobody(sighting, rng)
    if sighting.pnc_id and rng.random() < 0.01:
        sighting.pnc_id = sighting.pnc_id[:-1] + rng.choice("ABCDEFGH")


def _wrong_day(born: dt.date, rng: random.Random) -> dt.date:
    draw = rng.random()
    if draw < 0.008 and born.day <= 12:
        return dt.date(born.year, born.day, born.month)
    if draw < 0.018:
        return born + dt.timedelta(days=rng.choice((-10, -1, 1, 10, 30)))
    if draw < 0.024:
        return born.replace(year=born.year + rng.choice((-10, -1, 1)), day=min(born.day, 28))
    if draw < 0.028:
        return rng.choice(PLACEHOLDER_DAYS)
    return born


def _nobody(sighting: Sighting, rng: random.Random) -> None:
    """Almost nothing is known."""
    nobody = f"UNKNOWN {'FEMALE' if sighting.sex == 'F' else 'MALE'}"
    sighting.forename, sighting.surname = rng.choice(
        (("Unknown", nobody.split()[1].title()), ("", nobody), ("", sighting.surname), ("", ""))
    )
    sighting.born, sighting.middle, sighting.phone, sighting.email, sighting.aka = None, "", "", "", ""
    sighting.pnc_id = sighting.cro_number = ""


def typo(word: str, rng: random.Random) -> str:
    """One slip of the keyboard: a letter changed, dropped, doubled, or two swapped."""
    if len(word) < 4:
        return word
    position = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:position] + rng.choice(NEIGHBOURS.get(word[position].lower(), "e")) + word[position + 1 :]
        case 1:
            return word[:position] + word[position + 1 :]
        case 2:
            return word[:position] + word[position] + word[position:]
        case _:
            return word[:position] + word[position + 1] + word[position] + word[position + 2 :]


def mojibake(text: str) -> str:
    """UTF-8 read as cp1252: what exports make of a Polish l."""
    return text.encode("utf-8").decode("cp1252", "replace").replace("\ufffd", "")
