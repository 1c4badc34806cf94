"""A column is taken for the kind of its usual heading only where what stands in it is of that kind."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline.standardise.fitting_kinds import fitting_kinds

CHANCE = random.Random(5)
WORDS = [
    f"{CHANCE.choice('BDFGKLM')}{CHANCE.choice('aeiou')}{CHANCE.choice('lmnrst')}{CHANCE.choice('aeiou')}"
    for _ in range(200)
]
WHOLE = [f"{word} {other}" for word, other in zip(WORDS, WORDS[7:] + WORDS[:7], strict=True)]
DAYS = [f"{CHANCE.randrange(1930, 2010)}-{CHANCE.randrange(1, 13):02}-{CHANCE.randrange(1, 29):02}" for _ in range(200)]
SMALL = [str(CHANCE.randrange(1, 13)) for _ in range(200)]


@pytest.mark.parametrize(
    ("heading", "texts", "kind"),
    [
        ("first", WORDS, "forename"),
        ("first", ["yes", "no"] * 100, None),
        ("last", DAYS, None),
        ("name", WHOLE, "full_name"),
        ("name", [f"{name} Ltd" if n % 10 == 0 else name for n, name in enumerate(WHOLE)], None),
        ("name", WORDS, "forename"),
        ("client", [f"{word.upper()}, {other}" for word, other in zip(WORDS, WORDS[3:] + WORDS[:3], strict=True)], "full_name"),
        ("fname", [f"report{n}.pdf" for n in range(200)], None),
        ("born", DAYS, "date_of_birth"),
        ("born", ["Leeds", "York"] * 100, None),
        ("birth_day", DAYS, "date_of_birth"),
        ("birth_day", SMALL, "day_of_birth"),
        ("bday", DAYS, "date_of_birth"),
        ("mob", SMALL, "month_of_birth"),
        ("mob", ["07700900123"] * 200, None),
        ("by", [day[:4] for day in DAYS], "year_of_birth"),
        ("by", WORDS, None),
        ("city", ["Leeds", "York", "Bath", ""] * 50, "category"),
        ("city", [str(n) for n in range(200)], None),
        ("sex", ["F"] * 200, None),
        ("ssn", [f"{n:09}" for n in range(200)], "identifier"),
        ("passport", ["yes", "no"] * 100, None),
        ("addr", [f"{n} Elm Street" for n in range(200)], "address"),
        ("addr", [f"a{n}@example.org" for n in range(200)], None),
        ("tel", [f"07700 900{n:03}" for n in range(200)], "phone"),
        ("id", [f"r{n}" for n in range(200)], "record_id"),
        ("id", [f"r{n % 150}" for n in range(200)], None),
        ("id", ["", *(f"r{n}" for n in range(199))], None),
        ("forename_2", WORDS, None),
        ("maidenname", WORDS, None),
        ("source", ["a", "b"] * 100, None),
        ("first", [""] * 200, None),
        ("Pupil Name", WHOLE, "full_name"),
        ("Vorname", WORDS, "forename"),
        ("Straße", [f"Lindenweg {n}" for n in range(200)], "address"),
        ("Prénom", WORDS, "forename"),
        ("fecha_nacimiento", DAYS, "date_of_birth"),
        ("Ort", DAYS, None),
        ("MI", list("ABCDEFGHIJKLMNOPRSTVW") * 10, "middle_names"),
        ("mname", WORDS, "middle_names"),
        ("ph", [f"07700 900{n:03}" for n in range(200)], "phone"),
        ("ph", [f"{n % 15}.5" for n in range(200)], None),
        ("BIRTH_DT", [day.replace("-", "") for day in DAYS], "date_of_birth"),
        ("Res Addr", [f"{n} Elm Street" for n in range(200)], "address"),
        ("pcode", [f"E{n} 1AB" for n in range(1, 21)] * 10, "postcode"),
        ("pcode", WORDS, None),
        ("nom", WHOLE, "full_name"),
        ("Pupil", WHOLE, "full_name"),
        ("student", ["yes", "no"] * 100, None),
        ("donor_name", WHOLE, "full_name"),
        ("pupil forename", WORDS, "forename"),
        ("PatientDOB", DAYS, "date_of_birth"),
        ("nom_client", WHOLE, "full_name"),
        ("patient_id", [f"r{n}" for n in range(200)], None),
        ("username", WORDS, None),
        ("Occupation", ["weaver", "smith", "baker", ""] * 50, "category"),
        ("occupation", WHOLE, None),
        ("parish", ["Leeds", "York", "Bath", ""] * 50, "category"),
        ("nombre completo", WHOLE, "full_name"),
    ],
)  # fmt: skip
def test_a_column_is_of_its_headings_kind_where_its_values_fit(
    heading: str, texts: Sequence[str], kind: str | None
) -> None:
    assert fitting_kinds({heading: texts}).get(heading) == kind


@pytest.mark.parametrize(("heading", "forenames"), [("Name", "Vorname"), ("NOM", "Prénom"), ("naam", "Voornaam")])
def test_a_name_beside_a_forename_of_its_language_is_a_surname(heading: str, forenames: str) -> None:
    surnames = [f"von {word}" if n % 2 else word for n, word in enumerate(WORDS)]
    assert fitting_kinds({heading: surnames, forenames: WORDS}) == {heading: "surname", forenames: "forename"}
    assert fitting_kinds({heading: ["yes", "no"] * 100, forenames: WORDS}) == {forenames: "forename"}


@pytest.mark.parametrize("heading", ["cluster", "entity_id", "true_id", "truth", "label"])
def test_a_column_that_says_who_is_who_is_never_taken(heading: str) -> None:
    for texts in ([f"p{n % 90}" for n in range(200)], [f"p{n}" for n in range(200)], ["a", "b"] * 100):
        assert fitting_kinds({heading: texts}) == {}
