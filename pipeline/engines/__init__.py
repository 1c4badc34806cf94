"""Engines carry out a linkage model; all of them give the same candidate pairs, levels and weights."""
