"""A customer's webhook receiver: records each POST and answers with the statuses that the test sets."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class ReceivedRequest:
    """One POST as received; header names are lower-case."""

    path: str
    headers: dict[str, str]
    body: bytes


class HookServer:
    """`posted` are the requests received; `answers` are the statuses of the next ones, then 200. A 3xx redirects to
    `/elsewhere` on this server."""

    def __init__(self):
        self.posted: list[ReceivedRequest] = []
        self.answers: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.posted.append(ReceivedRequest(self.path, headers, body))
                status = server.answers.pop(0) if server.answers else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                """Quiet."""

        return Handler
