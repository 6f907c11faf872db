"""A stricter HTTP/1 response parser than the standard library's: bounded heads, unambiguous framing."""

import http.client
import re
from collections.abc import Callable
from email.message import Message
from io import BufferedReader
from typing import Any

HEAD_BYTES = 65_536  # status line, headers and interim answers together
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}[ \t]*\r?\n?")
LENGTH = re.compile(r"[0-9]{1,18}")


class BrokenReply(http.client.HTTPException):
    """The origin's response is not well-formed HTTP/1.0 or HTTP/1.1."""


class BoundedHead:
    """The part of a reader that the parsing of a head uses, with a cap on what may be read."""

    def __init__(self, reader: BufferedReader):
        self._reader = reader
        self._left = HEAD_BYTES

    def readline(self, limit: int) -> bytes:
        """A line, as the wrapped reader has it; BrokenReply beyond the cap, RemoteDisconnected before any byte."""
        try:
            line = self._reader.readline(min(limit, self._left + 1))
        except ConnectionResetError as error:
            if self._left < HEAD_BYTES:
                raise
            raise http.client.RemoteDisconnected("reset before the answer") from error
        self._left -= len(line)
        if self._left < 0:
            raise BrokenReply("head too long")
        return line

    def close(self) -> None:
        """Close the wrapped reader."""
        self._reader.close()

    def flush(self) -> None:
        """Flush the wrapped reader, which `http.client` does on closing."""
        self._reader.flush()


class StrictResponse(http.client.HTTPResponse):
    """An `http.client` response whose head is bounded and whose length can be read in one way only."""

    fp: Any  # a BoundedHead while the head is read
    _close_conn: Callable[[], None]  # of `http.client`, whose annotations leave it out

    def begin(self) -> None:
        """Read the head; BrokenReply where it is too long, malformed or ambiguous."""
        reader = self.fp
        self.fp = BoundedHead(reader)
        super().begin()
        if self.fp is not None:
            self.fp = reader
        check_framing(self.headers)

    def _read_next_chunk_size(self) -> int:
        # The standard library parses with int(), which accepts "-1" for "read until the end", and "0x5", "1_0", "+5".
        line = self.fp.readline(1024)
        match = CHUNK_SIZE.fullmatch(line.partition(b";")[0])
        if not match or not line.endswith(b"\n"):
            self._close_conn()
            raise ValueError("bad chunk size")
        return int(match[0], 16)


def check_framing(headers: Message) -> None:
    """BrokenReply unless every header is well formed and at most one header states the length (R3)."""
    if headers.defects or headers.get_payload() or not all(TOKEN.fullmatch(name) for name in headers):
        raise BrokenReply("malformed header")
    lengths = headers.get_all("content-length", [])
    codings = headers.get_all("transfer-encoding", [])
    if len(lengths) + len(codings) > 1:
        raise BrokenReply("more than one statement of the length")
    if lengths and not LENGTH.fullmatch(lengths[0].strip()):
        raise BrokenReply("malformed length")
    if codings and codings[0].strip().lower() != "chunked":
        raise BrokenReply("unknown transfer coding")
