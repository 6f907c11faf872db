"""The size that a header promises is the one that decoding finds; nonsense is an estimate (H13)."""

import time

import pytest

from tests.engine import amplified, pictures
from transforms.engine.containers import header_sizes

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_header_tells_the_size(name):
    promise = header_sizes.read(pictures.saved(pictures.shaded(163, 121), name))
    assert promise.size == (163, 121) and promise.pixels == 163 * 121


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_are_work(name):
    frames = [pictures.noisy(), pictures.shaded(160, 120), pictures.noisy()]
    promise = header_sizes.read(pictures.animated(name, frames, duration=50))
    assert promise.pixels == 3 * promise.size[0] * promise.size[1]


def test_scans_are_work():
    assert header_sizes.read(amplified.many_scans(10, (40, 30))).pixels == 1_200
    assert header_sizes.read(amplified.many_scans(100, (40, 30))).pixels == 12_000


@pytest.mark.parametrize("name", FORMATS)
def test_a_cut_header_is_an_estimate_and_no_error(name):
    data = pictures.saved(pictures.shaded(163, 121), name)
    for length in range(60):
        promise = header_sizes.read(data[:length])
        assert promise.pixels >= 0 and (promise.size or promise.pixels == 8 * length)


def test_no_file_keeps_the_web_process_from_its_work():
    """Thirty megabytes of the smallest parts there are: markers of a JPEG, blocks of a GIF, tags of a TIFF."""
    size = 30_000_000
    files = [
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * (size // 4),
        b"\xff\xd8" + b"\xff" * size,
        b"GIF89a" + b"\x10\0\x10\0\0\0\0" + b"\x21\xfe" + b"\x01\x00" * (size // 2),
        b"II*\0\x08\0\0\0\xff\xff" + b"\x05" * size,
        b"\0\0\0\x1cftypavif" + b"ispe" * (size // 4),
    ]
    for data in files:
        began = time.thread_time()
        header_sizes.read(data)
        assert time.thread_time() - began < 0.3, data[:12]
