"""Files that are small to send and endless to decode are refused from their headers; honest ones pass (H13)."""

import io
import time
import tracemalloc

import pytest
from PIL import Image

from tests.engine import amplified, pictures
from transforms.engine.codecs import decode
from transforms.engine.containers import jpeg_markers, png, sniffing
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(EngineError) as excinfo:
        decode.probe(data, limits or Limits())
    return excinfo.value.code


@pytest.mark.parametrize("scans", [101, 20_000])
def test_a_jpeg_of_endless_scans_is_refused_by_name_before_a_pixel_is_decoded(scans):
    began = time.process_time()
    data = amplified.many_scans(scans)
    tracemalloc.start()
    code = refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "too_many_scans"
    assert peak < 1_000_000 and time.process_time() - began < 5


def test_as_many_scans_as_the_limit_are_read():
    assert decode.open_picture(amplified.many_scans(100, (40, 30)), Limits()).size == (40, 30)
    assert refusal(amplified.many_scans(12, (40, 30)), Limits(source_scans=11)) == "too_many_scans"


def test_a_jpeg_of_countless_empty_segments_is_refused():
    data = amplified.many_scans(1, (40, 30))
    assert refusal(data[:2] + b"\xff\xe5\x00\x02" * 1_000_000 + data[2:]) == "broken_image"
    assert decode.probe(data[:2] + b"\xff\xe5\x00\x02" * 5_000 + data[2:], Limits()).size == (40, 30)


COMMENT, LONG_COMMENT = b"\x21\xfe\0", b"\x21\xfe" + b"\1a" * 600_000 + b"\0"
# Files of countless tiny parts: what each is made of, how many are refused, and how many are read.
COUNTLESS = {
    "texts of a PNG": (amplified.png_of_chunks, 50_000, 1_000),
    "unknown chunks of a PNG": (lambda count: amplified.png_of_chunks(count, b"abCd"), 50_000, 1_000),
    "pixels of a PNG in pieces": (lambda count: amplified.png_of_chunks(count, b"IDAT"), 50_000, 30_000),
    "pieces of an APNG's frame": (amplified.apng_of_pieces, 50_000, 1_000),
    "comments of a GIF": (lambda count: amplified.gif_of_blocks(COMMENT, count), 50_001, 1_000),
    "pieces of a GIF's comment": (lambda count: amplified.gif_of_blocks(LONG_COMMENT, count), 1, 0),
    "fill bytes of a JPEG": (lambda count: amplified.jpeg_with_fill(b"\xff" * count), 100_010, 50_000),
    "restarts before a JPEG's scan": (lambda count: amplified.jpeg_with_fill(b"\xff\xd0" * count), 50_010, 1_000),
    "Photoshop's resources in a JPEG": (amplified.jpeg_of_resources, 10_000, 1_000),
    "strips of a TIFF": (amplified.tiff_of_strips, 200_001, 5_000),
    "strips of a BigTIFF": (lambda count: amplified.tiff_of_strips(count, is_big=True), 200_001, 5_000),
    "tags of a BigTIFF": (amplified.big_tiff_of_tags, 65_536, 1_000),
}


@pytest.mark.parametrize("make, refused, read", COUNTLESS.values(), ids=COUNTLESS)
def test_a_file_of_countless_tiny_parts_is_refused_by_name_and_one_of_many_is_read(make, refused, read):
    with pytest.raises(EngineError, match="has more than") as excinfo:
        decode.open_picture(make(refused), Limits())
    assert excinfo.value.code == "broken_image"
    assert decode.open_picture(make(read), Limits()).size == (40, 30)


def test_a_refusal_of_countless_parts_costs_no_more_the_longer_the_file_is(monkeypatch):
    """Nothing goes through the parts before they are counted."""
    for walk in ((png, "read"), (sniffing, "gif_frames"), (Image, "open")):
        monkeypatch.setattr(*walk, lambda *_, **__: pytest.fail("the file was gone through"))
    for make, refused, _ in COUNTLESS.values():
        assert refusal(make(refused)) == "broken_image"


def test_scans_within_a_tiff_are_counted_too():
    data = amplified.jpeg_in_tiff(amplified.many_scans(101, (40, 30)), (40, 30))
    assert refusal(data) == "too_many_scans"
    honest = amplified.jpeg_in_tiff(amplified.many_scans(10, (40, 30)), (40, 30))
    assert decode.probe(honest, Limits()).size == (40, 30)


def test_tiles_far_larger_than_their_picture_are_refused():
    assert refusal(amplified.wide_tiles((1, 1), (16_000, 16_000))) == "too_many_pixels"
    assert decode.probe(amplified.wide_tiles((200, 100), (256, 256)), Limits()).size == (200, 100)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"progressive": True, "restart_marker_rows": 1}])
def test_scans_and_sizes_are_counted_as_they_are(options):
    """Bytes that look like a marker, in a thumbnail or behind the end, are none."""
    exif = Image.Exif()
    exif[0x010E] = "\xff\xda" * 200
    target = io.BytesIO()
    pictures.noisy().save(target, "JPEG", exif=exif, **options)
    layout = jpeg_markers.layout(target.getvalue() + amplified.many_scans(300))
    assert layout.size == pictures.noisy().size
    assert layout.scans == (10 if options else 1)


def test_broken_markers_end_the_walk():
    whole = amplified.many_scans(10)
    for cut in range(2, 600, 7):
        assert jpeg_markers.layout(whole[:cut]).scans <= 10
    assert jpeg_markers.layout(b"\xff\xd8" + b"\xff" * 100_000).scans == 0
