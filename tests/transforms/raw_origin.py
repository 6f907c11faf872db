"""An origin that sends exactly the bytes a test wants, and the dialler that records every connect to reach it."""

import socket
import threading
import time

from imgapis.base.outbound import fetch

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def answer(body: bytes = b"picture", status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: image/png", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class RawOrigin:
    """Listens on 127.0.0.1; `talk(connection, request)` sends what it likes. `requests` holds what was received."""

    def __init__(self, talk):
        self._talk = talk if callable(talk) else lambda connection, request: connection.sendall(talk)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            self.requests.append(request)
            try:
                self._talk(connection, request)
            except OSError:
                self.hung_up.set()


class Dialler:
    """Stands in for the network: every public address leads to one port of 127.0.0.1, and each connect is recorded."""

    def __init__(self, port: int | None = None, closed: tuple[str, ...] = ()):
        self.dialled: list[str] = []
        self._port = port
        self._closed = closed

    def __call__(self, address: str, port: int, seconds: float) -> socket.socket:
        """Connect; ConnectionRefusedError for a closed address."""
        self.dialled.append(address)
        if self._port is None or address in self._closed:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self._port), seconds)


class Names:
    """A resolver from a table; a list of lists gives another answer each time. `lookups` holds every host asked for."""

    def __init__(self, table: dict[str, list] | None = None):
        self._table = table
        self.lookups: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        """The answers for the host; OSError where it is unknown."""
        self.lookups.append(host)
        if self._table is None:
            return [PUBLIC]
        if host not in self._table:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self._table[host]
        return answers.pop(0) if answers and isinstance(answers[0], list) else answers


def get(url, *, dialler, names=None, seconds=2.0, max_bytes=100_000, permitted=lambda hop: True, **rules):
    """Fetch with stand-ins for the resolver and the network."""
    return fetch.fetch(
        url,
        deadline=time.monotonic() + seconds,
        max_bytes=max_bytes,
        permitted=permitted,
        rules=fetch.FetchRules(resolver=names or Names(), connect=dialler, **rules),
    )
