"""Pages of HTML from templates."""

from __future__ import annotations

import jinja2


def template(package: str, name: str) -> jinja2.Template:
    """A template of a package: all text that goes into it is escaped, and a name that it is not given is an error."""
    loader = jinja2.PackageLoader(package, "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(name)
