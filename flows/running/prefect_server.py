"""Prefect's server without its browser pages (they call out), run by ``python -m flows.running.prefect_server FD`` (``local_server``).

It serves on the listening socket that it was given, and ends when its standard input does: with the process that began it,
also where that was killed and could do nothing itself.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time

GRACE_SECONDS = 5


def main() -> None:
    """Serve until told to end."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()
    import prefect.server.api.server  # noqa: F401, PLC0415
    import uvicorn  # noqa: PLC0415  (the parent may end meanwhile)

    gc.freeze()  # what is imported stays: it need not be looked through for garbage again and again
    gc.enable()
    app = "prefect.server.api.server:create_app"
    config = uvicorn.Config(
        app, factory=True, lifespan="on", log_level="critical", timeout_graceful_shutdown=GRACE_SECONDS
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2 * GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
