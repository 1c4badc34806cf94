"""Contracts: of tables, of sources, of models, of settings."""
