"""A proxy before DynamoDB Local that fails charges as AWS does: conflicts, lost replies, throttling, its own faults."""

import http.client
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALMOST = 1 - 1e-6  # so that a share of 0.9 fails nine times before it passes once
PREFIX = "com.amazonaws.dynamodb.v20120810#"
CONFLICT = {
    "__type": PREFIX + "TransactionCanceledException",
    "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
    "CancellationReasons": [{"Code": "None"}, {"Code": "None"}, {"Code": "TransactionConflict"}],
}
THROTTLED = {"__type": PREFIX + "ThrottlingException", "message": "Rate exceeded"}
OVERRUN = {
    "__type": PREFIX + "ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}
BROKEN = {"__type": PREFIX + "InternalServerError", "message": "Internal server error"}
ANSWERS = {
    "conflict": (400, CONFLICT),
    "throttle": (400, THROTTLED),
    "overrun": (400, OVERRUN),
    "broken": (500, BROKEN),
}


class DynamoProxy:
    """`fault` is what happens to a share of the TransactWriteItems: a name in ANSWERS (never forwarded), or
    `lost` (forwarded and written, the reply dropped). The share is spread evenly and begins with the fault: at 0.9
    nine fail, the tenth passes. `seen` counts charges by what became of them."""

    def __init__(self, target_port: int, port: int):
        self.target_port, self.port = target_port, port
        self.fault, self.share = "", 0.0
        self.seen: Counter[str] = Counter()
        self._owed = ALMOST
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def fail(self, fault: str, share: float) -> None:
        """From now on, fail this share of the charges so; the counts start anew."""
        with self._lock:
            self.fault, self.share = fault, share
            self._owed = ALMOST
            self.seen.clear()

    def fate(self, operation: str) -> str:
        """What happens to a call: a fault, or `passed`."""
        with self._lock:
            if operation != "TransactWriteItems":
                return "passed"
            self._owed += self.share
            fate = self.fault if self._owed >= 1 else "passed"
            self._owed -= fate != "passed"
            self.seen[fate] += 1
            return fate

    def forward(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The engine's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=20)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fate = proxy.fate(self.headers["X-Amz-Target"].partition(".")[2])
                if fate in ANSWERS:
                    status, error_body = ANSWERS[fate]
                    return self.say(status, json.dumps(error_body).encode())
                status, response_body = proxy.forward(dict(self.headers), body)
                if fate == "lost":
                    self.close_connection = True
                    return None
                return self.say(status, response_body)

            def say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Log nothing."""

        return Handler
