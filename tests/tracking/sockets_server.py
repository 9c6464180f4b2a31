"""API Gateway's management API over loopback: takes messages for sockets, some of which are gone, slow or refusing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


@dataclass
class Sockets:
    """What every socket received, and how those that are not well behave."""

    url: str = ""
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)

    def told(self, connection_id: str, type_: str | None = None) -> list[dict[str, Any]]:
        """The messages of one socket, in order."""
        return [m for to, m in self.received if to == connection_id and type_ in (None, m["type"])]


@contextmanager
def serve_sockets() -> Iterator[Sockets]:
    """The management API until the block ends."""
    sockets = Sockets()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256")
            connection_id = unquote(self.path.rpartition("/@connections/")[2])
            if connection_id in sockets.silent:
                sockets.released.wait(60)
                self.close_connection = True
                return
            if connection_id in sockets.gone:
                self._answer(410, "GoneException")
            elif connection_id in sockets.broken:
                self._answer(500, "InternalServerError")
            else:
                sockets.received.append((connection_id, message))
                self._answer(200, "")

        def _answer(self, status: int, error: str) -> None:
            self.send_response(status)
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sockets.url = f"http://127.0.0.1:{server.server_address[1]}/live"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sockets
    finally:
        sockets.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
