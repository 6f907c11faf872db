"""A mail server on loopback that can be away, refuse an address for good, or refuse it for now."""

import queue
import socketserver
import threading
from collections.abc import Callable

Answer = Callable[[str], str]


class Dialogue(socketserver.StreamRequestHandler):
    """One SMTP connection (RFC 5321), as much as a client needs."""

    def handle(self) -> None:
        """Greet, or say that we are away; then take mails."""
        self.server.connections += 1
        if self.server.connections <= self.server.away:
            return self._say("421 away")
        self._say("220 ready")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "QUIT":
                return self._say("221 bye")
            if word == "DATA":
                if not self._take(recipients):
                    return None
                recipients = []
            else:
                said = self.server.answer(line) if word == "RCPT" else "250 ok"
                recipients += [line] if word == "RCPT" and said.startswith("250") else []
                self._say(said)

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
    """Away for the first `away` connections; `answer` decides about each RCPT line. `received` holds what was taken;
    of the first `silent` of them it breaks off before it says so."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, away: int = 0, answer: Answer = lambda line: "250 ok", silent: int = 0):
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.away, self.answer, self.silent, self.connections = away, answer, silent, 0
        self.received: queue.Queue[tuple[list[str], str]] = queue.Queue()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_address[1]

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
