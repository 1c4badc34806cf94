"""Text files: CSV in its many forms, and JSON lines."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator

from pipeline.core.errors import SourceError
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet

MOST_CELL = 1_000_000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_csv(fetched: Fetched, encoding: str, delimiter: str, header_rows: int) -> Sheet:
    """Rows of a CSV file; a row with more cells than the headings, or with control characters, is a bad row.

    Raises:
        SourceError: wrong_encoding, where the bytes are not in the declared encoding.
    """
    text = decode(fetched, encoding)
    return Sheet(None, _csv_rows(text, delimiter, header_rows))


def decode(fetched: Fetched, encoding: str) -> str:
    """The text of a file in its declared encoding, strictly."""
    for mark, name in BOMS:
        if fetched.data.startswith(mark) and codecs.lookup(encoding).name not in (
            codecs.lookup(name).name, codecs.lookup(name.removesuffix("-sig")).name,
        ):  # fmt: skip
            raise _wrong_encoding(fetched.file, encoding, f"begins with the mark of {name.removesuffix('-sig')}")
    try:
        text = fetched.data.decode(encoding)
    except UnicodeDecodeError as error:
        line = fetched.data.count(b"\n", 0, error.start) + 1
        raise _wrong_encoding(fetched.file, encoding, f"has a byte on line {line} that does not exist in it") from None
    if "\x00" in text[:10_000]:
        raise _wrong_encoding(fetched.file, encoding, "is full of NUL characters, as UTF-16 is when misread")
    return text.removeprefix("\ufeff")


def _wrong_encoding(file: str, encoding: str, problem: str) -> SourceError:
    return SourceError(
        "wrong_encoding",
        file,
        f"is not {encoding}: it {problem}.",
        "Correct `encoding` in the contract, or export it again.",
    )


def _csv_rows(text: str, delimiter: str, header_rows: int) -> Iterator[Row | BadRow]:
    csv.field_size_limit(MOST_CELL)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    before, width = 0, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(before + 1, "broken_row", f"Not CSV ({error}); expected one record. Correct the row.", "")
            before = reader.line_num
            continue
        number, before = before + 1, reader.line_num
        if number <= header_rows or not width:
            width = max(width, len(cells))
        if not any(cell.strip() for cell in cells):
            continue
        extra = [cell for cell in cells[width:] if cell.strip()]
        if extra:
            reason = f"Has {len(cells)} cells, expected {width}: a {delimiter!r} inside a value needs quotes. Correct the row."
            yield BadRow(number, "too_many_cells", reason, json.dumps(cells, ensure_ascii=False))
            continue
        if any(map(CONTROL.search, cells)):
            reason = "Has a control character in a value. Correct the row."
            yield BadRow(number, "control_character", reason, json.dumps(cells, ensure_ascii=False))
            continue
        yield Row(number, [as_cell(cell) for cell in cells[:width]])


def read_jsonl(fetched: Fetched, encoding: str) -> Sheet:
    """JSON lines as rows: the first row holds every key seen, in order of first sight."""
    text = decode(fetched, encoding)
    objects: list[tuple[int, dict[str, object]]] = []
    bad: list[BadRow] = []
    keys: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            bad.append(
                BadRow(
                    number, "broken_row", "Not a JSON object; expected one a line. Correct the line.", line[:MOST_CELL]
                )
            )
            continue
        objects.append((number, found))
        keys.update(dict.fromkeys(found))
    if not objects:
        raise SourceError("empty_file", fetched.file, "holds no JSON object.", "Ask for the export again.")

    def rows() -> Iterator[Row | BadRow]:
        yield Row(0, list(keys))
        yield from bad
        for number, found in objects:
            yield Row(number, [json_cell(found.get(key)) for key in keys])

    return Sheet(None, rows())


def as_cell(text: str) -> Cell:
    """A cell's text without outer space; null where nothing is left."""
    return text.strip() or None


def json_cell(value: object) -> Cell:
    """A JSON value as text: a list joined by semicolons, anything nested as JSON."""
    match value:
        case None:
            return None
        case str():
            return as_cell(value)
        case bool():
            return "true" if value else "false"
        case list() if all(isinstance(part, str | int | float) for part in value):
            return as_cell("; ".join(map(str, value)))
        case _:
            return as_cell(json.dumps(value, ensure_ascii=False))
