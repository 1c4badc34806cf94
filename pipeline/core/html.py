"""Pages of HTML from templates."""

from __future__ import annotations

import functools
import re

import jinja2
from markupsafe import Markup, escape


@functools.cache
def template(package: str, name: str) -> jinja2.Template:
    """A template of a package: all text that goes into it is escaped, and a name that it is not given is an error.

    The filter ``with_code`` sets what stands in backquotes, as in messages for a terminal, as code.
    """
    loader = jinja2.PackageLoader(package, "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["with_code"] = with_code
    return environment.get_template(name)


def with_code(text: str) -> Markup:
    """The text, escaped, with ``<code>`` around what stands in backquotes."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped before)
