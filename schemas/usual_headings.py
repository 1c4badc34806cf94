"""What columns that are called so usually hold: advice for who has not said it, never taken for granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

USUAL: Mapping[str, str] = {
    "record_id": "id recordid recid uniqueid rowid personid",
    "source": "source sourcedataset sourcesystem dataset",
    "forename": "forename forenames firstname first fname givenname givennames given christianname middlename middlenames",
    "surname": "surname surnames lastname last lname familyname family maidenname",
    "full_name": "name fullname personname completename displayname patientname",
    "date_of_birth": "dob dateofbirth birthdate birthday bdate datebirth born",
    "year_of_birth": "yob yearofbirth birthyear byear by",
    "month_of_birth": "mob monthofbirth birthmonth bmonth bm",
    "day_of_birth": "dayofbirth bday bd",
    "postcode": "postcode postalcode zip zipcode zip5 plz",
    "address": "address address1 addressline1 streetaddress street streetname housenumber streetnumber addr",
    "phone": "phone phonenumber telephone telephonenumber tel mobile mobilenumber",
    "email": "email emailaddress mail",
    "identifier": "ssn socialsecuritynumber socsecid nino nationalinsurancenumber nationalid passport passportnumber",
    "category": "sex gender city town suburb county state country birthplace placeofbirth race middleinitial",
}


def heading_key(heading: str) -> str:
    """A heading without case, spacing and punctuation: ``Date of Birth`` and ``date_of_birth`` are one."""
    return re.sub("[^a-z0-9]", "", heading.lower())


def usual_kinds(headings: Iterable[str]) -> dict[str, str]:
    """The kind that each heading usually has, for those that are known; a number behind it (``address2``) does not matter."""
    kind_of = {name: kind for kind, names in USUAL.items() for name in names.split()}
    kinds: dict[str, str] = {}
    for heading in headings:
        plain = heading_key(heading)
        kind = kind_of.get(plain) or kind_of.get(re.sub(r"(?:c?[0-9])$", "", plain))
        if kind and not (kind in ("record_id", "source") and kind in kinds.values()):
            kinds[heading] = kind
    return kinds
