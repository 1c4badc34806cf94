"""Blocking tokens: what of a value may bring two records together, by kind of field.

Tokens belong to values, not to records, so they are made once for each distinct value. Which kinds of token are keys,
alone or two together, and how many records may share one, the model's blocking rules say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

from pipeline.core.phonetic import metaphone
from schemas.model import NAME_KINDS, BlockingRule, Kind, Model

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


def alias_words(alias: str) -> list[str]:
    """What an alias names somebody by; nothing where it is letters alone, which many share and nobody is told by."""
    words = alias.split()
    return words if any(len(word) > 1 for word in words) else []


class ValueTokens(NamedTuple):
    """The tokens of one kind of many values; a value may have several, or the same one twice."""

    word: str
    """what they are, one of ``WORDS``"""
    value: Sequence[int]
    text: Sequence[str]
    """(tokens,) number of the value, and what the token says"""


def domain(kind: Kind, field: str) -> str:
    """Values of one domain share a vocabulary and tokens: names do, so that their order does not matter."""
    return "name" if kind in NAME_KINDS else field


def tokens_of(kind: Kind, values: Sequence[str], groups: Groups) -> list[ValueTokens]:
    """The tokens of some values, kind by kind."""
    numbers = range(len(values))
    match kind:
        case "forename" | "surname" | "middle_names":
            return _name_tokens(values, groups)
        case "date":
            known = [(number, value) for number, value in enumerate(values) if "-00" not in value]
            return [
                ValueTokens("day", numbers, values),
                ValueTokens("year_month", numbers, [value[:7] for value in values]),
                _tokens("month_day", [(number, value[5:]) for number, value in known]),
                _tokens("year_day", [(number, value[:4] + value[7:]) for number, value in known]),
                ValueTokens("year", numbers, [value[:4] for value in values]),
            ]
        case "postcode":
            return [
                ValueTokens("whole", numbers, values),
                ValueTokens("district", numbers, [postcode_parts(v)[1] for v in values]),
            ]
        case "address":
            words = [
                (number, word)
                for number in numbers
                for word in values[number].split()
                if len(word) > 2 or word.isdigit()
            ]
            return [_tokens("word", words)]
        case "email":
            local_parts = [value.split("@", maxsplit=1)[0] for value in values]
            return [ValueTokens("whole", numbers, values), ValueTokens("local_part", numbers, local_parts)]
        case _:
            return [ValueTokens("value", numbers, values)]


def _name_tokens(values: Sequence[str], groups: Groups) -> list[ValueTokens]:
    words = [
        (number, word)
        for number, value in enumerate(values)
        for word in (value.split() if " " in value else (value,))
        if len(word) > 1
    ]
    return [
        _tokens("word", words),
        _tokens("sound", [(number, metaphone(word) or word) for number, word in words]),
        _tokens("start", [(number, word[:3]) for number, word in words if len(word) > 2]),
        _tokens("group", [(number, group) for number, word in words for group in groups.get(word, ())]),
    ]


def _tokens(kind_of_token: str, numbered_texts: Sequence[tuple[int, str]]) -> ValueTokens:
    return ValueTokens(kind_of_token, [number for number, _ in numbered_texts], [text for _, text in numbered_texts])


def postcode_parts(value: str) -> tuple[str, str, str]:
    """Sector, district and area of a postcode; of one in digits all but the last, all but two, and the first two."""
    if value.isdigit():
        return value[:-1], value[:-2], value[:2]
    district = value.split(" ", maxsplit=1)[0]
    return value[:-2], district, district.rstrip("0123456789")[:2]


def token_kinds(model: Model) -> tuple[str, ...]:
    """Kinds of token that the model's blocking fields give, such as ``name.sound`` or ``postcode.district``."""
    kinds: dict[str, None] = {}
    for field in model.blocking.fields:
        field_kind = model.comparison_of(field).kind
        kinds |= {f"{domain(field_kind, field)}.{word}": None for word in WORDS.get(field_kind, ("value",))}
    return tuple(kinds)


def all_rules(model: Model, largest: int) -> tuple[BlockingRule, ...]:
    """Every kind of token alone, and every two kinds together that two different fields can give."""
    kinds = token_kinds(model)
    has_two_names = len([f for f in model.blocking.fields if domain(model.comparison_of(f).kind, f) == "name"]) > 1
    joinable = [kind for kind in kinds if kind not in NEVER_TOGETHER and not kind.endswith(".year")]
    of_one_kind = [BlockingRule(keys=(kind,), max_block=largest) for kind in kinds]
    of_two_kinds = [
        BlockingRule(keys=(a, b), max_block=largest)
        for a, b in combinations_with_replacement(joinable, 2)
        if a.partition(".")[0] != b.partition(".")[0] or (a.startswith("name.") and has_two_names)
    ]
    return (*of_one_kind, *of_two_kinds)


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


def max_block(at_ten_thousand: int, records: int) -> int:
    """Records that may share a key: as many as the model says at 10,000 records, fewer as the data grows."""
    return max(8, min(at_ten_thousand, round(at_ten_thousand * (max(records, 1) / 10_000) ** -0.301)))
