"""Damaged GIFs and APNGs by the thousand: a picture or a refusal for each, soon, and never another exception."""

import random
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from tests import environment
from tests.engine import apngs, gifs
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

# A million in `make soak`, in parts of which each has its own seed.
COUNT, PARTS = environment.count(100, 500, 50_000), environment.count(1, 1, 10)
CPU_SECONDS = 1.0  # for one of these small files
LIMITS = Limits(source_pixels=100_000, source_frames=20)
REFUSALS = {"broken_image", "too_many_pixels", "too_many_frames", "source_side_too_long", "unsupported_format"}


def gif(chance: random.Random) -> bytes:
    """A sound GIF of up to four images."""
    parts = [
        gifs.box(
            chance.randrange(6),
            (chance.randrange(30), chance.randrange(20)),
            (chance.randrange(12), chance.randrange(12)),
            disposal=chance.choice([None, *range(8)]),
            clear=chance.choice([None, 0, 3]),
            palette=chance.choice([None, gifs.PALETTE, bytes(3)]),
            interlaced=chance.random() < 0.3,
        )
        for _ in range(chance.randint(1, 4))
    ]
    return gifs.written(parts, palette=chance.choice([gifs.PALETTE, None]))


def apng(chance: random.Random) -> bytes:
    """A sound APNG of up to four frames."""
    parts = [
        apngs.Part(
            tuple(chance.choice([0, 128, 255]) for _ in range(4)),
            (chance.randrange(12), chance.randrange(8)) if number else (0, 0),
            (chance.randint(1, 12), chance.randint(1, 8)) if number else apngs.SCREEN,
            dispose=chance.randrange(3),
            blend=chance.randrange(2),
        )
        for number in range(chance.randint(1, 4))
    ]
    default = chance.choice([None, apngs.GREEN])
    return apngs.written(parts, default=default, pieces=chance.randint(1, 3), empty=chance.random() < 0.3)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with a few bytes changed, left out, doubled or moved, or cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(6, max(7, len(changed)))
        length = chance.choice([1, 1, 2, 4, 12, 40])
        act = chance.randrange(6)
        if act == 0:
            changed[at : at + length] = chance.randbytes(length)
        elif act == 1:
            changed[at : at + 1] = bytes([chance.choice([0, 1, 0x21, 0x2C, 0x3B, 0x7F, 0x80, 0xFF])])
        elif act == 2:
            del changed[at : at + length]
        elif act == 3:
            changed[at:at] = changed[at : at + length]
        elif act == 4:
            source = chance.randrange(len(changed))
            changed[at : at + length] = changed[source : source + length]
        elif chance.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def checked_again(data: bytes) -> bytes:
    """The PNG with right checksums, so that damage gets past them."""
    parts, offset = [data[:8]], 8
    while offset + 12 <= len(data):
        length = struct.unpack_from(">I", data, offset)[0]
        body = data[offset + 4 : offset + 8 + length]
        parts += [data[offset : offset + 4], body, struct.pack(">I", zlib.crc32(body))]
        offset += 12 + length
    return b"".join(parts)


def inputs(name: str, part: int) -> Iterator[bytes]:
    """COUNT damaged files, the same ones each time."""
    chance = random.Random(f"{name} {part}")
    make = {"gif": gif, "apng": apng}[name]
    for _ in range(COUNT):
        data = damaged(make(chance), chance)
        yield checked_again(data) if name == "apng" and chance.random() < 0.7 else data


@pytest.mark.counted
@pytest.mark.parametrize("name", ["gif", "apng"])
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.filterwarnings("error")
def test_a_damaged_animation_is_drawn_or_refused_and_soon(name, part):
    """I2, I3, I7"""
    outcomes, slowest = Counter(), 0.0
    for number, data in enumerate(inputs(name, part)):
        begins = time.process_time()
        for read in (partial(decode.open_picture, animated=True), decode.open_picture):
            try:
                picture = read(data, LIMITS)
            except EngineError as error:
                assert error.code in REFUSALS
                outcomes[error.code] += 1
            except Exception as error:
                raise AssertionError(f"input {number}: {data.hex()}") from error
            else:
                assert {frame.size for frame in picture.frames} == {picture.size}
                assert picture.size[0] * picture.size[1] * len(picture.frames) <= LIMITS.source_pixels
                outcomes["drawn"] += 1
        slowest = max(slowest, time.process_time() - begins)
    print(f"{name}: {COUNT} inputs, {dict(outcomes)}, slowest {slowest * 1000:.0f} ms of CPU")
    assert slowest < CPU_SECONDS
    assert outcomes["drawn"] > COUNT // 4
