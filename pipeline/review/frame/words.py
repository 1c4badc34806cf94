"""The desk's words for what the tables call by code names."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

VERDICT_WORDS: Mapping[str, str] = {
    "link": "Same person",
    "unlink": "Different people",
    "unsure": "Cannot tell",
    "retract": "Taken back",
    "split": "Split",
}
FIELD_WORDS: Mapping[str, str] = {
    "forename": "Forename",
    "middle_names": "Middle names",
    "surname": "Surname",
    "alias": "Also known as",
    "date_of_birth": "Date of birth",
    "age": "Age",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "address": "Address",
    "postcode": "Postcode",
    "phone": "Phone",
    "email": "E-mail",
    "pnc_id": "PNC ID",
    "cro_number": "CRO number",
    "nhs_number": "NHS number",
    "upn": "Pupil number",
    "uprn": "Property number",
    "role": "Role",
    "prior": "Before comparing",
    "related": "Relatives and neighbours",
}
ETHNICITIES: Mapping[str, str] = {
    "W1": "White British",
    "W2": "White Irish",
    "W3": "Gypsy or Irish Traveller",
    "W9": "Other White",
    "M1": "White and Black Caribbean",
    "M2": "White and Black African",
    "M3": "White and Asian",
    "M9": "Other mixed",
    "A1": "Indian",
    "A2": "Pakistani",
    "A3": "Bangladeshi",
    "A4": "Chinese",
    "A9": "Other Asian",
    "B1": "Black Caribbean",
    "B2": "Black African",
    "B9": "Other Black",
    "O2": "Arab",
    "O9": "Other",
}
"""Ethnicity as a person gives it, by its code"""
SEXES: Mapping[str, str] = {"F": "Female", "M": "Male", "I": "Indeterminate"}
SECOND_WORDS: Mapping[str, str] = {
    "victim_offender": "a victim or child at risk and a suspect or offender would be one person",
    "name_only": "the link would rest on a name alone",
    "no_forename": "a record has no forename",
    "many_records": "it moves many records at once",
    "unknown_facts": "little is known of the records",
}
"""Why two people are needed, by the policy's rule"""
_OF_TWINS: Mapping[str, str] = {
    "link": "If wrong, two children share one file, and harm to one hides behind the other.",
    "unlink": "If wrong, one child stays in two files, and nobody sees the whole.",
}
WRONG_WORDS: Mapping[str, Mapping[str, str]] = {
    "": {
        "link": "If wrong, two people share one file, and each is taken for the other.",
        "unlink": "If wrong, one person stays in two files, and nobody sees the whole.",
    },
    "victim_offender": {
        "link": "If wrong, a victim or child at risk is shown as a suspect or offender, and the other way round.",
        "unlink": "If wrong, nobody sees that a victim or child at risk was drawn into offending.",
    },
    **dict.fromkeys(("twin_suspicion", "alike_names", "middle_names"), _OF_TWINS),
    "adopted": {
        "link": "If wrong, two children share one file. Right or wrong, it shows the name before and after adoption together.",
        "unlink": "If wrong, what is known from before the adoption stays unseen.",
    },
}
"""What harm a wrong answer does, by the type of the question; empty: any other type"""
FLAG_WORDS: Mapping[str, str] = {
    "name_reversed": "forename and surname may be swapped",
    "dob_ambiguous": "day and month of birth may be swapped",
    "unborn": "not born yet when recorded",
    "adopted": "adopted",
    "deceased": "has died",
    "placeholder_name": "the name only fills the field",
    "closed": "the case is closed at the source",
    "senior": "called senior",
    "junior": "called junior, or the second",
    "third": "called the third",
    "fourth": "called the fourth",
}
"""What a reader must know of a record"""
REASONS: Mapping[str, str] = {
    "identifiers": "Identifiers settle it",
    "photograph": "Photograph or document seen",
    "history": "History of addresses or contacts",
    "relatives": "Relatives or twins with shared details",
    "typing": "Typing slip in a source",
    "common_name": "The name is too common",
    "asked_source": "Asked the source or the borough",
    "thin": "Too little to go by",
    "other": "Other, told below",
}
"""Why a steward decides as they do"""
JUSTIFICATIONS: Mapping[str, str] = {
    "queue": "It is next in the review queue",
    "second": "I was asked for a second opinion",
    "enquiry": "A safeguarding enquiry names this person",
    "quality": "Check of data quality",
    "correction": "A correction or a subject's request",
}
"""Why somebody looks at a case or a person"""
CLOSED_WORDS: Mapping[str, str] = {
    "linked": "one person now",
    "decided_link": "a steward said that they are one person",
    "decided_split": "a steward said which records are of one person, and both people are still there",
    "decided_unlink": "a steward said that they are two people",
    "link_in_part": "a steward said that they are one person, and not all of their records could be joined, "
    "for what else was decided or has changed",
    "kept_apart": "what was decided on other records keeps them apart",
    "weight_fell": "nothing left worth asking",
    "record_withdrawn": "a record was withdrawn",
    "joined_another": "joined an older question",
    "holds_together": "the person holds together now",
    "person_shrank": "the person has fewer records",
    "decision_settled": "the decision was settled",
}


def within(words: str) -> str:
    """Words as they stand within a sentence: the first letter small, unless it begins an abbreviation."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Signs without a width that some scripts need within a word"""


def plain_text(text: str, longest: int) -> str:
    """What somebody typed, as it is kept: one space where there were several, and nothing that is not seen.

    Control characters are of no use in a reason, and those that turn the direction of writing would make it read as another one.
    """
    visible = (
        sign
        for sign in " ".join(text.split())
        if sign in JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(visible).split())[:longest]
