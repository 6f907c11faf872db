"""Messages over pipes: a frame is a JSON head and a body of bytes, each with its length before it."""

import json
import os
import select
import struct
import time

_LENGTHS = struct.Struct(">IQ")
HEAD_LIMIT = 1 << 20
BODY_LIMIT = 1 << 29


class PipeClosed(Exception):
    """The other end is gone, or sent a malformed frame: the pipe is unusable."""


class DeadlinePassed(Exception):
    """The deadline passed before the whole frame went through."""


def send(fd: int, head: dict, body: bytes, deadline: float | None = None) -> None:
    """Write one frame; `deadline` is in time.monotonic() seconds and needs a non-blocking `fd`."""
    head_bytes = json.dumps(head).encode()
    _write(fd, _LENGTHS.pack(len(head_bytes), len(body)) + head_bytes, deadline)
    _write(fd, body, deadline)


def receive(fd: int, deadline: float | None = None) -> tuple[dict, bytearray]:
    """Read one frame; raises Closed at the end of the stream and Late at the deadline."""
    head_length, body_length = _LENGTHS.unpack(_read(fd, _LENGTHS.size, deadline))
    if head_length > HEAD_LIMIT or body_length > BODY_LIMIT:
        raise PipeClosed
    head_bytes = _read(fd, head_length, deadline)
    try:
        head = json.loads(head_bytes)
    except ValueError as error:
        raise PipeClosed from error
    if not isinstance(head, dict):
        raise PipeClosed
    return head, _read(fd, body_length, deadline)


def _write(fd: int, data: bytes, deadline: float | None) -> None:
    remaining = memoryview(data)
    while remaining:
        _wait(fd, select.POLLOUT, deadline)
        try:
            remaining = remaining[os.write(fd, remaining) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise PipeClosed from error


def _read(fd: int, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    remaining = memoryview(data)
    while remaining:
        _wait(fd, select.POLLIN, deadline)
        try:
            count = os.readv(fd, [remaining])
        except BlockingIOError:
            continue
        except OSError as error:
            raise PipeClosed from error
        if count == 0:
            raise PipeClosed
        remaining = remaining[count:]
    return data


def _wait(fd: int, event: int, deadline: float | None) -> None:
    """poll() rather than select(): a server with many sockets has descriptors above 1,023."""
    if deadline is None:
        return
    poll = select.poll()
    poll.register(fd, event)
    remaining = deadline - time.monotonic()
    if remaining <= 0 or not poll.poll(remaining * 1000):
        raise DeadlinePassed
