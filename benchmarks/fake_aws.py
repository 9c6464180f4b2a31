"""An AWS on loopback for first requests: an empty store, a bus that takes everything, settings that are given.

Only the protocol is real, so that a cold start pays for its client, its signature and its connection; what is asked is
counted. Anything unforeseen is answered 400 and fails the measurement.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeAws:
    """Where it is, and what it was asked since the last `take_calls`."""

    url: str
    settings: Mapping[str, Any]
    """SSM parameters by the last part of their name."""
    calls: list[str] = field(default_factory=list)

    def take_calls(self) -> list[str]:
        """The operations since the last time."""
        taken, self.calls[:] = list(self.calls), []
        return taken

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """The reply to `DynamoDB.GetItem` and the like; None for what is not foreseen."""
        self.calls.append(operation)
        match operation:
            case "DynamoDB.GetItem" | "DynamoDB.TransactWriteItems" | "DynamoDB.PutItem" | "DynamoDB.UpdateItem":
                return {}
            case "DynamoDB.BatchGetItem":
                return {"Responses": {name: [] for name in asked["RequestItems"]}, "UnprocessedKeys": {}}
            case "DynamoDB.Query":
                return {"Items": [], "Count": 0, "ScannedCount": 0}
            case "AmazonSSM.GetParameter":
                value = json.dumps(self.settings[asked["Name"].rpartition("/")[2]])
                return {"Parameter": {"Name": asked["Name"], "Type": "String", "Value": value}}
            case "AWSEvents.PutEvents":
                return {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n in range(len(asked["Entries"]))]}
        return None


@contextmanager
def serving(settings: Mapping[str, Any]) -> Iterator[FakeAws]:
    """A fake AWS for as long as the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    fake = FakeAws(f"http://127.0.0.1:{server.server_port}", settings)
    _Handler.fake = fake
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeAws

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service, _, operation = self.headers.get("X-Amz-Target", "?.?").partition(".")
        reply = self.fake.answer(f"{service.partition('_')[0]}.{operation}", asked)
        content = json.dumps({"__type": "UnknownOperation"} if reply is None else reply).encode()
        self.send_response(400 if reply is None else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what was asked is in `calls`."""
