"""What comparisons need to know of each distinct value, worked out once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.numbers import distinct
from pipeline.engines.frequency import Frequencies
from pipeline.engines.local.columns import I32, Vocabulary
from pipeline.engines.local.values import WIDTH, Values
from pipeline.engines.spellings import GROUPS, NameGroups
from pipeline.engines.tokens import postcode_parts
from schemas.model import NAME_KINDS, Kind

U8, U32 = np.uint8, np.uint32
WORD_BITS = 32
TEXT_KINDS = (*NAME_KINDS, "postcode", "address", "phone", "email", "identifier", "category")


def describe(
    vocabularies: Mapping[str, Vocabulary],
    named: NameGroups,
    n: int,
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    field_frequencies: list[Frequencies],
    bases: list[int],
) -> Values:
    """Everything about the values of all domains, one after the other; ``bases`` are the first codes of the fields."""
    kinds = [vocabulary.kind for vocabulary in vocabularies.values()]
    texts = [vocabulary.texts for vocabulary in vocabularies.values()]
    text, length, mask = _letters(
        [_compared_text(kind, domain_texts) for kind, domain_texts in zip(kinds, texts, strict=True)]
    )
    parts = [
        np.concatenate(part).astype(I32) if part else np.empty(0, I32)
        for part in zip(*map(_parts, kinds, texts), strict=True)
    ]
    packed = np.concatenate(
        [_digits(kind, domain_texts) for kind, domain_texts in zip(kinds, texts, strict=True)] or [np.empty(0, U32)]
    )
    word_start, word = _words(kinds, texts)
    is_established = [
        are_established(kind, len(domain_texts), n, names) for kind, domain_texts in zip(kinds, texts, strict=True)
    ]
    sizes = np.cumsum([0, *(len(of_field.bin) for of_field in field_frequencies)])
    return Values(
        text,
        length,
        mask,
        packed,
        *(parts[0], parts[1], parts[2]),
        group=np.concatenate(
            [_groups(vocabulary.kind, len(vocabulary), named) for vocabulary in vocabularies.values()]
        ),
        is_established=np.concatenate(is_established),
        word_start=word_start,
        word=word,
        rarity=np.concatenate([of_field.bin for of_field in field_frequencies]),
        rarity_start=(sizes[:-1] - np.array(bases)).astype(np.int64),
        spelling=np.stack([_spelling_bins(of_field.spellings.bin, named) for of_field in field_frequencies]),
    )


def _compared_text(kind: Kind, texts: pa.Array) -> pa.Array:
    """The texts as ASCII, no longer than comparisons look at; nothing of values that are not compared by letters."""
    if kind not in TEXT_KINDS:
        return pa.array(np.full(len(texts), ""), pa.string())
    return pc.replace_substring_regex(pc.utf8_slice_codeunits(texts, 0, WIDTH), r"[^\x00-\x7F]", "?")


def _letters(written: list[pa.Array]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, WIDTH) letters, how many there are, and which."""
    flat = pa.concat_arrays(written) if written else pa.array([], pa.string())
    size = pc.binary_length(flat).to_numpy(zero_copy_only=False)
    ends = np.cumsum(size)
    letters = _bytes_of(flat)
    text = np.zeros((len(flat), WIDTH), U8)
    text[np.repeat(np.arange(len(flat)), size), np.arange(len(letters)) - np.repeat(ends - size, size)] = letters
    mask = np.zeros(len(flat), U32)
    for position in range(WIDTH):
        letter = text[:, position].astype(U32)
        bit = np.where(letter >= 65, letter - 65, np.where(letter >= 48, (letter - 48) % 10 + 16, 26)) & 31
        mask |= np.where(letter > 0, U32(1) << bit, 0).astype(U32)
    return text, (text != 0).sum(1).astype(I32), mask


def _bytes_of(texts: pa.Array) -> np.ndarray:
    """The bytes of all texts, one behind the other."""
    start = np.frombuffer(texts.buffers()[1], I32)[texts.offset : texts.offset + len(texts) + 1] if len(texts) else [0]
    data = texts.buffers()[2]
    return np.frombuffer(data, U8)[start[0] : start[-1]] if data else np.empty(0, U8)


def _digits(kind: Kind, texts: pa.Array) -> np.ndarray:
    if kind != "date":
        return np.zeros(len(texts), U32)
    return np.array([int(text.replace("-", "")[:8] or "0", 16) for text in texts.to_pylist()], U32)


def _parts(kind: Kind, texts: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    none = np.full(len(texts), -1, I32)
    match kind:
        case "postcode":
            parts = map(postcode_parts, texts.to_pylist())
            sector, district, area = zip(*parts, strict=True) if len(texts) else ((), (), ())
            return (
                _codes(pa.array(sector, pa.string())),
                _codes(pa.array(district, pa.string())),
                _codes(pa.array(area, pa.string())),
            )
        case "email":
            return _codes(pc.list_element(pc.split_pattern(texts, "@", max_splits=1), 0)), none, none
        case "ethnicity":
            return _codes(pc.utf8_slice_codeunits(texts, 0, 1)), none, none
        case _:
            return none, none, none


def _codes(parts: pa.Array) -> np.ndarray:
    """(values,) the same number where parts are the same."""
    return parts.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(I32)


def _words(kinds: list[Kind], texts: list[pa.Array]) -> tuple[np.ndarray, np.ndarray]:
    """Words of each address, and of each name that has several, sorted by their codes and each once."""
    first = np.cumsum([0, *map(len, texts)])
    owners, words = [np.empty(0, np.int64)], [pa.array([], pa.string())]
    for kind, group, base in zip(kinds, texts, first, strict=False):
        if kind not in (*NAME_KINDS, "address"):
            continue
        rows = np.arange(len(group))
        if kind != "address":
            rows = np.flatnonzero(pc.match_substring(group, " ").to_numpy(zero_copy_only=False))
        split = pc.utf8_split_whitespace(group.take(pa.array(rows)))
        word = pc.list_flatten(split)
        is_word = pc.not_equal(word, "")
        owner = pc.list_parent_indices(split).filter(is_word).to_numpy(zero_copy_only=False)
        owners.append(base + rows[owner])
        words.append(word.filter(is_word))
    coded = pa.concat_arrays(words).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    pair = distinct(np.concatenate(owners) << WORD_BITS | coded)
    start = np.searchsorted(pair, np.arange(first[-1] + 1) << WORD_BITS).astype(I32)
    return start, (pair & ((1 << WORD_BITS) - 1)).astype(I32)


def _groups(kind: Kind, size: int, named: NameGroups) -> np.ndarray:
    """(values, GROUPS) of the values of one domain."""
    return named.of if kind in NAME_KINDS else np.full((size, GROUPS), -1, I32)


def _spelling_bins(bins: np.ndarray, named: NameGroups) -> np.ndarray:
    """(groups,) int8; 0 throughout of a field that is no name."""
    return bins if len(bins) else np.zeros(len(named.names), np.int8)


def are_established(kind: Kind, size: int, n: int, names: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """(values,) whether each is a name so common that it is no mistyping of another."""
    if kind not in NAME_KINDS:
        return np.zeros(size, np.bool_)
    occurring = np.concatenate(names[1:])
    return np.bincount(occurring[occurring >= 0], minlength=size) >= max(5, n / 10_000)
