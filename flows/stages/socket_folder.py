"""Imported by the process that workers are forked from, and by no other: it removes the folder of its socket when it ends.

Python would have the night do so, which may be stopped or killed; this process then ends by itself, in the ordinary way.
"""

from __future__ import annotations

import atexit
import os
import shutil

SOCKET_FOLDER = "BOROUGHLINK_SOCKET_FOLDER"

if folder := os.environ.get(SOCKET_FOLDER):
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
