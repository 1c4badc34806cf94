"""A web server on this machine that keeps what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Webhook:
    url: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook(*first_answers: int, location: str | None = None) -> Iterator[Webhook]:
    """It answers with these statuses first, and then that all is well; with ``location`` each of its answers names another place."""
    taken, answers = Webhook(), [*first_answers]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.headers.append(dict(self.headers))
            taken.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 204)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def do_GET(self) -> None:
            taken.headers.append(dict(self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
