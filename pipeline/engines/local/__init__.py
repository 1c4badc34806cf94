"""The local engine: numba kernels over integer codes, on one machine.

``encode`` encodes records, ``blocks`` finds candidate pairs, ``letters`` and ``levels`` compare two values,
``pair_levels`` two records, ``scan`` weighs pairs; ``workspace`` and ``incremental`` put them behind the port.
"""
