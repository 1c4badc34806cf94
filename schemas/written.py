"""Files that people write, YAML and TOML: what stands in them, and in plain words where and why they do not fit."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.errors import SettingsError
from schemas import yaml_words

CHOICES = re.compile(r"(literal|tuple|list|dict|constrained|function)\W.*")
"""What pydantic calls one of the forms that a setting may have, in the place of a name"""
WORDS = {
    "tuple_type": "must be a list, such as [one, two]",
    "list_type": "must be a list, such as [one, two]",
    "dict_type": "must be names with values, such as `name: value`",
    "model_type": "must be names with values, such as `name: value` (with a space behind the colon)",
    "string_type": "must be text (in YAML: in quotes)",
    "missing": "is missing",
    "path_type": "must be a path",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number, such as 0.02"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "must be a day, year first, such as 2026-11-20",
    ),
}
NAME, WEB_ADDRESS = r"^[a-z][a-z0-9_]*$", r"^https?://"
FORMS = {
    NAME: "must be of small letters, digits and _, and begin with a letter, such as youth_offending",
    WEB_ADDRESS: "must begin with https:// or http://",
}
"""Patterns of settings, and what they ask for"""
COUNTED = {
    "too_short": "must have {min_length} or more items",
    "too_long": "must have {max_length} items at most",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} characters at most",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} at most",
}
"""What pydantic says with a number in it"""


MERGE, TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"
Place = tuple[str | int, ...]
"""Where something stands in a file: names, and positions in lists from 0"""


class Problem(NamedTuple):
    """What is wrong with a file whose every setting is of the right kind."""

    text: str
    place: Place = ()
    """The setting, where it is one"""


class ProblemsError(ValueError):
    """Raised by the checks of a model, for ``wrongs`` to put into words."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("; ".join(problem.text for problem in self.problems))


class _Names(yaml.SafeLoader):
    """YAML of plain values whose names are text, whatever YAML takes ``on``, ``no`` or ``1`` for, and stand once.

    Of a name that stands twice the first would be lost without a word.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    problem = f"{key.value!r} {yaml_words.SECOND_TIME}"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                names.add(key.value)
                if key.tag != MERGE:
                    key.tag = TEXT
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> dt.date:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:  # such as 31 November
            problem = f"there is no day or time {node.value}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


_Names.add_constructor("tag:yaml.org,2002:timestamp", _Names.construct_yaml_timestamp)


def read_yaml(path: Path) -> Any:  # noqa: ANN401  (what people wrote)
    """What a YAML file says; None where it says nothing.

    Raises:
        SettingsError: If it cannot be read, is not YAML, or gives a name twice; says on which line.
    """
    text = _text(path)
    try:
        return yaml.load(text, _Names)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        problem = f"cannot be read as YAML, {yaml_words.told(error, text)}"
    except yaml.YAMLError as error:
        problem = f"cannot be read as YAML: {str(error).splitlines()[0]}"
    raise SettingsError(str(path), problem)


def line_numbers(path: Path) -> dict[Place, int]:
    """The line of every name and list item of a YAML file that ``read_yaml`` has read."""
    root = yaml.compose(_text(path), yaml.SafeLoader)
    return {} if root is None else dict(_lines_below(root, ()))


def _lines_below(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines_below(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield (*place, position), item.start_mark.line + 1
            yield from _lines_below(item, (*place, position))


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        SettingsError: If it cannot be read, or is not TOML; says on which line.
    """
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), f"cannot be read as TOML: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(str(path), "is not there", "Is its path written right?") from None
    except IsADirectoryError:
        raise SettingsError(str(path), "is a folder, and no file", "Name the file in it.") from None
    except OSError as error:
        raise SettingsError(str(path), f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(str(path), f"is not UTF-8 text: see line {line}", "Save it as UTF-8.") from None


def wrongs(error: ValidationError, model: type[BaseModel], lines: Mapping[Place, int] | None = None) -> str:
    """What does not fit, setting by setting; no value is shown, for it may be a secret.

    Args:
        error: what pydantic found.
        model: that the file should fit.
        lines: as ``line_numbers`` gives them, where the file has lines.
    """
    by_place: dict[Place, list[str]] = {}
    parts = error.errors(include_input=False)
    for part in parts:
        if part["type"] == "too_short" and any(_is_below(other["loc"], part["loc"]) for other in parts):
            continue  # it is short of the items that are wrong
        place = tuple(name for name in part["loc"] if not CHOICES.fullmatch(str(name)))
        cause = part.get("ctx", {}).get("error")
        if isinstance(cause, ProblemsError):
            texts = [_with_line(problem.text, (*place, *problem.place), lines or {}) for problem in cause.problems]
            by_place.setdefault((), []).append("; ".join(texts))
        else:
            by_place.setdefault(place, []).append(in_words(part, model))
    return "; ".join(_of_setting(place, texts, lines or {}) for place, texts in by_place.items())


def _is_below(place: Place, above: Place) -> bool:
    return len(place) > len(above) and place[: len(above)] == above


def _of_setting(place: Place, texts: Iterable[str], lines: Mapping[Place, int]) -> str:
    text = " or ".join(dict.fromkeys(texts))
    return _with_line(f"{'.'.join(map(_name, place))}: {text}", place, lines) if place else text


def _with_line(text: str, place: Place, lines: Mapping[Place, int]) -> str:
    """The text after the line of what it is about, or of what that stands in."""
    above = (place[:length] for length in range(len(place), 0, -1))
    line = next((lines[part] for part in above if part in lines), None)
    return text if line is None else f"line {line}: {text}"


def _name(part: str | int) -> str:
    """A setting's name, or its place in a list as a person counts."""
    return part if isinstance(part, str) else str(part + 1)


def in_words(part: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with one setting or cell."""
    kind = part["type"]
    if kind == "extra_forbidden":
        return f"is not known{_near_setting(part['loc'], model)}"
    if kind == "value_error":
        return str(part["ctx"]["error"])
    if kind in COUNTED:
        return COUNTED[kind].format_map(part["ctx"])
    if kind == "string_pattern_mismatch" and part["ctx"]["pattern"] in FORMS:
        return FORMS[part["ctx"]["pattern"]]
    return WORDS.get(kind) or str(part["msg"]).replace("Input should be", "must be", 1)


def _near_setting(place: Place, model: type[BaseModel]) -> str:
    """A hint at the setting that is most like an unknown one, with where it belongs if that is elsewhere; empty where none is."""
    *above, unknown = map(str, place)
    settings = list(_settings(model.model_json_schema()))
    beside = [names[-1] for names in settings if list(names[:-1]) == above]
    if hint := near(unknown, beside):
        return hint
    by_name = {names[-1]: names for names in reversed(settings)}
    matches = difflib.get_close_matches(unknown.casefold(), by_name, n=1)
    if not matches:
        return ""
    *parents, name = by_name[matches[0]]
    where = f", indented below {parents[-1]}" if parents else " at the beginning of a line"
    return f" (did you mean {name}{where}?)"


def _settings(schema: dict[str, Any], part: dict[str, Any] | None = None) -> Iterator[tuple[str, ...]]:
    """Each setting of a model as the names that lead to it, from the outermost."""
    for name, setting in (schema if part is None else part).get("properties", {}).items():
        yield (name,)
        forms = (setting, *setting.get("anyOf", ()), setting.get("additionalProperties"))
        for reference in (form["$ref"] for form in forms if isinstance(form, dict) and "$ref" in form):
            yield from ((name, *names) for names in _settings(schema, schema["$defs"][reference.rpartition("/")[2]]))


def with_near(unknown: Iterable[str], names: Collection[str]) -> str:
    """The unknown names in order, each with the hint of ``near``."""
    return ", ".join(f"{name}{near(name, names)}" for name in sorted(unknown))


def near(text: str, names: Iterable[str]) -> str:
    """A hint at the known name that is most like it; empty where none is."""
    by_fold = {name.casefold(): name for name in sorted(names)}
    matches = difflib.get_close_matches(text.casefold(), by_fold, n=1)
    return f" (did you mean {by_fold[matches[0]]}?)" if matches else ""
