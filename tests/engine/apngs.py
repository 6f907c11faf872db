"""PNGs and APNGs made chunk by chunk."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAGIC = b"\x89PNG\r\n\x1a\n"
SCREEN = (24, 16)
RED, GREEN, BLUE, YELLOW = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 0, 255)
CLEAR, HALF = (0, 0, 0, 0), (255, 0, 0, 128)
KEEP, BACKGROUND, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1


@dataclass(frozen=True)
class Part:
    """A frame of one colour: RGBA levels, where it stands, and its control chunk."""

    ink: tuple[int, int, int, int]
    at: tuple[int, int] = (0, 0)
    size: tuple[int, int] = SCREEN
    dispose: int = KEEP
    blend: int = SOURCE
    delay: tuple[int, int] = (1, 10)

    @property
    def data(self) -> bytes:
        """The compressed pixels."""
        return packed(self.ink, self.size)


def packed(ink: tuple[int, ...], size: tuple[int, int]) -> bytes:
    """The compressed pixels of a picture of one colour."""
    return zlib.compress((b"\0" + bytes(ink) * size[0]) * size[1])


def chunk(name: bytes, body: bytes = b"") -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(size: tuple[int, int], depth: int = 8, colour: int = 6, interlaced: int = 0) -> bytes:
    """The IHDR chunk; colour type 6 is RGBA."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlaced))


def control(number: int, part: Part) -> bytes:
    """The fcTL chunk of a frame."""
    body = struct.pack(">IIIII", number, *part.size, *part.at) + struct.pack(">HH", *part.delay)
    return chunk(b"fcTL", body + bytes([part.dispose, part.blend]))


def written(
    parts: Sequence[Part],
    screen: tuple[int, int] = SCREEN,
    default: tuple[int, ...] | None = None,
    pieces: int = 1,
    empty: bool = False,
    plays: int = 0,
    declared: int | None = None,
) -> bytes:
    """The bytes of an APNG.

    `default` is the colour of a default image that is no part of the animation; the data of each frame is in so many
    `pieces`, with chunks of no data among them if `empty`; `declared` is the number of frames that acTL names.
    """
    chunks = [
        MAGIC,
        header(screen),
        chunk(b"acTL", struct.pack(">II", len(parts) if declared is None else declared, plays)),
    ]
    if default:
        chunks.append(chunk(b"IDAT", packed(default, screen)))
    number = 0
    for index, part in enumerate(parts):
        chunks.append(control(number, part))
        number += 1
        for piece in _pieces(part.data, pieces, empty):
            if index == 0 and not default:
                chunks.append(chunk(b"IDAT", piece))
            else:
                chunks.append(chunk(b"fdAT", struct.pack(">I", number) + piece))
                number += 1
    return b"".join([*chunks, chunk(b"IEND")])


def _pieces(data: bytes, count: int, empty: bool) -> Iterable[bytes]:
    size = -(-len(data) // count)
    for at in range(0, len(data), size):
        yield data[at : at + size]
        if empty:
            yield b""
