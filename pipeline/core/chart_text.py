"""Texts and numbers as charts write them."""

from __future__ import annotations


def plain(text: str) -> str:
    """A text that a chart shows as it is: no part of it is mathematics."""
    return text.replace("$", r"\$")


def signed(value: float) -> str:
    """A number with its sign and one decimal."""
    return f"{value:+z.1f}".replace("-", "\N{MINUS SIGN}")
