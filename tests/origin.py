"""A customer's web server: real sockets, pictures by path, and a count of what was asked."""

import io
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (320, 200), colour: str = "#c04020") -> bytes:
    """A small picture of our own: a plain colour with a lighter quarter, so that turning it shows."""
    image = Image.new("RGB", size, colour)
    image.paste("#40c0f0", (0, 0, size[0] // 2, size[1] // 2))
    target = io.BytesIO()
    image.save(target, kind)
    return target.getvalue()


STALL_SECONDS = 9.0


class Origin:
    """`pictures` maps a path to its bytes; `/slow/…` waits half a second first, `/stalled/…` until
    `go_on` is set, STALL_SECONDS at most; `requests` counts them by path; `statuses` maps a path to the status of its
    refusals; `extra_headers` go with every answer to GET, `headers` with those of a path; `heads` and `head_statuses`
    are the same of HEAD."""

    def __init__(self, port: int):
        self.port = port
        self.go_on = threading.Event()
        self.requests: Counter[str] = Counter()
        self.pictures = {"/shoe.jpg": picture(), "/hat.png": picture("PNG"), "/not.jpg": b"<html>no picture</html>"}
        self.statuses: dict[str, int] = {}
        self.heads: Counter[str] = Counter()
        self.head_statuses: dict[str, int] = {}
        self.extra_headers: dict[str, str] = {}
        self.headers: dict[str, dict[str, str]] = {}
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

    def answer(self, path: str) -> bytes | None:
        """The bytes of a path, counted."""
        with self._lock:
            self.requests[path] += 1
        if path.startswith("/slow/"):
            time.sleep(0.5)  # a slow source is the subject of the test
            return self.pictures["/shoe.jpg"]
        if path.startswith("/stalled/"):
            self.go_on.wait(STALL_SECONDS)
            return self.pictures["/shoe.jpg"]
        return self.pictures["/shoe.jpg"] if path.startswith("/any/") else self.pictures.get(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = unquote(self.path)
                body = origin.answer(path)
                refusal = origin.statuses.get(path, 404 if body is None else None)
                body = b"" if refusal else body
                self.send_response(refusal or 200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(body or b"")))
                for name, value in (origin.extra_headers | origin.headers.get(path, {})).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body or b"")

            def do_HEAD(self):
                path = unquote(self.path)
                with origin._lock:
                    origin.heads[path] += 1
                is_there = path.startswith("/any/") or path in origin.pictures
                self.send_response(origin.head_statuses.get(path, 200 if is_there else 404))
                self.send_header("Content-Type", "image/jpeg")
                self.end_headers()

            def log_message(self, *args):
                """Quiet."""

        return Handler
