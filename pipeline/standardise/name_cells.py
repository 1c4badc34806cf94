"""Cells with whole names in them: asides in brackets, aliases, and which end the surname stands at."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pipeline.standardise.name_words import name_words, without_titles
from pipeline.standardise.reference import Reference

NameOrder = Literal["forename_first", "surname_first", "comma"]

BRACKET = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\"([^\"]*)\"|“([^”]*)”")
ALSO = r"(?:a\.?/?k\.?/?a\b\.?|also known as|known as|alias(?:es)?|goes by|street name|nickname)"
FORMER = r"(?:n[ée]e|formerly|maiden name|birth name|previously|prev\.)"
TAIL = re.compile(rf"[\s,;:(-]+({ALSO}|{FORMER})[\s:]+", re.IGNORECASE)
TAIL_FLAG = re.compile(
    r"(?:\s+[-\u2013\u2014]+\s*|\s*[,;:]\s*|\s+)((?:formerly )?adopted|adopted child|deceased|dec'd|unborn)[\s.]*$",
    re.IGNORECASE,
)
FURTHER_ALSO = re.compile(rf"(?<!also)[\s,;]+(?={ALSO}\s)", re.IGNORECASE)
IS_ALSO = re.compile(rf"^{ALSO}[\s:]*", re.IGNORECASE)
IS_FORMER = re.compile(rf"^{FORMER}[\s:]+", re.IGNORECASE)
FLAGS = (
    (re.compile(r"^(adopted|adoption|formerly adopted|adopted child)\b", re.IGNORECASE), "adopted"),
    (re.compile(r"^(deceased|dec'?d|dec\.?|rip|died)\b", re.IGNORECASE), "deceased"),
    (re.compile(r"^unborn\b", re.IGNORECASE), "unborn"),
)
REMARK = re.compile(
    r"^(mr|mrs|ms|miss|m|f|male|female|twin.*|brother.*|sister.*|sibling.*|son.*|daughter.*|mother.*|father.*|"
    r"\d.*|.*\?+|see .*|age.*|dob.*|d\.o\.b.*|child.*|victim|suspect|witness)$",
    re.IGNORECASE,
)
LIST = re.compile(r"\s*[;|\n]\s*|\s+/\s+|(?<=\w)/(?=\w)")


class Aside(NamedTuple):
    """Something that stands beside the name itself in its cell."""

    kind: Literal["alias", "surname", "flag", "remark"]
    text: str


def split_asides(text: str) -> tuple[str, list[Aside]]:
    """The name alone, and what stood beside it in brackets, quotes, or after AKA and née."""
    bracketed = [next(part for part in texts if part) for texts in BRACKET.findall(text) if any(texts)]
    asides = [_aside(part) for within in bracketed for part in FURTHER_ALSO.split(within)]
    main = BRACKET.sub(" ", text).strip()
    while flag := TAIL_FLAG.search(main):
        asides.append(_aside(flag[1]))
        main = main[: flag.start()]
    parts = TAIL.split(main)
    for sign, name in zip(parts[1::2], parts[2::2], strict=True):
        is_former = re.fullmatch(FORMER, sign, re.IGNORECASE)
        asides += [Aside("surname" if is_former else "alias", name)] if name.strip() else []
    return parts[0].strip(" ,;:-"), asides


def _aside(text: str) -> Aside:
    text = text.strip(" '")
    for pattern, flag in FLAGS:
        if pattern.match(text):
            return Aside("flag", flag)
    if IS_FORMER.match(text):
        return Aside("surname", IS_FORMER.sub("", text))
    also = IS_ALSO.sub("", text)
    return Aside("remark" if REMARK.match(also) or not also else "alias", also)


def split_aliases(text: str, order: NameOrder) -> list[str]:
    """The names of a cell with several; a comma parts them unless surnames come first in this source."""
    listed = [part for part in LIST.split(text) if part.strip()]
    names = []
    for part in listed:
        for name in re.split(rf"[\s(\[]+{ALSO}[\s:]+", IS_ALSO.sub("", part.strip()), flags=re.IGNORECASE):
            is_list = name.count(",") > 1 or ("," in name and order == "forename_first" and not _caps(name))
            names += [alias for alias in name.split(",") if alias.strip()] if is_list else [name]
    return names


def _caps(text: str) -> bool:
    """Whether the part before the comma is in capitals and the rest is not: SMITH, John."""
    before, _, after = text.partition(",")
    return before.isupper() and not after.isupper()


def in_order(text: str, order: NameOrder, reference: Reference) -> tuple[str, str]:
    """Given names and surname of a whole name, still as written."""
    if "," in text:
        surname, _, forenames = text.partition(",")
        forenames = forenames.replace(",", " ")
        is_suffix = all(word in reference.suffixes for word in name_words(forenames))
        if name_words(forenames) and not is_suffix:
            return forenames.strip(), surname.strip()
        text = surname
    words = text.split()
    has_title = bool(words) and "".join(name_words(words[0])) in reference.titles
    folded = [" ".join(name_words(word)) for word in words]
    name_parts = without_titles(folded, reference, is_whole=True)
    words = _aligned(words, name_parts)
    if len(words) == 1:
        return _lone(words[0], order, has_title, reference)
    return _by_capitals(words) or _by_place(words, order, reference)


def _aligned(words: list[str], name_parts: list[str]) -> list[str]:
    """The words as written that are left when titles and suffixes are gone."""
    folded = [" ".join(name_words(word)) for word in words]
    for start in range(len(words) - len(name_parts) + 1):
        if folded[start : start + len(name_parts)] == name_parts:
            left = words[start : start + len(name_parts)]
            return [word for word in left if name_words(word)]
    return words


def _lone(word: str, order: NameOrder, has_title: bool, reference: Reference) -> tuple[str, str]:
    folded = " ".join(name_words(word))
    is_forename = folded in reference.only_forenames
    return (word, "") if is_forename and order == "forename_first" and not has_title else ("", word)


def _by_capitals(words: list[str]) -> tuple[str, str] | None:
    """Surname in capitals, the rest not: people write it so to tell which is which."""
    is_capital = [word.isupper() and sum(c.isalpha() for c in word) > 1 for word in words]
    count = sum(is_capital)
    if count in (0, len(words)) or any(len(word) == 1 for word in words):
        return None
    if all(is_capital[-count:]):
        return " ".join(words[:-count]), " ".join(words[-count:])
    if all(is_capital[:count]):
        return " ".join(words[count:]), " ".join(words[:count])
    return None


def _by_place(words: list[str], order: NameOrder, reference: Reference) -> tuple[str, str]:
    folded = ["".join(name_words(word)) for word in words]
    particles = reference.surname_particles | reference.joined_surname_particles
    if order == "forename_first":
        start = len(words) - 1
        while start > 1 and folded[start - 1] in particles:
            start -= 1
        return " ".join(words[:start]), " ".join(words[start:])
    end = 1
    while end < len(words) - 1 and folded[end - 1] in particles:
        end += 1
    return " ".join(words[end:]), " ".join(words[:end])
