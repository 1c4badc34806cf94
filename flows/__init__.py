"""Prefect flows and the command line: the only home of Prefect. Read ``nightly`` first."""
