"""Comparison levels from the strings themselves, as recordlinkage features; numbers as in ``schemas.model.LEVELS``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, partial

import jellyfish
import pandas as pd
from rapidfuzz.distance import OSA
from recordlinkage.base import BaseCompareFeature

from pipeline.engines.birth import UNKNOWN
from pipeline.engines.local.levels import GENERATION
from pipeline.engines.local.values import WIDTH
from pipeline.engines.plain.frame import BORN, NAMES, Bins, Values
from pipeline.engines.spellings import GROUPS
from pipeline.engines.tokens import Groups, postcode_parts
from schemas.model import FREQUENCY_BINS, LEVELS, Kind, Model, level_numbers

Level = Callable[[str, str], str]
Index = Callable[[str, str], int]
NUMBERS = {kind: {name: number for number, name in enumerate(levels, start=1)} for kind, levels in LEVELS.items()}
Naming = tuple[str | None, str | None]
Namings = tuple[Naming, ...]


def features_of(
    model: Model, frame: pd.DataFrame, groups: Groups, bins: Bins, spelling_bins: Bins
) -> list[BaseCompareFeature]:
    """One feature a comparison, in the model's order."""
    uses = Counter(name for namings in frame[NAMES] for naming in namings for name in naming if name is not None)
    least = max(5, len(frame) / 10_000)
    names = _Names({name for name, count in uses.items() if count >= least}, groups, model, bins, spelling_bins)
    plain: dict[Kind, Level] = {
        "date": date_level,
        "postcode": postcode_level,
        "address": address_level,
        "phone": slip_level("else"),
        "identifier": slip_level("conflict"),
        "email": email_level,
        "category": category_level,
        "ethnicity": ethnicity_level,
    }
    features: list[BaseCompareFeature] = []
    for comparison in model.comparison:
        if comparison.kind in ("forename", "surname"):
            features.append(_NameFeature(names, 0 if comparison.kind == "forename" else 1))
        elif comparison.kind == "age":
            features.append(_AgeFeature(BORN, BORN))
        elif comparison.kind == "middle_names":
            one_name = partial(names.index, comparison.kind, comparison.field)
            features.append(_BestFeature(comparison.field, comparison.kind, one_name))
        else:
            index = _index_of(comparison.kind, plain[comparison.kind], bins[comparison.field])
            features.append(_BestFeature(comparison.field, comparison.kind, index))
    return features


def _index_of(kind: Kind, level: Level, bins: Mapping[str, int]) -> Index:
    """Level index of two values of a field that is no name."""
    level_of = cache(level)

    def index(a: str, b: str) -> int:
        if a == b and not (kind == "date" and a.endswith("-01-01")):
            return NUMBERS[kind]["exact"] + bins[a]
        return NUMBERS[kind]["both_first_of_january" if a == b else level_of(a, b)]

    return index


class _BestFeature(BaseCompareFeature):  # type: ignore[misc]
    """The best level over all pairs of values of one field; of several bins of one level the rarest."""

    def __init__(self, field: str, kind: Kind, index: Index) -> None:
        super().__init__(field, field)
        self._index, self._level = index, level_numbers(kind)

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> pd.Series:
        return pd.Series([self._best(a, b) for a, b in zip(left, right, strict=True)], index=left.index)

    def _best(self, left: Values, right: Values) -> int:
        indexes = (self._index(a, b) for a in left for b in right)
        return max(indexes, key=lambda index: (self._level[index], index), default=0)


class _AgeFeature(BaseCompareFeature):  # type: ignore[misc]
    """Spans of possible birthdays, where a record lacks the birthday itself."""

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> pd.Series:
        return pd.Series([self._level(a, b) for a, b in zip(left, right, strict=True)], index=left.index)

    @staticmethod
    def _level(a: tuple[int, int], b: tuple[int, int]) -> int:
        if UNKNOWN in (a[0], b[0]) or (a[0] == a[1] and b[0] == b[1]):
            return 0
        gap = max(a[0], b[0]) - min(a[1], b[1])
        return 3 if gap <= 0 else 2 if gap <= 366 else 1


class _NameFeature(BaseCompareFeature):  # type: ignore[misc]
    """Forename or surname level of the best agreement over all ways both records are named."""

    def __init__(self, names: _Names, side: int) -> None:
        super().__init__(NAMES, NAMES)
        self._names, self._side = names, side

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> pd.Series:
        return pd.Series(
            [self._names.best(a, b)[self._side] for a, b in zip(left, right, strict=True)], index=left.index
        )


FORENAME, SURNAME = NUMBERS["forename"], NUMBERS["surname"]
SIDES: tuple[Kind, Kind] = ("forename", "surname")


class _Names:
    """Levels of names: forename and surname judged together."""

    def __init__(self, established: set[str], groups: Groups, model: Model, bins: Bins, spelling_bins: Bins) -> None:
        self._established, self._groups, self._bins, self._spelling_bins = established, groups, bins, spelling_bins
        fields = {comparison.kind: comparison.field for comparison in model.comparison}
        self._fields = [fields.get(kind) for kind in SIDES]
        self.level = cache(self._different)
        self.best = cache(self._best)

    def _best(self, left: Namings, right: Namings) -> tuple[int, int]:
        best, best_rank = (0, 0), -1.0
        for a in left:
            for b in right:
                levels = self._together(a, b)
                if (rank := self._rank(*levels)) > best_rank:
                    best, best_rank = levels, rank
        return best

    def _rank(self, forename: int, surname: int) -> float:
        f, s = level_numbers("forename")[forename], level_numbers("surname")[surname]
        return (f or 1.5) + (s or 1.5) + (5.0 if f == FORENAME["swapped"] else 0.0)

    def _together(self, a: Naming, b: Naming) -> tuple[int, int]:
        (f, s), (g, t) = a, b
        if f and s and g and t and f != g and s != t and (f == t or s == g):
            near = ("part", "close", "variant")
            if (f == t or self.level(f, t) in near) and (s == g or self.level(s, g) in near):
                return FORENAME["swapped"], 0
        if all(self._fields) and (crossed := self._lone(f, s, g, t)):
            return 0, crossed
        return self._side(0, f, g), self._side(1, s, t)

    def _lone(self, f: str | None, s: str | None, g: str | None, t: str | None) -> int:
        """A record's only name is a forename: perhaps it is the other's surname. 0 where it is not."""
        if s is None and f and t:
            lone, opposite, full = f, t, g
        elif t is None and g and s:
            lone, opposite, full = g, s, f
        else:
            return 0
        if full is not None and (full == lone or self.level(lone, full) not in ("else", "similar")):
            return 0
        if lone == opposite:
            return self._side(1, lone, lone)
        return SURNAME["close"] if self.level(lone, opposite) in ("close", "variant") else 0

    def _side(self, side: int, a: str | None, b: str | None) -> int:
        field = self._fields[side]
        return 0 if field is None or a is None or b is None else self.index(SIDES[side], field, a, b)

    def index(self, kind: Kind, field: str, a: str, b: str) -> int:
        """Level index of two names."""
        numbers = NUMBERS[kind]
        if a == b:
            return numbers["exact"] + self._bins[field][a]
        if (level := self.level(a, b)) != "variant":
            return numbers[level]
        spelling_bin = min(self._spelling_bins[field][group] for group in self._shared_groups(a, b))
        return numbers["exact"] + FREQUENCY_BINS[kind][0] + spelling_bin

    def _shared_groups(self, a: str, b: str) -> set[str]:
        return set(self._groups.get(a, ())[:GROUPS]) & set(self._groups.get(b, ())[:GROUPS])

    def _different(self, a: str, b: str) -> str:
        if self._shared_groups(a, b):
            return "variant"
        are_established = {a, b} <= self._established
        is_part = _is_part(a, b)
        a, b = a[:WIDTH], b[:WIDTH]
        score = jellyfish.jaro_winkler_similarity(a, b)
        is_near = min(len(a), len(b)) > 3 and OSA.distance(a, b) <= 1
        if (is_near or score >= 0.92) and not are_established:
            return "close"
        if is_part:
            return "part"
        return "similar" if is_near or score >= 0.8 else "else"


def _is_part(a: str, b: str) -> bool:
    short, long = sorted((a[:WIDTH], b[:WIDTH]), key=len)
    shared = set(a.split()) & set(b.split()) if " " in a or " " in b else set()
    return long.startswith(short) or bool(shared)


def date_level(a: str, b: str) -> str:
    """Level of two different dates."""
    if a.endswith("-01-01") and b.endswith("-01-01"):
        return _years_level(a, b)
    if "-00" in a or "-00" in b:
        return _known_parts_level(a, b)
    wrong = [
        digit
        for digit, (digit_l, digit_r) in enumerate(zip(a.replace("-", ""), b.replace("-", ""), strict=True))
        if digit_l != digit_r
    ]
    digits = [(a.replace("-", "")[digit], b.replace("-", "")[digit]) for digit in wrong]
    is_swap = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and digits[0] == digits[1][::-1]
    (year, month, day), (other_year, other_month, other_day) = (text.split("-") for text in (a, b))
    same_year = year == other_year
    if len(wrong) == 1 or is_swap or (same_year and (day, month) == (other_month, other_day)):
        return "close"
    if same_year and ("01", "01") in ((day, month), (other_day, other_month)):
        return "first_of_january"
    if same_year + (month == other_month) + (day == other_day) >= 2 or len(wrong) == 2:
        return "part"
    return "same_year" if same_year else _years_level(a, b)


def _known_years_level(year: str, other_year: str) -> str:
    """Level of two different dates, of one of which the year alone is known."""
    if year == other_year:
        return "first_of_january"
    apart = abs(int(year) - int(other_year))
    if apart == 1 or other_year == year[:2] + year[2:][::-1]:
        return "close"
    n_wrong = sum(digit != other_digit for digit, other_digit in zip(year, other_year, strict=True))
    return "part" if apart == 2 or n_wrong == 1 else _years_level(year, other_year)


def _known_parts_level(a: str, b: str) -> str:
    """Level of two different dates, of one of which the day, or month and day, are not known."""
    if "-00-" in a or "-00-" in b:
        return _known_years_level(a[:4], b[:4])
    if a[:7] == b[:7]:
        return "part"
    if a[:4] != b[:4]:
        return _years_level(a, b)
    return "first_of_january" if a.endswith("-01-01") or b.endswith("-01-01") else "same_year"


def _years_level(a: str, b: str) -> str:
    """Level of two dates that have nothing in common."""
    year, other_year = (int(text.split("-")[0]) for text in (a, b))
    return "far" if abs(year - other_year) > GENERATION else "else"


def postcode_level(a: str, b: str) -> str:
    """Level of two different postcodes."""
    if OSA.distance(a, b) <= 1:
        return "close"
    for level, part_l, part_r in zip(("sector", "district", "area"), postcode_parts(a), postcode_parts(b), strict=True):
        if part_l == part_r:
            return level
    return "else"


def is_close(a: str, b: str, least: float) -> bool:
    """Two texts of more than three letters that are one edit apart, or as similar as ``least`` (Jaro-Winkler)."""
    a, b = a[:WIDTH], b[:WIDTH]
    if min(len(a), len(b)) <= 3:
        return False
    return OSA.distance(a, b) <= 1 or jellyfish.jaro_winkler_similarity(a, b) >= least


def address_level(a: str, b: str) -> str:
    """Level of two different addresses, by words in common."""
    words_l, words_r = set(a.split()), set(b.split())
    n_shared = len(words_l & words_r)
    if n_shared >= 2 and n_shared * 4 >= 3 * max(len(words_l), len(words_r)):
        return "most_words"
    if is_close(a, b, 0.92):
        return "close"
    return "some_words" if n_shared >= 2 and n_shared * 2 >= min(len(words_l), len(words_r)) else "else"


def category_level(a: str, b: str) -> str:
    """Level of two different categories: the same word misspelt, or different."""
    return "close" if is_close(a, b, 0.92) else "else"


def slip_level(otherwise: str) -> Level:
    """Level of two different numbers: one slip of the pen, or ``otherwise``."""
    return lambda a, b: "close" if OSA.distance(a[:WIDTH], b[:WIDTH]) <= 1 else otherwise


def email_level(a: str, b: str) -> str:
    """Level of two different e-mail addresses."""
    if a.split("@", maxsplit=1)[0] == b.split("@", maxsplit=1)[0]:
        return "same_local_part"
    if is_close(a, b, 0.96) and _digits(a) == _digits(b):
        return "close"
    return "similar" if is_close(a, b, 0.88) else "else"


def _digits(text: str) -> str:
    return "".join(letter for letter in text[:WIDTH] if "0" <= letter <= "9")


def ethnicity_level(a: str, b: str) -> str:
    """Level of two different ethnicity codes: the letter is the group."""
    return "same_group" if a[:1] == b[:1] else "else"
