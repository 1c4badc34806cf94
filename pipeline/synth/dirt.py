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


def write_down(event: Event, family: list[Person], random_: random.Random) -> Sighting:
    """The event's person as a clerk would write them, family being those whose details may be given instead."""
    p, r, day = event.person, random_, event.at.date()
    filled = FILLED[event.system]
    has = {name: r.random() < share for name, share in filled.items()}
    home = p.home_on(day)
    if r.random() < 0.04 and len(p.homes) > 1:
        home = p.homes[0][1]
    seen = Sighting(
        event,
        p.forename,
        p.surname_on(day),
        p.middle if has["middle"] else "",
        p.born if has["dob"] else None,
        "",
        p.sex,
        p.ethnicity if r.random() < 0.8 else r.choice(("NS", "")),
        p.community.ic if r.random() < 0.7 else "",
        home.address if has["address"] else "",
        home.postcode if has["address"] and r.random() < 0.97 else "",
        (p.phone or "") if has["phone"] else "",
        (p.email or "") if has["email"] else "",
        (p.pnc_id or "") if has["pnc"] else "",
        (p.cro_number or "") if has["pnc"] and r.random() < 0.4 else "",
        (p.nhs_number or "")
        if (event.system == "la_children" and r.random() < 0.75)
        or (event.system == "borough_cse" and r.random() < 0.25)
        else "",
        (p.upn or "") if event.system == "la_children" and r.random() < 0.7 else "",
        p.aliases[0] if p.aliases and r.random() < 0.35 else "",
    )
    if seen.born is None and r.random() < 0.7:
        age = p.age_on(day)
        seen.age = str(age) if r.random() < 0.5 else f"{max(age - 1, 0)}-{age + 1}"
    if event.facts.get("unnamed"):
        seen.forename, seen.middle, seen.born, seen.age, seen.aka = r.choice(("Baby", "Unborn")), "", None, "", ""
        seen.nhs_number = ""
    else:
        _slip(seen, family, r)
    return seen


def _slip(seen: Sighting, family: list[Person], r: random.Random) -> None:
    day = seen.event.at.date()
    if r.random() < 0.05:
        seen.forename = r.choice(spellings().get(seen.forename, (seen.forename,)))
    if r.random() < 0.03:
        seen.forename = typo(seen.forename, r)
    if r.random() < 0.03:
        seen.surname = typo(seen.surname, r)
    if r.random() < 0.012:
        seen.forename, seen.surname = seen.surname, seen.forename
    if r.random() < 0.01 and seen.event.system in ("cris", "crimint"):
        seen.forename = seen.forename[:1]
    if r.random() < 0.02 and seen.event.person.community.name == "british":
        seen.surname = f"{seen.surname}-{r.choice(('Jones', 'Brown', 'Taylor', 'Clarke'))}"
    if seen.born:
        seen.born = _wrong_day(seen.born, r)
    if r.random() < 0.02:
        seen.sex = r.choice(("U", ""))
    if r.random() < 0.001:
        seen.forename, seen.surname = r.choice(
            (
                (f"={seen.forename}", seen.surname),
                (seen.forename, f"<b>{seen.surname}</b>"),
                (f"@{seen.forename}", seen.surname),
            )
        )
    if seen.postcode and r.random() < 0.02:
        seen.postcode = seen.postcode[:-1] + r.choice("ABDEFGHJ")
    if r.random() < 0.004:
        seen.address, seen.postcode = "No fixed abode", r.choice(NO_ABODE)
    if seen.event.system == "custody" and r.random() < 0.012 and seen.pnc_id:
        seen.forename, seen.surname = r.choice((("John", "Smith"), ("David", "Brown"), ("Ali", "Khan")))
    if seen.event.system == "custody" and r.random() < 0.008:
        brothers = [
            q for q in family if q.person_id != seen.event.person.person_id and q.sex == seen.sex and q.age_on(day) > 10
        ]
        if brothers:
            other = r.choice(brothers)
            seen.forename, seen.born = other.forename, other.born
    if r.random() < 0.008 and seen.event.system in ("cris", "crimint"):
        _nobody(seen, r)
    if seen.pnc_id and r.random() < 0.01:
        seen.pnc_id = seen.pnc_id[:-1] + r.choice("ABCDEFGH")


def _wrong_day(born: dt.date, r: random.Random) -> dt.date:
    draw = r.random()
    if draw < 0.008 and born.day <= 12:
        return dt.date(born.year, born.day, born.month)
    if draw < 0.018:
        return born + dt.timedelta(days=r.choice((-10, -1, 1, 10, 30)))
    if draw < 0.024:
        return born.replace(year=born.year + r.choice((-10, -1, 1)), day=min(born.day, 28))
    if draw < 0.028:
        return r.choice(PLACEHOLDER_DAYS)
    return born


def _nobody(seen: Sighting, r: random.Random) -> None:
    """Almost nothing is known."""
    nobody = f"UNKNOWN {'FEMALE' if seen.sex == 'F' else 'MALE'}"
    seen.forename, seen.surname = r.choice(
        (("Unknown", nobody.split()[1].title()), ("", nobody), ("", seen.surname), ("", ""))
    )
    seen.born, seen.middle, seen.phone, seen.email, seen.aka = None, "", "", "", ""
    seen.pnc_id = seen.cro_number = ""


def typo(word: str, r: random.Random) -> str:
    """One slip of the keyboard: a letter changed, dropped, doubled, or two swapped."""
    if len(word) < 4:
        return word
    at = r.randrange(1, len(word) - 1)
    match r.randrange(4):
        case 0:
            return word[:at] + r.choice(NEIGHBOURS.get(word[at].lower(), "e")) + word[at + 1 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def mojibake(text: str) -> str:
    """UTF-8 read as cp1252: what exports make of a Polish l."""
    return text.encode("utf-8").decode("cp1252", "replace").replace("\ufffd", "")
