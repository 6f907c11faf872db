"""A proxy that holds one call before or after an engine has done it, so that a moment can be pinned from outside."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_SECONDS = 30.0


class HoldingProxy:
    """Forwards everything to a port of this machine. `hold(what, when)` stops the calls that `what(method, body)`
    picks, `before` they are forwarded or `after`, with the answer in hand; `reached` is set when one is held.
    `release()` lets them go on, `drop()` ends them where they stand."""

    def __init__(self, target_port: int, port: int):
        self.target_port = target_port
        self.reached, self._free = threading.Event(), threading.Event()
        self._picks: Callable[[str, bytes], bool] | None = None
        self._dropped = False
        self._when = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # who was killed hangs up

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Let everything go and stop serving."""
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def hold(self, picks: Callable[[str, bytes], bool], when: str) -> None:
        """Hold from now on."""
        self.reached.clear()
        self._free.clear()
        self._picks, self._when, self._dropped = picks, when, False

    def release(self) -> None:
        """Let everything go, what comes included."""
        self._picks = None
        self._free.set()

    def drop(self) -> None:
        """End what is held: it goes no further. What comes later goes on."""
        self._dropped = True
        self.release()

    def held(self, when: str, method: str, body: bytes) -> bool:
        """Block while the call is one to hold at this moment; True where it was dropped."""
        picks = self._picks
        if not picks or when != self._when or not picks(method, body):
            return False
        self.reached.set()
        self._free.wait(LONGEST_SECONDS)
        return self._dropped

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes):
        """The engine's own answer: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in ("expect", "connection"):
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = dict(self.headers)
                if proxy.held("before", self.command, body):
                    self.close_connection = True
                    return
                status, response_headers, response_body = proxy.forward(self.command, self.path, headers, body)
                proxy.held("after", self.command, body)
                self.send_response_only(status)
                for name, value in response_headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(response_body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else response_body)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_any

            def log_message(self, *args):
                """Log nothing."""

        return Handler
