"""Files that people write, YAML and TOML: what stands in them, and in plain words where and why they do not fit."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.errors import SettingsError

CHOICES = re.compile(r"(literal|tuple|list|dict|constrained|function)\W.*")
"""What pydantic calls one of the forms that a setting may have, in the place of a name"""
WORDS = {
    "tuple_type": "must be a list, such as [one, two]",
    "list_type": "must be a list, such as [one, two]",
    "dict_type": "must be names with values, such as `name: value`",
    "model_type": "must be names with values, such as `name: value`",
    "string_type": "must be text (in YAML: in quotes)",
    "missing": "is missing",
}


class _EachOnce(yaml.SafeLoader):
    """YAML of plain values that does not let a name stand twice, where the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands there a second time", problem_mark=key.start_mark)  # fmt: skip
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:  # noqa: ANN401  (what people wrote)
    """What a YAML file says; None where it says nothing.

    Raises:
        SettingsError: If it cannot be read, is not YAML, or gives a name twice; says on which line.
    """
    try:
        return yaml.load(_text(path), _EachOnce)  # noqa: S506  (a safe loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = f"cannot be read as YAML{where}: {error.problem or error.context}"
    except yaml.YAMLError as error:
        problem = f"cannot be read as YAML: {str(error).splitlines()[0]}"
    raise SettingsError(str(path), problem)


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
    except OSError as error:
        raise SettingsError(str(path), f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(str(path), f"is not UTF-8 text: see line {line}", "Save it as UTF-8.") from None


def wrongs(error: ValidationError, model: type[BaseModel]) -> str:
    """What does not fit, setting by setting; no value is told, for it may be a secret."""
    found: dict[str, list[str]] = {}
    for part in error.errors(include_input=False):
        place = ".".join(_name(name) for name in part["loc"] if not CHOICES.fullmatch(str(name)))
        found.setdefault(place, []).append(in_words(part, model))
    return "; ".join(
        f"{place}: {' or '.join(dict.fromkeys(own))}" if place else " or ".join(own) for place, own in found.items()
    )


def _name(part: str | int) -> str:
    """A setting's name, or its place in a list as a person counts."""
    return part if isinstance(part, str) else str(part + 1)


def in_words(part: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with one setting or cell."""
    kind = part["type"]
    if kind == "extra_forbidden":
        return f"is not known{near(str(part['loc'][-1]), _names(model.model_json_schema()))}"
    if kind == "value_error":
        return str(part["ctx"]["error"])
    return WORDS.get(kind) or str(part["msg"]).replace("Input should be", "must be", 1)


def _names(schema: dict[str, Any]) -> list[str]:
    parts = (schema, *schema.get("$defs", {}).values())
    return [name for part in parts for name in part.get("properties", ())]


def near(text: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like it; empty where none is."""
    by_case = {name.casefold(): name for name in sorted(known)}
    found = difflib.get_close_matches(text.casefold(), by_case, n=1)
    return f" (did you mean {by_case[found[0]]}?)" if found else ""
