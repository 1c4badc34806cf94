"""What columns that are called so hold: some without a doubt, others usually, which is advice for who has not said it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

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
USUAL: Mapping[str, str] = {
    "record_id": "id recordid recid uniqueid rowid personid",
    "source": "source sourcedataset sourcesystem dataset",
    "forename": "first fname given",
    "surname": "last lname family maidenname",
    "full_name": "name personname completename displayname patientname",
    "date_of_birth": "birthday bdate born",
    "year_of_birth": "yob byear by",
    "month_of_birth": "mob bmonth bm",
    "day_of_birth": "bday bd",
    "postcode": "zip zip5 plz",
    "address": "address address1 addressline1 streetaddress street streetname housenumber streetnumber addr",
    "phone": "tel mobile",
    "email": "mail",
    "identifier": "ssn socialsecuritynumber socsecid nino nationalinsurancenumber nationalid passport passportnumber",
    "category": "sex gender city town suburb county state country birthplace placeofbirth race suffix namesuffix",
}


TOLD_BY_A_WORD = ("postcode", "address", "phone", "email")
"""Kinds that a word of a heading may tell, whatever stands around it; of a name or a birthday it may be another person's"""


def heading_key(heading: str) -> str:
    """A heading without case, spacing and punctuation: ``Date of Birth`` and ``date_of_birth`` are one."""
    return re.sub("[^a-z0-9]", "", heading.lower())


def usual_kinds(headings: Iterable[str]) -> dict[str, str]:
    """The kind that each heading usually has, for those that are known; a number behind it (``address2``) does not matter."""
    kind_of = _kinds_of_keys()
    kinds: dict[str, str] = {}
    for heading in headings:
        plain = heading_key(heading)
        kind = kind_of.get(plain) or kind_of.get(re.sub(r"(?:c?[0-9])$", "", plain))
        if kind and not (kind in ("record_id", "source") and kind in kinds.values()):
            kinds[heading] = kind
    return kinds


def kind_by_words(heading: str) -> str | None:
    """The kind that some words of a heading tell: ``home_post_code``, ``full_phone_num``."""
    kind_of = _kinds_of_keys()
    words = re.findall("[a-z0-9]+", heading.lower())
    runs = ("".join(words[first:last]) for first in range(len(words)) for last in range(first + 1, len(words) + 1))
    return next((kind for kind in map(kind_of.get, runs) if kind in TOLD_BY_A_WORD), None)


@functools.cache
def _kinds_of_keys() -> Mapping[str, str]:
    return {name: kind for words in (CERTAIN, USUAL) for kind, names in words.items() for name in names.split()}
