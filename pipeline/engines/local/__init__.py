"""The local engine: numba kernels over integer codes, on one machine.

``encode`` encodes records, ``blocks`` finds candidate pairs, ``levels`` compares two values, ``scan`` compares pairs,
``engine`` puts them behind the port.
"""
