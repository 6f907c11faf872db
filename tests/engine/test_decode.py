"""Opening sources: the bytes decide, the header is checked first, truncated files are refused."""

import io
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine import colour
from transforms.engine.codecs import decode
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.profiles import named

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"]


def refusal(data: bytes, limits: Limits | None = None, **options: object) -> str:
    with pytest.raises(EngineError) as excinfo:
        decode.open_picture(data, limits or Limits(), **options)
    return excinfo.value.code


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gif_header(width: int, height: int) -> bytes:
    block = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0;"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6 + block


def bmp_header(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)


def jpeg_header(width: int, height: int) -> bytes:
    data = bytearray(pictures.saved(Image.new("L", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("name", FORMATS)
def test_each_allowed_format_opens_by_its_bytes_alone(name):
    """I6"""
    picture = decode.open_picture(pictures.saved(pictures.cornered(), name), Limits())
    assert picture.source_format == name.lower()
    assert picture.size == picture.source_size == (96, 64)
    assert all(
        pictures.near(a, b, 40) for a, b in zip(pictures.corners(picture.frames[0]), pictures.CORNERS, strict=True)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"8BPS\0\1" + b"\0" * 40,
        b"P6\n2 2\n255\n" + b"\0" * 12,
        b"SIMPLE  =                    T",
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
        b"BM is how this text begins, and no picture",
        b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0",
    ],
)
def test_whatever_is_no_allowed_picture_is_unsupported(data):
    """I5, I10"""
    assert refusal(data) == "unsupported_format"


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "GIF"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_broken(name, share):
    """I9"""
    data = pictures.saved(pictures.noisy(), name)
    assert refusal(data[: int(len(data) * share)]) == "broken_image"


@pytest.mark.parametrize("cut", [2, 400, 4000])
def test_a_truncated_animation_is_broken_even_when_only_its_first_frame_is_wanted(cut):
    """I9"""
    for name in ("GIF", "PNG", "WEBP", "AVIF"):
        data = pictures.animated(name, [pictures.noisy(), pictures.shaded(160, 120), pictures.noisy()], duration=50)
        assert refusal(data[: -cut - 13]) == "broken_image", name


@pytest.mark.parametrize("make", [png_header, gif_header, bmp_header, jpeg_header, webp_header])
@pytest.mark.parametrize("size", [(10_000, 10_000), (16_000, 16_000)])
def test_a_pixel_flood_is_refused_from_its_header_without_memory(make, size):
    """I1"""
    tracemalloc.start()
    code = refusal(make(*size))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "too_many_pixels"
    assert peak < 8_000_000


@pytest.mark.parametrize("make", [png_header, gif_header, bmp_header, jpeg_header])
def test_a_side_beyond_the_limit_is_refused(make):
    """I15"""
    assert refusal(make(16_384, 2), Limits(source_side=16_383)) == "source_side_too_long"


def test_frames_count_towards_the_limits_only_when_they_are_wanted():
    """I7"""
    frames = [Image.new("RGB", (20, 20), (level, 0, 255 - level)) for level in range(0, 60, 10)]
    data = pictures.animated("GIF", frames, duration=40)
    assert refusal(data, Limits(source_frames=5), animated=True) == "too_many_frames"
    assert refusal(data, Limits(source_pixels=2_399), animated=True) == "too_many_pixels"
    assert len(decode.open_picture(data, Limits(source_frames=5, source_pixels=400)).frames) == 1
    assert len(decode.open_picture(data, Limits(source_pixels=2_400), animated=True).frames) == 6


def test_a_jpeg_is_decoded_at_no_less_than_a_quarter_more_than_the_size_that_serves():
    data = pictures.saved(pictures.shaded(1600, 1200), "JPEG")
    picture = decode.open_picture(data, Limits(), target=(200, 150))
    assert picture.size == (400, 300)
    assert picture.source_size == (1600, 1200)
    assert decode.open_picture(data, Limits(), target=(320, 240)).size == (400, 300)
    assert decode.open_picture(data, Limits(), target=(321, 241)).size == (800, 600)
    assert decode.open_picture(data, Limits(), target=(641, 481)).size == (1600, 1200)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pixels_that_stay_as_they_are_are_not_copied(mode):
    """At 12 megapixels a copy costs as much as the resizing."""
    with Image.open(io.BytesIO(pictures.saved(textured(mode), "PNG"))) as image:
        frame = colour.to_srgb(image, named.SRGB, is_last=True)
        assert frame.im is image.im and not frame.info and type(frame) is Image.Image
        assert colour.to_srgb(image, named.SRGB).im is not image.im


def textured(mode: str) -> Image.Image:
    image = pictures.shaded(40, 30).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize((40, 30)))
    return image


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_orientation_is_applied_once_in_every_format(name, orientation):
    """I11"""
    # The stored picture is the upright one turned back, so that applying the tag must restore it.
    undo = {**decode.TURNS, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    upright = pictures.cornered()
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.saved(stored, name, exif=exif)
    assert decode.probe(data, Limits()).size == (96, 64)
    assert decode.probe(data, Limits()).orientation == orientation
    output = pictures.render(data)
    image = pictures.seen(output)
    assert image.size == output.source_size == (96, 64)
    assert all(pictures.near(a, b, 40) for a, b in zip(pictures.corners(image), pictures.CORNERS, strict=True))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_invalid_orientation_counts_as_upright(name, orientation):
    """I11"""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode.open_picture(pictures.saved(pictures.cornered(), name, exif=exif), Limits())
    assert picture.size == (96, 64)
    assert picture.orientation == 1


def test_a_turned_jpeg_is_drafted_for_the_turned_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = pictures.saved(pictures.shaded(1600, 400), "JPEG", exif=exif)
    output = pictures.render(data, w=50)
    assert (output.width, output.height) == (50, 200)


@pytest.mark.parametrize(
    ("data", "name", "way_around"),
    [
        (b"%PDF-1.7\n", "PDF", "PNG"),
        (b"8BPS\0\1" + b"\0" * 20, "PSD", "PNG"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL", "AVIF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", "AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", "PNG"),
    ],
)
def test_a_known_format_that_is_not_read_is_refused_by_name_with_the_way_around(data, name, way_around):
    """I5"""
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data)
    assert excinfo.value.code == "unsupported_format"
    assert f"This is {name}:" in excinfo.value.message and way_around in excinfo.value.message


@pytest.mark.parametrize("data", [b"<html><svg></svg></html>", b"<svgx>", b"<?xml " * 600, b"<!--" * 900, b"x<svg>"])
def test_what_only_looks_like_a_drawing_is_not_called_one(data):
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data)
    assert excinfo.value.code == "unsupported_format" and "not a picture" in excinfo.value.message


HEADS = (
    "",
    "\ufeff",
    '<?xml version="1.0"?>\n<!-- a > b <svg> -->\n',
    '<!DOCTYPE svg PUBLIC "-//W3C" "x" [<!ENTITY a "b">]>\n',
    "<?a?>" * 5_000,
)


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
@pytest.mark.parametrize("root", ["<svg xmlns='{}'/>", "<svg:svg xmlns:svg='{}'>", "<ns0:svg\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_an_svg_is_known_by_its_root_element(head, root, encoding):
    assert sniffing.is_svg((head + root).encode(encoding))
