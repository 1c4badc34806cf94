"""Numbers as charts write them."""

from __future__ import annotations


def signed(value: float) -> str:
    """A number with its sign and one decimal."""
    return f"{value:+z.1f}".replace("-", "\N{MINUS SIGN}")
