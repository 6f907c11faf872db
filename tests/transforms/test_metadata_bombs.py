"""Pictures whose metadata is the weapon: ignored or refused, bounded in memory, and nobody else notices (I8)."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.origin import picture
from tests.transforms.web_client import ask
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.render.pool import Pool
from transforms.serving import rendering

pytestmark = pytest.mark.prove

INFLATED = 200_000_000
MOST_MORE = 64_000_000


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes) -> bytes:
    """A small PNG with chunks before its pixels."""
    data = picture("PNG", (64, 48))
    return data[:33] + b"".join(chunks) + data[33:]


def compressed_text() -> bytes:
    """A text that is two hundred megabytes once it is inflated."""
    compressor = zlib.compressobj(9)
    return b"".join(compressor.compress(bytes(1_000_000)) for _ in range(INFLATED // 1_000_000)) + compressor.flush()


def jpeg_with(segment: bytes, count: int = 1) -> bytes:
    """A small JPEG with APP1 segments."""
    data = picture("JPEG", (64, 48))
    return data[:2] + (b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment) * count + data[2:]


def looped_ifd() -> bytes:
    """EXIF whose directories point at each other for ever."""
    entry = struct.pack("<HHII", 0x0112, 3, 1, 1)
    first = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 26)
    second = struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    return jpeg_with(b"Exif\0\0" + first + second)


def large_exif() -> bytes:
    """An EXIF of four megabytes in a PNG, where it may be one chunk."""
    exif = Image.Exif()
    exif[0x010E] = "x" * 4_000_000
    return png_with(chunk(b"eXIf", exif.tobytes()[6:]))


BOMBS = {
    "a text that inflates to 200 MB": lambda: png_with(chunk(b"zTXt", b"Comment\0\0" + compressed_text())),
    "an international one": lambda: png_with(chunk(b"iTXt", b"Comment\0\1\0\0\0" + compressed_text())),
    "a profile that inflates to 200 MB": lambda: png_with(chunk(b"iCCP", b"icc\0\0" + compressed_text())),
    "two hundred thousand chunks": lambda: png_with(*[chunk(b"tEXt", b"k\0v")] * 200_000),
    "four thousand segments": lambda: jpeg_with(b"http://ns.adobe.com/xap/1.0/\0" + b"x" * 4_000, 4_000),
    "directories that point at each other": looped_ifd,
    "an EXIF of 4 MB": large_exif,
}


@pytest.fixture
def pool():
    """One render process of our own, so that its memory can be read."""
    render_pool = Pool(processes=1, queue=4, seconds=60.0, memory_bytes=2_500_000_000, spares=0)
    yield render_pool
    render_pool.close()


def peak(pid: int) -> int:
    """The most memory a process has held, in bytes."""
    line = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) * 1_000


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_the_metadata_is_a_picture_or_a_refusal_and_the_next_picture_is_made(web, workspace, origin, name):
    """I8: through the front door; never our own fault, and nothing of it comes out."""
    origin.pictures["/bomb"] = BOMBS[name]()
    reply = ask(workspace.namespace, "/transform?src=shop/bomb&w=20&format=png")
    assert reply.status in (200, 413, 422), reply.body[:200]
    if reply.status == 200:
        assert len(reply.body) < 20_000
        image = Image.open(io.BytesIO(reply.body))
        assert image.size == (20, 15) and not image.text and not image.getexif()
    assert ask(workspace.namespace, f"/transform?src=shop/any/after-{len(name)}.jpg&w=20").status == 200
    del origin.pictures["/bomb"]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_the_metadata_costs_no_memory(pool, name):
    """I8: the process that reads it grows by less than 64 MB over what the same picture costs without it."""
    baseline = peak_after(pool, picture("PNG", (64, 48)))
    assert peak_after(pool, BOMBS[name]()) - baseline < MOST_MORE


def peak_after(pool: Pool, body: bytes) -> int:
    """The most memory of the render process once it has read a picture."""
    try:
        pool.run(Job("info", {}, "json", (body,), rendering.limits()))
    except EngineError:
        pass  # a refusal is an answer too
    (pid,) = pool.pids()
    return peak(pid)
