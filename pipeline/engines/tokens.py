"""Blocking tokens: what of a value may bring two records together, by kind of field.

Tokens belong to values, not to records, so they are made once for each distinct value. Which kinds of token are keys,
alone or two together, and how many records may share one, the model's blocking rules say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

from pipeline.core.phonetic import metaphone
from schemas.model import BlockingRule, Kind, Model

Groups = Mapping[str, tuple[str, ...]]

WORDS: Mapping[Kind, tuple[str, ...]] = {
    "forename": ("word", "sound", "start", "group"),
    "surname": ("word", "sound", "start", "group"),
    "date": ("day", "year_month", "month_day", "year_day", "year"),
    "postcode": ("whole", "district"),
    "address": ("word",),
    "email": ("whole", "local_part"),
}
"""What the tokens of a value are, by kind of field; of other kinds the value itself is the only one."""
NEVER_TOGETHER = ("name.word",)
"""A whole name is no part of a key: its sound and its first letters stand for it."""

SMALL_BLOCK = 8
"""Where rules are tried, tokens on more records than this are tried as parts of keys, too"""
MOST_BLOCK = 250


Token = tuple[str, str]
"""What it is, one of ``WORDS``, and its text"""


def domain(kind: Kind, field: str) -> str:
    """Values of one domain share a vocabulary and tokens: forename and surname do, so that order does not matter."""
    return "name" if kind in ("forename", "surname") else field


def tokens_of(kind: Kind, value: str, groups: Groups) -> tuple[Token, ...]:
    """The tokens of one value, without repeats, in a fixed order."""
    match kind:
        case "forename" | "surname":
            found = _name_tokens(value, groups)
        case "date":
            year, month, day = value[:4], value[5:7], value[8:10]
            parts = (value, year + month, month + day, year + day, year)
            return tuple(zip(WORDS["date"], parts, strict=True))
        case "postcode":
            return ("whole", value), ("district", postcode_parts(value)[1])
        case "address":
            found = [("word", word) for word in value.split() if len(word) > 2 or word.isdigit()]
        case "email":
            return ("whole", value), ("local_part", value.split("@", maxsplit=1)[0])
        case _:
            return (("value", value),)
    return tuple(dict.fromkeys(found))


def postcode_parts(value: str) -> tuple[str, str, str]:
    """Sector, district and area of a postcode; of one in digits all but the last, all but two, and the first two."""
    if value.isdigit():
        return value[:-1], value[:-2], value[:2]
    district = value.split(" ", maxsplit=1)[0]
    return value[:-2], district, district.rstrip("0123456789")[:2]


def _name_tokens(value: str, groups: Groups) -> list[Token]:
    found = []
    for word in value.split() if " " in value else (value,):
        if len(word) < 2:
            continue
        found.append(("word", word))
        found.append(("sound", metaphone(word) or word))
        if len(word) > 2:
            found.append(("start", word[:3]))
        if word in groups:
            found += [("group", group) for group in groups[word]]
    return found


def token_kinds(model: Model) -> tuple[str, ...]:
    """Kinds of token that the model's blocking fields give, such as ``name.sound`` or ``postcode.district``."""
    found: dict[str, None] = {}
    for field in model.blocking.fields:
        kind = model.comparison_of(field).kind
        found |= {f"{domain(kind, field)}.{word}": None for word in WORDS.get(kind, ("value",))}
    return tuple(found)


def all_rules(model: Model, largest: int) -> tuple[BlockingRule, ...]:
    """Every kind of token alone, and every two kinds together that two different fields can give."""
    kinds = token_kinds(model)
    has_two_names = len([f for f in model.blocking.fields if domain(model.comparison_of(f).kind, f) == "name"]) > 1
    parts = [kind for kind in kinds if kind not in NEVER_TOGETHER and not kind.endswith(".year")]
    alone = [BlockingRule(keys=(kind,), max_block=largest) for kind in kinds]
    together = [
        BlockingRule(keys=(a, b), max_block=largest)
        for a, b in combinations_with_replacement(parts, 2)
        if a.partition(".")[0] != b.partition(".")[0] or (a.startswith("name.") and has_two_names)
    ]
    return (*alone, *together)


def rules_of(model: Model, records: int) -> tuple[BlockingRule, ...]:
    """The model's blocking rules; where it has none, every rule there can be, with the block size that suits the data."""
    return model.blocking.rule or all_rules(model, max_block(model.blocking.max_block, records))


def rules_to_try(model: Model, records: int) -> tuple[BlockingRule, ...]:
    """Every rule there can be, with blocks up to twice as large as suits the data."""
    return all_rules(model, min(2 * max_block(model.blocking.max_block, records), MOST_BLOCK))


def check_rules(rules: Sequence[BlockingRule], kinds: Sequence[str]) -> None:
    """Every key of every rule is a kind of token that there is.

    Raises:
        ValueError: If one is not.
    """
    if unknown := sorted({key for rule in rules for key in rule.keys} - set(kinds)):
        raise ValueError(f"no blocking field gives {', '.join(unknown)}; there are {', '.join(kinds)}")


def token_key(token: str) -> int:
    """64 bits that stand for a token whatever the data, its order or the machine."""
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest(), "little")


def max_block(at_ten_thousand: int, records: int) -> int:
    """Records that may share a key: as many as the model says at 10,000 records, fewer as the data grows."""
    return max(8, min(at_ten_thousand, round(at_ten_thousand * (max(records, 1) / 10_000) ** -0.301)))
