"""What comparisons need to know of each distinct value, worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np

from pipeline.engines.frequency import Frequencies
from pipeline.engines.local.columns import I32, Vocabulary
from pipeline.engines.local.values import GROUPS, WIDTH, Values
from pipeline.engines.tokens import Groups, postcode_parts
from schemas.model import Kind

U8, U32 = np.uint8, np.uint32
TEXT_KINDS = ("forename", "surname", "postcode", "address", "phone", "email", "identifier", "category")


def describe(
    vocabularies: Mapping[str, Vocabulary],
    groups: Groups,
    n: int,
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    spread: list[Frequencies],
    bases: list[int],
) -> Values:
    """Everything about the values of all domains, one after the other; ``bases`` are the first codes of the fields."""
    kinds = [vocabulary.kind for vocabulary in vocabularies.values()]
    texts = [vocabulary.texts for vocabulary in vocabularies.values()]
    text, length, mask = _letters(kinds, texts)
    parts = [
        np.concatenate(part).astype(I32) if part else np.empty(0, I32)
        for part in zip(*map(_parts, kinds, texts), strict=True)
    ]
    packed = np.concatenate([_digits(k, t) for k, t in zip(kinds, texts, strict=True)] or [np.empty(0, U32)])
    word_start, word = _words(kinds, texts)
    is_established = [established(k, len(t), n, names) for k, t in zip(kinds, texts, strict=True)]
    sizes = np.cumsum([0, *(len(spread_of.bin) for spread_of in spread)])
    return Values(
        text,
        length,
        mask,
        packed,
        *(parts[0], parts[1], parts[2]),
        group=_name_groups(kinds, texts, groups),
        is_established=np.concatenate(is_established),
        word_start=word_start,
        word=word,
        rarity=np.concatenate([spread_of.bin for spread_of in spread]),
        rarity_start=(sizes[:-1] - np.array(bases)).astype(np.int64),
    )


def _letters(kinds: list[Kind], texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flat = [
        text[:WIDTH] if kind in TEXT_KINDS else "" for kind, group in zip(kinds, texts, strict=True) for text in group
    ]
    raw = np.array([text.encode("ascii", "replace") for text in flat], dtype=f"S{WIDTH}")
    text = raw.view(U8).reshape(len(flat), WIDTH).copy()
    mask = np.zeros(len(flat), U32)
    for at in range(WIDTH):
        letter = text[:, at].astype(U32)
        bit = np.where(letter >= 65, letter - 65, np.where(letter >= 48, (letter - 48) % 10 + 16, 26)) & 31
        mask |= np.where(letter > 0, U32(1) << bit, 0).astype(U32)
    return text, (text != 0).sum(1).astype(I32), mask


def _digits(kind: Kind, texts: list[str]) -> np.ndarray:
    if kind != "date":
        return np.zeros(len(texts), U32)
    return np.array([int(text.replace("-", "")[:8] or "0", 16) for text in texts], U32)


def _parts(kind: Kind, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    none = np.full(len(texts), -1, I32)
    match kind:
        case "postcode":
            sector, district, area = zip(*map(postcode_parts, texts), strict=True) if texts else ((), (), ())
            return _codes(sector), _codes(district), _codes(area)
        case "email":
            return _codes(text.split("@")[0] for text in texts), none, none
        case "ethnicity":
            return _codes(text[:1] for text in texts), none, none
        case _:
            return none, none, none


def _codes(parts: Iterable[str]) -> np.ndarray:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(part, len(seen)) for part in parts], I32)


def _words(kinds: list[Kind], texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Words of each address, and of each name that has several."""
    seen: dict[str, int] = {}
    counts, found = [], []
    for kind, group in zip(kinds, texts, strict=True):
        if kind not in ("forename", "surname", "address"):
            counts.append(np.zeros(len(group), I32))
            continue
        codes = [
            sorted({seen.setdefault(word, len(seen)) for word in text.split()})
            if kind == "address" or " " in text
            else ()
            for text in group
        ]
        counts.append(np.fromiter(map(len, codes), I32, len(codes)))
        found.append(np.fromiter(chain.from_iterable(codes), I32))
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(I32) if counts else np.zeros(1, I32)
    return start, np.concatenate(found) if found else np.empty(0, I32)


def _name_groups(kinds: list[Kind], texts: list[list[str]], groups: Groups) -> np.ndarray:
    seen: dict[str, int] = {}
    out = np.full((sum(map(len, texts)), GROUPS), -1, I32)
    at = 0
    for kind, group in zip(kinds, texts, strict=True):
        if kind in ("forename", "surname"):
            for offset, text in enumerate(group):
                for slot, name in enumerate(groups.get(text, ())[:GROUPS]):
                    out[at + offset, slot] = seen.setdefault(name, len(seen))
        at += len(group)
    return out


def established(kind: Kind, size: int, n: int, names: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """(values,) whether each is a name so common that it is no mistyping of another."""
    if kind not in ("forename", "surname"):
        return np.zeros(size, np.bool_)
    used = np.concatenate(names[1:])
    return np.bincount(used[used >= 0], minlength=size) >= max(5, n / 10_000)
