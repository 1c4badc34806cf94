"""Prefect flows and the command line: the only home of Prefect. Read ``nightly`` first.

Here lie the ways in: ``cli``, ``nightly``, and ``served``, which deployments name. The rest is in rooms, each of which imports only
what stands below it: ``commands``; ``running``, ``doctor`` and ``any_table``; ``stages``; ``continuing`` and ``stewards``; ``night``.
"""
