"""Persons: one golden record each, where every value came from, identities that last, and questions for stewards."""
