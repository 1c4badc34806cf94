"""Explain: why two records are linked or not, and how a person holds together."""
