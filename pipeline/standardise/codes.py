"""Coded fields: sex, ethnicity, role, risk, status and boroughs."""

from __future__ import annotations

import re

from pipeline.standardise.distinct import Reading, no_value
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import code_key, repair
from schemas.boroughs import BY_CODE, slug

ETHNICITY_CODE = re.compile(r"^(W[1239]|M[1239]|A[12349]|B[129]|O[129])\b")
IC_CODE = re.compile(r"^(?:IC ?|EA ?)([0-9])\b")
BOROUGH_STYLE = re.compile(r"^(the_)?(lb|rb|london_borough|royal_borough|city)_(of_)?|_(council|borough|lb|bocu|bcu)$")


def read_code(field: str, text: str, reference: Reference) -> Reading[str]:
    """The code of a text in ``codes.csv``; null with a reason where it is not stated or not known."""
    key = code_key(repair(text))
    value = reference.codes[field].get(key)
    if value:
        return Reading(value)
    if value == "" or reference.stands_for_nothing(field, text):
        return no_value(field, "not_stated")
    return no_value(field, "unknown_code")


def read_ethnicity(text: str, reference: Reference) -> Reading[str]:
    """Self-defined ethnicity, 18+1; the older O1 becomes A4. An officer's IC code is never taken for it."""
    if code := ETHNICITY_CODE.match(code_key(text)):
        return Reading(reference.codes["ethnicity"][code[1]])
    return read_code("ethnicity", text, reference)


def read_observed(text: str, reference: Reference) -> Reading[str]:
    """Officer-defined IC code, IC1 to IC6."""
    if code := IC_CODE.match(code_key(text)):
        return read_code("ethnicity_observed", code[1], reference)
    return read_code("ethnicity_observed", text, reference)


def read_borough(text: str) -> Reading[str]:
    """The borough of a name, ONS code or station code."""
    key = slug(repair(text))
    for spelling in (key, BOROUGH_STYLE.sub("", key), BOROUGH_STYLE.sub("", BOROUGH_STYLE.sub("", key))):
        if borough := BY_CODE.get(spelling):
            return Reading(borough)
    return no_value("event_borough", "unknown_borough")


def read_plain(text: str) -> Reading[str]:
    """The text itself, repaired."""
    return Reading(repair(text) or None)


def read_status(text: str) -> Reading[str]:
    """The text itself, repaired, in lower case."""
    return Reading(repair(text).lower() or None)
