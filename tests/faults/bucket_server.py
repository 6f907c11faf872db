"""A bucket of our own that can fail in every way an S3 server does; it knows the two calls a picture makes."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = ("429", "503", "silent", "cut", "flipped", "reset")


class BucketServer:
    """`fault` is what happens to every call: a name of FAULTS; empty: nothing. `stored` holds (body, headers)."""

    def __init__(self):
        self.fault = ""
        self.stored: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving, the silent calls included."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self._fails():
                    return
                stored_headers = {
                    k.lower(): v for k, v in self.headers.items() if k.lower().startswith(("x-amz-meta", "content-t"))
                }
                bucket.stored[self.path] = (body, stored_headers)
                self._say(200)

            def do_GET(self):
                if self._fails():
                    return
                if self.path not in bucket.stored:
                    self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")
                    return
                body, headers = bucket.stored[self.path]
                if bucket.fault == "flipped":
                    body = bytes([body[0] ^ 1]) + body[1:]
                self._say(200, body, headers, cut=bucket.fault == "cut")

            def _fails(self) -> bool:
                fault = bucket.fault
                if fault in ("429", "503"):
                    code = {"429": "TooManyRequests", "503": "SlowDown"}[fault]
                    self._say(int(fault), f"<Error><Code>{code}</Code></Error>".encode())
                elif fault == "silent":
                    bucket.over.wait(60)
                elif fault == "reset":
                    self.close_connection = True
                return fault in ("429", "503", "silent", "reset")

            def _say(self, status, body=b"", headers=None, cut=False):
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection |= cut

            def log_message(self, *args):
                """Log nothing."""

        return Handler
