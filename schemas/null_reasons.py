"""Why a value that stood in an export is null in the tables although nobody said that it is not known."""

from __future__ import annotations

NOT_UNDERSTOOD = {
    "unknown_code": "no list knows the word: translate it under values of the contract",
    "unreadable_date": "not a date as the contract says that dates are written",
    "unreadable_age": "not an age",
    "impossible_date": "a day that the calendar does not have",
    "in_the_future": "after the night",
    "unknown_borough": "no borough is called so",
    "invalid_check": "its check letter or digit does not fit",
    "invalid_number": "not a telephone number",
}
"""Reasons of ``nulled`` that are worth a look, in words; that a source says "not stated" is none"""
