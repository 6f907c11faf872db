"""An SMTP server on loopback that can be unavailable, never greet, speak TLS from the first byte, or refuse a recipient
permanently (5xx) or temporarily (4xx)."""

import queue
import socketserver
import ssl
import threading
from collections.abc import Callable

Answer = Callable[[str], str]


class Dialogue(socketserver.StreamRequestHandler):
    """One SMTP connection (RFC 5321), as much as a client needs."""

    def handle(self) -> None:
        """Send the greeting, or 421 while the server is away; then accept mails until QUIT."""
        self.server.connections += 1
        if self.server.mute:
            self.rfile.read()  # until the client has gone
            return None
        if self.server.connections <= self.server.away:
            return self._say("421 away")
        self._say("220 ready")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            command = line[:4].upper()
            if command == "QUIT":
                return self._say("221 bye")
            if command == "DATA":
                if not self._take(recipients):
                    return None
                recipients = []
            else:
                reply = self.server.answer(line) if command == "RCPT" else "250 ok"
                recipients += [line] if command == "RCPT" and reply.startswith("250") else []
                self._say(reply)

    def _take(self, recipients: list[str]) -> bool:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.received.put((recipients, b"".join(lines).decode()))
        if self.server.received.qsize() <= self.server.silent:
            return False
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Answers 421 to the first `away` connections and nothing at all while it is `mute`; `answer` gives the reply to
    each RCPT line. `received` holds the accepted mails as (RCPT lines, message); after each of the first `silent` of
    them the connection closes without a reply."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        away: int = 0,
        answer: Answer = lambda line: "250 ok",
        silent: int = 0,
        mute: bool = False,
        tls: ssl.SSLContext | None = None,
    ):
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.mute, self.tls = mute, tls
        self.away, self.answer, self.silent, self.connections = away, answer, silent, 0
        self.received: queue.Queue[tuple[list[str], str]] = queue.Queue()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def get_request(self):
        """A connection, with TLS where the server has a certificate."""
        connection, address = super().get_request()
        return (self.tls.wrap_socket(connection, server_side=True) if self.tls else connection), address

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server_address[1]

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
