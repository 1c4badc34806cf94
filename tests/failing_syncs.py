"""A disk that takes no more syncs, for the process that asks for it: the kernel answers them with an error."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""By machine: the numbers of fsync and fdatasync"""
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
LOAD_NUMBER, IF_EQUAL, ANSWER = 0x20, 0x15, 0x06
ALLOW, ERROR = 0x7FFF_0000, 0x0005_0000


def fail_syncs() -> None:
    """From now on every sync of this thread fails (seccomp). It cannot be undone: call it in a process of its own."""
    first, second = SYNCS[platform.machine()]
    steps = [
        (LOAD_NUMBER, 0, 0, 0),
        (IF_EQUAL, 2, 0, first),
        (IF_EQUAL, 1, 0, second),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, ERROR | errno.EIO),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for call in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SECCOMP, FILTER, ctypes.byref(filters), 0, 0)):
        if prctl(*call):
            raise OSError(ctypes.get_errno(), "seccomp")
