"""JSON lines: an object a line, its keys the headings.

What is nested in an object has a heading of its own where the contract names it by its path, such as ``Address.Postcode``; else its
values, line by line, are the text of the outer key.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator

from pipeline.core.errors import SourceError
from pipeline.read.delimited import MOST_CELL, SEND_AGAIN, as_cell, decode
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet
from schemas.contract_checks import fold_heading

PATH = "."
"""Stands between the keys of a path"""


def read_jsonl(fetched: Fetched, encoding: str, headings: Collection[str]) -> Sheet:
    """JSON lines as rows: the first row holds every key or path seen, in order of first sight.

    Args:
        fetched: the file.
        encoding: of the file.
        headings: that the contract knows, folded; a path is one where it is among them.

    Raises:
        SourceError: wrong_encoding, empty_file, not_json_lines, or truncated_file, where the last line breaks off.
    """
    text = decode(fetched, encoding)
    if text.lstrip().startswith("["):
        raise _not_lines(fetched.file, "is a JSON list")
    rows: list[tuple[int, dict[str, Cell]]] = []
    broken: list[BadRow] = []
    first_lines: dict[str, int] = {}
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        try:
            cells = _cells_of_line(line, headings)
        except ValueError:
            cells = None
            if rows and not line.endswith(("\n", "}")):
                problem = f"breaks off on line {number}: neither its object ends nor the line."
                raise SourceError("truncated_file", fetched.file, problem, SEND_AGAIN) from None
        if cells is None:
            reason = "Not a JSON object; expected one a line. Correct the line."
            broken.append(BadRow(number, "broken_row", reason, line[:MOST_CELL]))
            continue
        rows.append((number, cells))
        for key in cells:
            first_lines.setdefault(key, number)
    if not rows and text.lstrip().startswith("{"):
        raise _not_lines(fetched.file, "holds JSON objects that reach over several lines")
    if not rows:
        raise SourceError("empty_file", fetched.file, "holds no JSON object.", "Ask for the export again.")
    return Sheet(None, _rows(list(first_lines), rows, broken), key_lines=tuple(first_lines.values()))


def _not_lines(file: str, found: str) -> SourceError:
    what_to_do = "Ask the borough for JSON lines: each object on a line of its own, without a list around them."
    return SourceError("not_json_lines", file, f"{found}; expected an object a line.", what_to_do)


def _cells_of_line(line: str, headings: Collection[str]) -> dict[str, Cell] | None:
    """Key or path to text; None where the line is JSON, but no object.

    Raises:
        ValueError: If it is no JSON, or is nested too deeply.
    """
    try:
        value: object = json.loads(line)
        return dict(_cells(value, headings)) if isinstance(value, dict) else None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _rows(keys: list[str], rows: list[tuple[int, dict[str, Cell]]], broken: list[BadRow]) -> Iterator[Row | BadRow]:
    yield Row(0, list(keys))
    yield from broken
    for number, cells in rows:
        yield Row(number, [cells.get(key) for key in keys])


def _cells(value: dict[str, object], headings: Collection[str], above: str = "") -> Iterator[tuple[str, Cell]]:
    """Each key or named path of an object and the text under it."""
    for key, inner in value.items():
        path = f"{above}{key}"
        if not isinstance(inner, dict) or not _has_named_path(path, headings):
            yield path, json_cell(inner)
        elif fold_heading(path) in headings:
            named = {name: part for name, part in inner.items() if _is_named(f"{path}{PATH}{name}", headings)}
            yield path, json_cell({name: part for name, part in inner.items() if name not in named})
            yield from _cells(named, headings, f"{path}{PATH}")
        else:
            yield from _cells(inner, headings, f"{path}{PATH}")


def _is_named(path: str, headings: Collection[str]) -> bool:
    return fold_heading(path) in headings or _has_named_path(path, headings)


def _has_named_path(path: str, headings: Collection[str]) -> bool:
    """Whether the contract names a path that begins with this one and goes on."""
    return any(heading.startswith(f"{fold_heading(path)}{PATH}") for heading in headings)


def json_cell(value: object) -> Cell:
    """A JSON value as text: the parts of a list joined by semicolons, the values of an object line by line, without its keys."""
    match value:
        case None:
            return None
        case str():
            return as_cell(value)
        case bool():
            return "true" if value else "false"
        case list():
            return as_cell("; ".join(_texts(value)))
        case dict():
            return as_cell("\n".join(_texts(value.values())))
        case _:
            return as_cell(json.dumps(value))


def _texts(values: Collection[object]) -> list[str]:
    return [text for value in values if (text := json_cell(value)) is not None]
