"""Names of London's communities: lists of Faker where it has them, curated ones where it has not, and spelling variants."""

from __future__ import annotations

import functools
import importlib
import random
from dataclasses import dataclass

from anyascii import anyascii

from pipeline.synth import name_lists as lists


@dataclass(frozen=True, slots=True)
class Community:
    """Names and self-defined ethnicity of one community; the commonest come first."""

    name: str
    share: float
    ethnicities: tuple[str, ...]
    ic: str
    male: tuple[str, ...]
    female: tuple[str, ...]
    last: tuple[str, ...]


def _faker(locale: str, *wanted: str) -> tuple[str, ...]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    names: dict[str, None] = {}
    for name in wanted:
        names.update(dict.fromkeys(str(each) for each in getattr(provider, name)))
    return tuple(names)


@functools.cache
def communities() -> tuple[Community, ...]:
    """All communities; shares add up to 1."""
    tail = tuple(head + end for head in lists.TAIL_HEADS for end in lists.TAIL_ENDS)
    english = _faker("en_GB", "last_names")
    arabic = [
        tuple(anyascii(name) for name in _faker("ar_AA", each))
        for each in ("first_names_male", "first_names_female", "last_names")
    ]
    polish = tuple(stem + "ski" for stem in lists.POLISH_STEM)
    return (
        Community(
            "british",
            0.40,
            ("W1",),
            "1",
            _faker("en_GB", "first_names_male"),
            _faker("en_GB", "first_names_female"),
            english + tail,
        ),
        Community(
            "caribbean",
            0.08,
            ("B1", "M1"),
            "3",
            lists.CARIBBEAN_MALE,
            lists.CARIBBEAN_FEMALE,
            lists.CARIBBEAN_LAST + english[:200],
        ),
        Community(
            "yoruba",
            0.04,
            ("B2",),
            "3",
            _faker("yo_NG", "first_names_male"),
            _faker("yo_NG", "first_names_female"),
            _faker("yo_NG", "last_names"),
        ),
        Community(
            "hausa",
            0.01,
            ("B2",),
            "3",
            _faker("ha_NG", "first_names_male"),
            _faker("ha_NG", "first_names_female"),
            _faker("ha_NG", "last_names"),
        ),
        Community(
            "igbo",
            0.02,
            ("B2",),
            "3",
            _faker("ig_NG", "first_names_male"),
            _faker("ig_NG", "first_names_female"),
            _faker("ig_NG", "last_names"),
        ),
        Community(
            "ghanaian",
            0.03,
            ("B2",),
            "3",
            _faker("tw_GH", "first_names_male"),
            _faker("tw_GH", "first_names_female"),
            _faker("tw_GH", "last_names"),
        ),
        Community("somali", 0.04, ("B2",), "3", lists.SOMALI_MALE, lists.SOMALI_FEMALE, lists.SOMALI_MALE),
        Community("bengali", 0.06, ("A3",), "4", lists.BENGALI_MALE, lists.BENGALI_FEMALE, lists.BENGALI_LAST),
        Community("urdu", 0.06, ("A2",), "4", lists.URDU_MALE, lists.URDU_FEMALE, lists.URDU_LAST),
        Community(
            "indian",
            0.05,
            ("A1",),
            "4",
            _faker("en_IN", "first_names_male"),
            _faker("en_IN", "first_names_female"),
            _faker("en_IN", "last_names"),
        ),
        Community("punjabi", 0.03, ("A1",), "4", lists.PUNJABI_MALE, lists.PUNJABI_FEMALE, ("Singh", "Kaur")),
        Community("polish", 0.04, ("W9",), "1", lists.POLISH_MALE, lists.POLISH_FEMALE, polish),
        Community(
            "romanian",
            0.03,
            ("W9",),
            "2",
            _faker("ro_RO", "first_names_male"),
            _faker("ro_RO", "first_names_female"),
            _faker("ro_RO", "last_names"),
        ),
        Community(
            "lithuanian",
            0.01,
            ("W9",),
            "1",
            tuple(n for n in _faker("lt_LT", "first_names") if n.endswith("s")),
            tuple(n for n in _faker("lt_LT", "first_names") if not n.endswith("s")),
            tuple(n for n in _faker("lt_LT", "last_names") if n.endswith("as")),
        ),
        Community(
            "turkish",
            0.03,
            ("W9", "O9"),
            "2",
            _faker("tr_TR", "first_names_male")[:300],
            _faker("tr_TR", "first_names_female")[:300],
            _faker("tr_TR", "last_names"),
        ),
        Community("albanian", 0.02, ("W9",), "2", lists.ALBANIAN_MALE, lists.ALBANIAN_FEMALE, lists.ALBANIAN_LAST),
        Community("arab", 0.03, ("O2",), "6", tuple(arabic[0]), tuple(arabic[1]), tuple(arabic[2])),
        Community(
            "portuguese",
            0.02,
            ("W9",),
            "2",
            _faker("pt_PT", "first_names_male"),
            _faker("pt_PT", "first_names_female"),
            _faker("pt_PT", "last_names"),
        ),
    )


@functools.cache
def _cumulative(size: int, flat: int) -> tuple[float, ...]:
    """Running totals of 1 / (rank + flat): a few names are common, most are rare."""
    total, out = 0.0, []
    for rank in range(size):
        total += 1.0 / (rank + flat)
        out.append(total)
    return tuple(out)


def pick(rng: random.Random, names: tuple[str, ...], flat: int = 12) -> str:
    """One name, the commonest first names of the list most often."""
    return rng.choices(names, cum_weights=_cumulative(len(names), flat))[0]


def surname_for(community: str, family: str, sex: str, is_married: bool) -> str:
    """The form of the family's surname that a man, a wife or a daughter carries."""
    if community == "punjabi":
        return "Kaur" if sex == "F" else "Singh"
    if sex == "F" and community == "polish" and family.endswith("ski"):
        return family[:-1] + "a"
    if sex == "F" and community == "lithuanian" and family.endswith("as"):
        return family[:-2] + ("ienė" if is_married else "aitė")
    if sex == "F" and is_married and community == "bengali":
        return "Begum"
    return family


@functools.cache
def spellings() -> dict[str, tuple[str, ...]]:
    """Name to its other spellings and short forms."""
    variants = {name: tuple(x for x in group if x != name) for group in lists.VARIANTS for name in group}
    for name, short in lists.SHORT.items():
        variants[name] = variants.get(name, ()) + short
    return variants
