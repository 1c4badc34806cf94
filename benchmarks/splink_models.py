"""Splink's settings for each family of sets: those of Splink's own demos where it has one for the data, else in their style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import splink.comparison_library as cl
from splink import block_on

Rule = Any  # a blocking rule of Splink, or SQL


@dataclass(frozen=True, slots=True)
class SplinkModel:
    """What a user of Splink writes down."""

    blocking: Sequence[Rule]
    comparisons: Sequence[Any]
    deterministic: Sequence[Rule]
    """rules that are nearly always right, for the prior"""
    recall: float
    """share of the matches that those rules find, as guessed"""
    training: Sequence[Rule]
    """one EM session each"""
    max_pairs: float = 1e6
    """random pairs for u"""
    seed: int | None = None
    is_without_frequencies: bool = True
    """EM leaves term frequencies out"""
    cluster_probability: float = 0.95
    full_name: bool = False
    """a column with forename and surname in one is needed"""


def splink_model(family: str) -> SplinkModel:
    """Settings for a family of data sets."""
    return {
        "febrl3": _febrl3,
        "febrl4": _febrl4,
        "fake": _fake,
        "census_acs": _census_acs,
        "census_w2": _census_w2,
        "plain": _plain,
        "messy": _messy,
        "no_birthday": _no_birthday,
        "names_and_birthdays": _names_and_birthdays,
        "movers": _movers,
    }[family]()


SWAPPED = "l.given_name = r.surname and l.surname = r.given_name"


def _febrl3() -> SplinkModel:
    """Demo febrl3."""
    return SplinkModel(
        blocking=[block_on(c) for c in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        deterministic=[
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            f"{SWAPPED} and l.date_of_birth = r.date_of_birth",
        ],
        recall=0.9,
        training=[block_on("date_of_birth"), block_on("postcode")],
        seed=2,
        is_without_frequencies=False,
    )


def _febrl4() -> SplinkModel:
    """Demo febrl4, the detailed of its two models; it clusters at 0.99."""
    return SplinkModel(
        blocking=[
            block_on("given_name", "surname"),
            SWAPPED,
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
        deterministic=[block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")],
        recall=0.8,
        training=[block_on("date_of_birth"), block_on("postcode")],
        cluster_probability=0.99,
    )


def _fake() -> SplinkModel:
    """Demo accuracy_analysis_from_labels_column, on fake_1000."""
    return SplinkModel(
        blocking=[block_on(c) for c in ("first_name", "surname", "dob", "email")],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        deterministic=[
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ],
        recall=0.7,
        training=[block_on("dob"), block_on("email"), block_on("first_name", "surname")],
        seed=5,
    )


def _census_acs() -> SplinkModel:
    """Demo pseudopeople-acs; the prior from rules, as in the other demos, where it takes one match a person of the census."""
    return SplinkModel(
        blocking=[
            block_on("first_name"),
            block_on("last_name"),
            block_on("date_of_birth"),
            block_on("address"),
            block_on("age_in_2020", "sex"),
            block_on("age_in_2020", "race_ethnicity"),
            block_on("age_in_2020", "middle_initial"),
            block_on("middle_initial", "sex", "race_ethnicity"),
        ],
        comparisons=[
            *_census_names(),
            cl.DamerauLevenshteinAtThresholds("date_of_birth", [1]),
            cl.DamerauLevenshteinAtThresholds("address").configure(term_frequency_adjustments=True),
            cl.ExactMatch("sex"),
        ],
        deterministic=[
            block_on("first_name", "last_name", "date_of_birth"),
            block_on("first_name", "last_name", "address"),
        ],
        recall=0.8,
        training=[block_on("date_of_birth"), block_on("last_name")],
        seed=1,
    )


def _census_w2() -> SplinkModel:
    """Our settings, in the style of that demo, without a birthday."""
    return SplinkModel(
        blocking=[
            block_on("first_name", "last_name"),
            block_on("first_name", "address"),
            block_on("last_name", "address"),
            block_on("first_name", "middle_initial"),
            block_on("last_name", "middle_initial"),
        ],
        comparisons=[
            *_census_names(),
            cl.DamerauLevenshteinAtThresholds("address").configure(term_frequency_adjustments=True),
        ],
        deterministic=[
            block_on("first_name", "last_name", "middle_initial"),
            block_on("first_name", "last_name", "address"),
        ],
        recall=0.8,
        training=[block_on("first_name", "last_name"), block_on("first_name", "address")],
        seed=1,
    )


def _census_names() -> list[Any]:
    names = [cl.NameComparison(c, jaro_winkler_thresholds=[0.9]) for c in ("first_name", "last_name")]
    return [c.configure(term_frequency_adjustments=True) for c in (*names, cl.ExactMatch("middle_initial"))]


def _plain() -> SplinkModel:
    """Our settings, in the style of the demos: name, birthday, postcode and gender, nine exact keys."""
    return SplinkModel(
        blocking=[
            block_on("first_name", "surname"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode", "dob"),
            block_on("postcode", "surname"),
            block_on("postcode", "first_name"),
            block_on("dob", "gender", "substr(first_name,1,2)"),
            block_on("dob", "substr(surname,1,3)"),
            block_on("substr(first_name,1,3)", "substr(surname,1,4)", "substr(dob,1,4)"),
        ],
        comparisons=[*_names(), _birthday(), cl.PostcodeComparison("postcode"), cl.ExactMatch("gender")],
        deterministic=[block_on("first_name", "surname", "dob")],
        recall=0.7,
        training=[block_on("first_name", "surname"), block_on("dob")],
    )


def _messy() -> SplinkModel:
    """Demo deduplicate_50k_synthetic, whose columns these are."""
    return SplinkModel(
        blocking=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode", "first_name"),
            block_on("postcode", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode,1,3)", "dob"),
            block_on("substr(postcode,1,3)", "first_name"),
            block_on("substr(postcode,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"
            ),
            _birthday(),
            cl.PostcodeComparison("postcode"),
            *_town_and_trade(),
        ],
        deterministic=[
            block_on("first_name", "surname", "dob"),
            block_on("substr(first_name,1,2)", "surname", "substr(postcode,1,2)"),
            block_on("dob", "postcode"),
        ],
        recall=0.6,
        training=[block_on("first_name", "surname"), block_on("dob")],
        max_pairs=1e7,
        full_name=True,
    )


def _no_birthday() -> SplinkModel:
    """Our settings, in the style of the demos: town and trade stand for the birthday.

    The best of five trainings tried: cluster F1 at 0.95 is 0.78 so, 0.60 with sessions on names and on postcode.
    """
    return SplinkModel(
        blocking=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("postcode", "first_name"),
            block_on("postcode", "surname"),
            block_on("first_name", "birth_place"),
            block_on("surname", "birth_place"),
            block_on("first_name", "occupation"),
            block_on("surname", "occupation"),
        ],
        comparisons=[*_names(), cl.PostcodeComparison("postcode"), cl.ExactMatch("gender"), *_town_and_trade()],
        deterministic=[
            block_on("first_name", "surname", "postcode"),
            block_on("first_name", "surname", "birth_place", "occupation"),
        ],
        recall=0.6,
        training=[block_on("first_name", "surname"), block_on("first_name", "postcode")],
    )


def _names_and_birthdays() -> SplinkModel:
    """Our settings, in the style of the demos, with little to go by."""
    return SplinkModel(
        blocking=[
            block_on("first_name", "surname"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("dob", "substr(first_name,1,2)"),
            block_on("dob", "substr(surname,1,3)"),
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
        ],
        comparisons=[*_names(), _birthday()],
        deterministic=[block_on("first_name", "surname", "dob")],
        recall=0.7,
        training=[block_on("first_name", "surname"), block_on("dob")],
    )


def _names() -> list[Any]:
    return [cl.NameComparison(c).configure(term_frequency_adjustments=True) for c in ("first_name", "surname")]


def _birthday() -> cl.DateOfBirthComparison:
    return cl.DateOfBirthComparison("dob", input_is_string=True)


def _town_and_trade() -> list[Any]:
    return [cl.ExactMatch(c).configure(term_frequency_adjustments=True) for c in ("birth_place", "occupation")]


def _movers() -> SplinkModel:
    """Our settings, in the style of the demos: an address in three columns, a phone, and no birthday."""
    return SplinkModel(
        blocking=[
            block_on("first_name", "surname"),
            block_on("postcode", "first_name"),
            block_on("postcode", "surname"),
            block_on("phone"),
            block_on("street", "first_name"),
            block_on("street", "surname"),
            block_on("substr(first_name,1,3)", "substr(surname,1,4)", "gender"),
        ],
        comparisons=[
            *_names(),
            cl.PostcodeComparison("postcode"),
            cl.LevenshteinAtThresholds("street", [2]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("town").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.ExactMatch("gender"),
        ],
        deterministic=[block_on("first_name", "surname", "postcode"), block_on("first_name", "surname", "phone")],
        recall=0.7,
        training=[block_on("first_name", "surname"), block_on("phone", "first_name")],
    )
