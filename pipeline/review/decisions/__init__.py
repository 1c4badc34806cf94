"""Deciding: on pairs and on groups, the second steward's word, taking back, and what a decision would do."""
