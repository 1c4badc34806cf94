"""What happens to people: the events that leave a record in one of the systems."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from pipeline.synth import identifiers as ids
from pipeline.synth.people import Household, Person
from schemas.boroughs import BOROUGHS, CODES

OFFENCES = (
    "Assault",
    "Sexual assault on a child",
    "Child neglect",
    "Harassment",
    "Robbery",
    "Grooming",
    "588 Child exploitation",
)
STREET_NAMES = ("Smiler", "Tiny", "Ghost", "Blade", "Ace", "Shorty", "Dex", "Ram", "Kay", "Bash")
PNC_PRIME, CRO_PRIME = 9_999_991, 999_983
SPAN_DAYS = 730


@dataclass(slots=True)
class Event:
    """One record to be: who, in which system, when, where, as what."""

    person: Person
    system: str
    at: dt.datetime
    borough: str
    role: str
    facts: dict[str, str] = field(default_factory=dict)


def events_of(household: Household, rng: random.Random, as_of: dt.date) -> list[Event]:
    """All events of a household's people."""
    events: list[Event] = []
    for person in household.people:
        events += _Life(person, rng, as_of).events()
    return events


def absences_of(household: Household, rng: random.Random, as_of: dt.date) -> list[Event]:
    """The calls about its children who were absent: most of them are in no report of a missing child."""
    return [call for person in household.people for call in _Life(person, rng, as_of).absences()]


class _Life:
    def __init__(self, person: Person, rng: random.Random, as_of: dt.date) -> None:
        self.person, self.rng, self.as_of = person, rng, as_of

    def events(self) -> list[Event]:
        person, rng = self.person, self.rng
        age = person.age_on(self.as_of)
        events: list[Event] = []
        is_child = 2 <= age < 18
        is_offender = age >= 18 and rng.random() < (0.24 if person.sex == "M" else 0.05)
        is_victim = age >= 2 and rng.random() < (0.45 if is_child else 0.01 if is_offender else 0.10)
        is_young_suspect = 11 <= age < 18 and rng.random() < (0.03 if is_victim else 0.05)
        if is_offender or is_young_suspect:
            year = self.as_of.year - rng.randint(0, min(8, max(age - 11, 0)))
            person.pnc_id = ids.pnc_id(year, ids.serial(person.number, PNC_PRIME))
            person.cro_number = (
                ids.cro_number(year, ids.serial(person.number, CRO_PRIME)) if rng.random() < 0.5 else None
            )
        if is_offender and rng.random() < 0.25:
            person.street_name = rng.choice(STREET_NAMES)
        if is_victim:
            events += [self._cris("VIC") for _ in range(rng.choice((1, 2, 2, 3)))]
        if is_child and rng.random() < 0.03:
            events.append(self._cris("WIT"))
        if is_offender or is_young_suspect:
            events += [self._cris(rng.choice(("SUS", "SUS", "ACC"))) for _ in range(rng.choice((1, 2, 2, 3, 4)))]
            events += [self._custody() for _ in range(rng.choice((0, 1, 1, 2)))]
        if is_offender and rng.random() < 0.10:
            events.append(self._visor())
        if (is_offender and rng.random() < 0.15) or (is_victim and rng.random() < 0.02):
            events.append(self._crimint())
        if is_child:
            events += self._childhood(is_victim=is_victim)
        if age < 2 and rng.random() < 0.15:
            events += [self._infancy(event) for event in (self._authority(), self._notice())]
        return events

    def _childhood(self, *, is_victim: bool) -> list[Event]:
        person, rng = self.person, self.rng
        events: list[Event] = []
        goes_missing = rng.random() < (0.75 if person.is_looked_after else 0.10 if is_victim else 0.02)
        if goes_missing:
            events += [self._missing() for _ in range(rng.choice((1, 1, 2, 3, 5)))]
        if is_victim or goes_missing or rng.random() < 0.05:
            events += [self._notice() for _ in range(rng.choice((1, 1, 2)))]
        if person.is_looked_after or goes_missing or (is_victim and rng.random() < 0.5) or rng.random() < 0.02:
            events.append(self._authority())
        if (goes_missing or is_victim) and rng.random() < 0.45:
            events += [self._workbook() for _ in range(rng.choice((1, 1, 2)))]
        return events

    def _infancy(self, event: Event) -> Event:
        """A baby's event, from two months before birth on; until a week after birth there is no name."""
        first = self.person.born - dt.timedelta(days=60)
        day = first + dt.timedelta(days=self.rng.randrange(max((self.as_of - first).days, 1)))
        event.at = dt.datetime.combine(day, event.at.time())
        event.facts["unnamed"] = "Y" if day < self.person.born + dt.timedelta(days=7) else ""
        return event

    def _event(self, system: str, role: str, *, wanders: float = 0.15) -> Event:
        rng = self.rng
        at = dt.datetime.combine(self.as_of, dt.time()) - dt.timedelta(
            minutes=60 + int(rng.random() ** 1.6 * SPAN_DAYS * 1440)
        )
        home = self.person.home_on(at.date())
        borough = rng.choice(BOROUGHS) if rng.random() < wanders else home.borough
        return Event(self.person, system, at, borough, role)

    def _cris(self, role: str) -> Event:
        event = self._event("cris", role)
        child = self.person.age_on(event.at.date()) < 18
        offence = self.rng.choice(OFFENCES if child else OFFENCES[:6])
        flags = " ".join(flag for flag in ("CA", "DV", "VM", "GG") if self.rng.random() < 0.2)
        event.facts = {"offence": offence, "flags": flags}
        if role in ("SUS", "ACC") and self.person.pnc_id:
            unit = CODES[event.borough][1]
            event.facts["asn"] = ids.asn(event.at.year, unit, self.rng.randrange(1, 999_999)) if role == "ACC" else ""
        return event

    def _custody(self) -> Event:
        event = self._event("custody", "detainee")
        rng, start = self.rng, event.at
        times = {
            "authorised": start + dt.timedelta(minutes=rng.randint(10, 90)),
            "charged": start + dt.timedelta(hours=rng.randint(3, 20)) if rng.random() < 0.5 else None,
            "released": start + dt.timedelta(hours=rng.randint(4, 30)),
        }
        event.facts = {name: time.strftime("%d/%m/%Y %H:%M") if time else "" for name, time in times.items()}
        child = self.person.age_on(start.date()) < 18
        event.facts |= {
            "bail": rng.choice(("Granted", "Refused")) if event.facts["charged"] else "",
            "accommodation": rng.choice("YN") if child else "",
            "secure": rng.choice("YN") if child else "",
            "adult": (start + dt.timedelta(minutes=rng.randint(30, 600))).strftime("%d/%m/%Y %H:%M") if child else "",
        }
        return event

    def _visor(self) -> Event:
        event = self._event("visor", "offender", wanders=0.0)
        event.borough = self.person.homes[-1][1].borough
        rng = self.rng
        risk = rng.choices(("VH", "H", "M", "L"), (5, 20, 40, 35))[0]
        every = {"VH": 30, "H": 91, "M": 182, "L": 365}[risk]
        last = self.as_of - dt.timedelta(days=rng.randrange(1, int(every * 1.6)))
        event.facts = {
            "risk": risk,
            "category": "1",
            "level": rng.choices("123", (80, 15, 5))[0],
            "every": str(every),
            "last": last.isoformat(),
            "due": (last + dt.timedelta(days=every)).isoformat() if rng.random() < 0.93 else "",
            "status": rng.choices(("Managed", "In custody", "Abroad"), (90, 7, 3))[0],
        }
        return event

    def _crimint(self) -> Event:
        event = self._event("crimint", "nominal")
        event.facts = {"grading": self.rng.choice(("B24", "C34", "E41", "B11", "D52"))}
        return event

    def _missing(self) -> Event:
        event = self._event("merlin_mis", "missing", wanders=0.2)
        rng = self.rng
        back = event.at + dt.timedelta(hours=rng.choice((3, 8, 20, 30, 60, 200)))
        is_back = rng.random() < 0.96 and back.date() <= self.as_of
        event.facts = {
            "returned": back.strftime("%d/%m/%Y %H:%M") if is_back else "",
            "risk": rng.choices(("Absent", "Low", "Medium", "High"), (10, 20, 45, 25))[0],
            "cse": rng.choices(("Y", "N", ""), (25, 50, 25))[0],
            "debrief": rng.choices(("Y", "N", ""), (40, 40, 20))[0],
        }
        return event

    def absences(self) -> list[Event]:
        person, rng = self.person, self.rng
        if not 8 <= person.age_on(self.as_of) < 18 or rng.random() > (0.5 if person.is_looked_after else 0.06):
            return []
        return [self._absence() for _ in range(rng.choice((1, 1, 2, 4)))]

    def _absence(self) -> Event:
        event = self._event("cad", "missing", wanders=0.0)
        event.facts = {"minutes": str(self.rng.randint(40, 600))}
        return event

    def _notice(self) -> Event:
        event = self._event("merlin_pac", "subject")
        event.facts = {
            "school": f"{self.person.homes[-1][1].postcode.split()[0]} Academy",
            "brag": self.rng.choice(("Blue", "Red", "Amber", "Green")),
            "concern": self.rng.choice(
                ("Neglect", "Domestic abuse in the home", "Gang association", "Exploitation", "Mental health")
            ),
        }
        return event

    def _authority(self) -> Event:
        event = self._event("la_children", "subject", wanders=0.0)
        event.borough = (
            self.person.homes[-1][1].borough if self.rng.random() < 0.85 else self.person.homes[0][1].borough
        )
        event.facts = {"contact": self.rng.choice(("Police", "School", "Health", "Family", "Anonymous"))}
        return event

    def _workbook(self) -> Event:
        event = self._event("borough_cse", "at_risk", wanders=0.1)
        rng = self.rng
        event.facts = {"risk": rng.choices("123", (30, 45, 25))[0], "closed": "Y" if rng.random() < 0.15 else ""}
        return event
