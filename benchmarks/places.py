"""Folders of the benchmark."""

from __future__ import annotations

from pipeline.core.places import ROOT

HERE = ROOT / "benchmarks"
CACHE = HERE / "cache"
"""prepared sets, outputs, logs and raw results: git-ignored, may be deleted"""
OWN_KERNELS = ROOT / "pipeline" / "engines" / "__pycache__"
"""where boroughlink keeps its compiled kernels by itself"""
BENCH = ROOT.parent / "shared" / "bench"
"""labelled sets that are not ours, where somebody put them there"""
