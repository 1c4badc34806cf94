"""What columns that are called so hold: some without a doubt, others usually, which is advice for who has not said it."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

BIRTH_PARTS = ("year_of_birth", "month_of_birth", "day_of_birth")
"""Kinds of the columns that together say a birthday."""
CERTAIN: Mapping[str, str] = {
    "forename": "forename forenames firstname firstnames givenname givennames christianname",
    "middle_names": "middlename middlenames middleinitial middleinitials",
    "surname": "surname surnames lastname familyname",
    "full_name": "fullname",
    "date_of_birth": "dateofbirth dob birthdate datebirth",
    "year_of_birth": "yearofbirth birthyear",
    "month_of_birth": "monthofbirth birthmonth",
    "day_of_birth": "dayofbirth",
    "age": "age ageinyears ageyears currentage",
    "postcode": "postcode postalcode zipcode",
    "phone": "phone phonenumber telephone telephonenumber mobilenumber",
    "email": "email emailaddress",
}
"""Kinds, and headings that nobody gives to another one"""
SUFFIXES = "suffix namesuffix suffixname namesuffixlbl namesufx generationalsuffix"
"""Headings of a category that tells a family's namesakes apart: JR, SR, III"""
USUAL: Mapping[str, str] = {
    "record_id": "id recordid recid uniqueid rowid personid",
    "forename": "vorname vornamen voornaam voornamen prenom prenoms nombre nombres imie first firstnm fname given givennm pername1",
    "middle_names": "middle midlname midname mi minit mname secondforename",
    "surname": "nachname familienname achternaam cognome apellido apellidos nomdefamille sobrenome nazwisko last lastnm lname sname family "
    "pername2",
    "full_name": "name nom nome naam nombrecompleto nomcomplet nomecompleto nomeecognome nomprenom vollername completename displayname client customer patient author pupil student",
    "alias": "aka aliases aliasname aliasnames knownas alsoknownas othername othernames",
    "date_of_birth": "geburtsdatum gebdatum geburtstag fechanacimiento fechadenacimiento datenaissance datedenaissance datanascita datadinascita datanascimento datadenascimento geboortedatum dataurodzenia birthday birthdt dobdt dobdate bdate born",
    "year_of_birth": "geburtsjahr anneenaissance anneedenaissance yob byear by dobyear dobyr annonascita annodinascita",
    "month_of_birth": "mob bmonth bm dobmonth dobmon mesenascita mesedinascita",
    "day_of_birth": "bday bd dobday giornonascita giornodinascita giorno",
    "postcode": "postleitzahl codepostal codigopostal pcode postcd zip zip5 zipcd plz enumpc",
    "address": "strasse anschrift adresse direccion domicilio indirizzo streetaddress homeaddress resaddress resaddr addr address address1 addressline1 street streetname housenumber streetnumber enumcap",
    "phone": "telefon telefonnummer handy telefono movil cellulare tel telno phoneno phonenum ph phno homephone mobile mobileno mobilephone cell cellphone "
    "contactno contactnumber",
    "email": "emailadresse correoelectronico mail",
    "identifier": "ssn socialsecuritynumber socsecid nino nationalinsurancenumber nationalid passport passportnumber",
    "category": "sex gender sexcode gendercode geschlecht sexe sexo sesso city town ort wohnort stadt ciudad ville comune suburb county state region province country provincia regione provnasc birthplace placeofbirth race racecode "
    "village parish municipality township district borough ward neighbourhood neighborhood locality gemeinde municipio localidad commune "
    "countryofbirth birthcountry birthcity birthtown townofbirth cityofbirth birthstate birthcounty geburtsort lieunaissance lieudenaissance lugarnacimiento "
    "occupation profession job jobtitle beruf profesion ocupacion professione metier " + SUFFIXES,
}
"""Kinds, and headings that mostly have them: taken for them where the values fit"""
DOUBTFUL: Mapping[str, str] = {
    "source": "source sourcedataset sourcesystem dataset",
    "surname": "maidenname",
}
"""Kinds, and headings that may have them: advice, whatever the values"""
PERSONS = (
    "client cliente customer cust kunde kunden patient patiente paciente paziente pat pt pupil student stu eleve alumno alumna schueler child "
    "member mitglied employee emp staff donor voter elector resident tenant applicant candidate claimant beneficiary participant respondent "
    "subscriber passenger learner volunteer visitor author person"
)
"""Words before or behind a heading that say whom a table is about: ``patient_dob``, ``nom_client``"""
NAMES = ("forename", "surname", "full_name")
WHOLE_ADDRESSES = ("streetaddress", "homeaddress", "resaddress", "resaddr", "addr")
"""Headings of an address that is not in parts"""
TOWNS = (
    "city town suburb village parish locality municipality township district borough ward neighbourhood neighborhood ort wohnort stadt gemeinde "
    "ciudad municipio localidad ville commune comune citta cidade"
)
"""Words of a heading that say that a category, however few values it has, is where somebody lives"""
AREAS = (
    "county state province region country provincia regione departement kreis bundesland location place area residence"
)
"""Words of a heading that say so of one of many values"""
ORIGINS = "race ethnicity ethnic nationality citizenship nationalite nacionalidad nazionalita staatsangehorigkeit religion language tribe caste community"
"""Words of a heading that say that a category is of families, however few values it has"""
BESIDE_FORENAMES: Mapping[str, str] = {
    "name": "vorname vornamen",
    "nom": "prenom prenoms",
    "naam": "voornaam voornamen",
}
"""Headings of a surname where a forename stands beside it under one of these; else they are of a whole name"""
SECOND_PARTS: Mapping[str, str] = {"forename": "middle_names"}
"""What a second column of a kind holds (``forename2``), where it is not another value of the same"""


TOLD_BY_A_WORD = ("postcode", "address", "phone", "email")
"""Kinds that a word of a heading may tell, whatever stands around it; of a name or a birthday it may be another person's"""


def heading_key(heading: str) -> str:
    """A heading without case, accents, spacing and punctuation: ``Date of Birth`` and ``date_of_birth`` are one."""
    return re.sub("[^a-z0-9]", "", _without_accents(heading))


def usual_kinds(headings: Iterable[str]) -> dict[str, str]:
    """The kind that each heading usually has, for those that are known; a number behind it (``address2``) does not matter."""
    kinds: dict[str, str] = {}
    for heading in headings:
        kind, number = _kind_and_number(heading)
        if kind and number > 1:
            kind = SECOND_PARTS.get(kind, kind)
        if kind and not (kind in ("record_id", "source") and kind in kinds.values()):
            kinds[heading] = kind
    return kinds


def line_stems(headings: Iterable[str]) -> dict[str, str]:
    """Headings that differ by a number at the end alone, ``address_1`` and ``address_2``, with what stands before it.

    The first may have none (``address``, ``address2``).
    """
    stems = {heading: heading.rstrip("0123456789").rstrip(" _-.") for heading in headings}
    keys = [heading_key(stem) for stem in stems.values()]
    return {heading: stem for heading, stem in stems.items() if stem and keys.count(heading_key(stem)) > 1}


def kind_to_take(heading: str) -> str | None:
    """The kind for which a column of this heading may be taken unasked, if its values fit.

    A number from two on stays a question: ``address_2`` is a line of an address, but ``forename_2`` may be a spouse's.
    """
    kind, number = _kind_and_number(heading)
    is_doubtful = heading_key(heading) in _keys(DOUBTFUL)
    return kind if kind and not is_doubtful and (number < 2 or kind == "address") else None


def names_persons(heading: str) -> str | None:
    """The word of a heading for whom it is about, as ``patient`` in ``patient_dob``; None where it says none."""
    plain = heading_key(heading)
    if plain in PERSONS.split():
        return plain
    return None if plain in _kinds_of_keys() else _person_and_rest(plain)[0]


def of_others(headings: Collection[str]) -> set[str]:
    """Headings that say whom they are about, where that may be another one than whom the table is about.

    So it may where they name several, or where the names of the table are under headings that name nobody: a ``child_dob``
    beside ``first_name`` is a child's.
    """
    persons = {heading: names_persons(heading) for heading in headings}
    has_names = any(kind_to_take(heading) in NAMES for heading, person in persons.items() if not person)
    named = {heading for heading, person in persons.items() if person and kind_to_take(heading)}
    return named if has_names or len({persons[heading] for heading in named}) > 1 else set()


def names_surnames(heading: str, headings: Iterable[str]) -> bool:
    """Whether a heading that else is that of a whole name says surnames beside these: ``Name`` beside ``Vorname``."""
    forenames = BESIDE_FORENAMES.get(heading_key(heading), "").split()
    return any(heading_key(other) in forenames for other in headings)


def names_a_town(heading: str) -> bool:
    """Whether a heading says that its values are towns, or parts of one, where somebody lives: ``town``, ``home_city``.

    A town of birth says nothing of where somebody lives.
    """
    return _names(heading, TOWNS.split())


def names_a_place(heading: str) -> bool:
    """Whether it says so of towns, or of what is larger: ``county``."""
    return _names(heading, [*TOWNS.split(), *AREAS.split()])


def _names(heading: str, places: Collection[str]) -> bool:
    words = set(re.findall("[a-z]+", _without_accents(heading)))
    return not words.isdisjoint(places) and words.isdisjoint(("birth", "born"))


def names_an_origin(heading: str) -> bool:
    """Whether a heading says that relatives mostly have one value: ``race_code``, ``nationality``."""
    words = set(re.findall("[a-z]+", _without_accents(heading)))
    return not words.isdisjoint(ORIGINS.split()) or heading_key(heading).removesuffix("code") in ORIGINS.split()


def names_suffixes(heading: str) -> bool:
    """Whether a heading says that its values stand behind a name, as JR does."""
    return heading_key(heading) in SUFFIXES.split()


def _without_accents(heading: str) -> str:
    signs = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(sign for sign in signs if not unicodedata.combining(sign))


def _kind_and_number(heading: str) -> tuple[str | None, int]:
    plain = heading_key(heading)
    kind_of = _kinds_of_keys()
    if plain in kind_of:
        return kind_of[plain], 0
    stem = re.sub(r"(?:c?[0-9])$", "", plain)
    if stem != plain:
        return _kind_of(stem), int(plain[-1])
    return _kind_of(plain), 0


def _kind_of(plain: str) -> str | None:
    """The kind of a heading without a number, whomever it is about; numbers of persons name persons, not records."""
    kind_of = _kinds_of_keys()
    if plain in kind_of:
        return kind_of[plain]
    kind = kind_of.get(_person_and_rest(plain)[1])
    return None if kind in ("record_id", "source") else kind


def _person_and_rest(plain: str) -> tuple[str | None, str]:
    """The word for whom a heading is about, and what else it says, if that is known."""
    kind_of = _kinds_of_keys()
    for person in sorted(PERSONS.split(), key=len, reverse=True):
        for rest in (plain.removeprefix(person), plain.removesuffix(person)):
            if rest != plain and rest in kind_of:
                return person, rest
    return None, plain


def kind_by_words(heading: str) -> str | None:
    """The kind that some words of a heading tell: ``home_post_code``, ``full_phone_num``."""
    kind_of = _kinds_of_keys()
    words = re.findall("[a-z0-9]+", heading.lower())
    runs = ("".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, len(words) + 1))
    return next((kind for kind in map(kind_of.get, runs) if kind in TOLD_BY_A_WORD), None)


@functools.cache
def _kinds_of_keys() -> Mapping[str, str]:
    return _keys(CERTAIN) | _keys(USUAL) | _keys(DOUBTFUL)


def _keys(kinds: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}
