"""`truncated=allow` draws what there is of a file that is cut off, and says so; without it such a file is refused."""

import struct
import time
import tracemalloc
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.engine import pictures, tiffs
from tests.engine.coloured_sources import p3_profile
from tests.engine.test_stills import FILES, cut, drawn
from transforms.engine.codecs.cut_files import stored_pixels, tiff, webp
from transforms.engine.errors import EngineError

SIZE = (90, 70)


def shown(data: bytes, **values: object) -> np.ndarray:
    """The pixels (RGBA) of a PNG out of a cut file, whose warning is looked at too."""
    output = pictures.render(data, "png", truncated="allow", **values)
    assert stored_pixels.WARNING in output.warnings
    return np.asarray(pictures.seen(output).convert("RGBA"))


def refused(data: bytes, **values: object) -> str:
    with pytest.raises(EngineError) as excinfo:
        drawn(data, **values)
    return excinfo.value.code


def files() -> dict[str, bytes]:
    image = pictures.noisy(*SIZE)
    frames = [image, pictures.noisy(*SIZE).rotate(180), pictures.shaded(*SIZE)]
    return {
        "baseline": pictures.saved(image, "JPEG", quality=90),
        "restarts": pictures.saved(image, "JPEG", quality=90, restart_marker_rows=1),
        "progressive": pictures.saved(image, "JPEG", quality=90, progressive=True),
        "png": pictures.saved(image, "PNG"),
        "png with alpha": pictures.saved(image.convert("RGBA"), "PNG"),
        "palette": pictures.saved(image.quantize(64), "PNG"),
        "gif": pictures.saved(image, "GIF", interlace=0),
        "animated gif": pictures.animated("GIF", frames, duration=100),
        "animated webp": pictures.animated("WEBP", frames, duration=100, lossless=True),
        "apng": pictures.animated("PNG", frames, duration=100),
    }


@pytest.mark.parametrize("name", files())
def test_what_there_is_of_a_cut_file_is_drawn_with_a_warning_and_never_by_default(name):
    """I9"""
    data = files()[name]
    whole = np.asarray(drawn(data)).astype(int)
    part = cut(data, 0.6)
    assert refused(part) == refused(part, truncated="refuse") == "broken_image"
    got = shown(part, animated=False)
    assert got.shape == whole.shape
    assert (np.abs(got[:20] - whole[:20])[..., :3] <= (60 if name == "progressive" else 0)).all()


@pytest.mark.parametrize("name", ["png", "png with alpha", "palette", "gif"])
def test_rows_that_are_missing_are_clear(name):
    got = shown(cut(files()[name], 0.6))
    rows = (got[..., 3] == 255).all(axis=1)
    assert rows[:30].all() and not got[-15:, :, 3].any()
    assert np.array_equal(rows, np.sort(rows)[::-1])


def test_of_an_interlaced_png_the_pixels_of_each_pass_that_are_missing_are_clear():
    data = interlaced(np.asarray(pictures.noisy(40, 40)))
    whole = np.asarray(drawn(data))
    got = shown(cut(data, 0.6))
    stored = got[..., 3] == 255
    assert np.array_equal(got[stored], whole[stored]) and stored[::8, ::8].all() and 0.4 < stored.mean() < 0.65


def interlaced(levels: np.ndarray) -> bytes:
    """An RGB PNG of seven passes."""
    rows = b"".join(
        b"\0" + row.tobytes()
        for left, top, across, down in stored_pixels.ADAM7
        for row in levels[top::down, left::across]
    )
    header = b"".join(side.to_bytes(4, "big") for side in (levels.shape[1], levels.shape[0])) + bytes((8, 2, 0, 0, 1))
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind, body in parts
    )


def test_the_missing_part_of_a_jpeg_is_grey():
    got = shown((FILES / "base_trunc.jpg").read_bytes())
    assert (got[..., 3] == 255).all() and np.ptp(got[-1, :, :3], axis=-1).max() <= 1


def test_the_whole_frames_of_a_cut_animation_are_kept():
    """The second of three frames is cut in the middle of the file."""
    for name in ("animated gif", "animated webp"):
        output = pictures.render(cut(files()[name], 0.6), "webp", truncated="allow", lossless=True)
        assert 1 <= getattr(pictures.seen(output), "n_frames", 1) <= 2, name


def test_a_whole_file_is_drawn_without_a_warning():
    for data in files().values():
        assert stored_pixels.WARNING not in pictures.render(data, "png", truncated="allow").warnings
    unended = (FILES / "j_noeoi.jpg").read_bytes()
    assert stored_pixels.WARNING not in pictures.render(unended, "png", truncated="allow").warnings


@pytest.mark.parametrize(
    "data",
    [
        pictures.saved(pictures.noisy(*SIZE), "WEBP")[:40],
        pictures.animated("WEBP", [pictures.noisy(*SIZE), pictures.shaded(*SIZE)])[:1_000],
        pictures.saved(pictures.noisy(*SIZE), "AVIF")[:2_000],
        files()["baseline"][:300],
        files()["png"][:40],
        files()["gif"][:12],
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        pictures.saved(pictures.noisy(*SIZE), "TIFF")[:100],
        pictures.saved(pictures.noisy(*SIZE), "TIFF", compression="tiff_lzw")[:2_000],
        tiffs.written(pictures.noisy(*SIZE), is_planar=True)[:8_000],
    ],
)
def test_a_file_of_which_nothing_can_be_drawn_stays_refused(data):
    assert refused(data, truncated="allow") == "broken_image"


def test_the_refusal_of_a_part_names_the_format_of_which_none_can_be_drawn():
    image = pictures.noisy(*SIZE)
    for format_name, words in (("AVIF", "no part of an AVIF"), ("TIFF", "no strip or tile of the TIFF")):
        with pytest.raises(EngineError, match=words):
            drawn(cut(pictures.saved(image, format_name, compression="tiff_lzw"), 0.6), truncated="allow")


WEBPS = {
    "lossy": {"quality": 90},
    "lossless": {"lossless": True},
    "alpha": {"quality": 90},
    "profile": {"quality": 90, "icc_profile": p3_profile()},
}


@pytest.mark.parametrize("name", WEBPS)
def test_the_rows_of_a_still_webp_that_are_stored_are_drawn_and_the_rest_is_clear(name):
    image = pictures.noisy(*SIZE)
    if name == "alpha":
        image.putalpha(Image.new("L", SIZE, 200))
    data = pictures.saved(image, "WEBP", **WEBPS[name])
    whole = np.asarray(drawn(data).convert("RGBA"))
    part = cut(data, 0.6)
    assert refused(part) == "broken_image"
    got = shown(part)
    rows = got[..., 3].any(axis=1)
    assert 20 < rows.sum() < 60 and np.array_equal(rows, np.sort(rows)[::-1])
    assert np.array_equal(got[rows], whole[rows]) and not got[~rows].any()


def test_a_cut_webp_is_refused_where_the_build_of_pillow_hides_the_decoder(monkeypatch):
    monkeypatch.setattr(webp, "LIBRARY", None)
    with pytest.raises(EngineError, match="of this WebP nothing can be drawn"):
        drawn(cut(pictures.saved(pictures.noisy(*SIZE), "WEBP"), 0.6), truncated="allow")


def test_a_cut_webp_whose_canvas_is_not_its_picture_is_refused():
    data = bytearray(pictures.saved(pictures.noisy(*SIZE).convert("RGBA"), "WEBP", exif=b"Exif\0\0II*\0"))
    assert data[12:16] == b"VP8X"
    for side in (8, 9_000):
        data[24:27] = side.to_bytes(3, "little")
        assert refused(bytes(data[: len(data) // 2]), truncated="allow") == "broken_image"


def test_a_cut_webp_of_countless_chunks_is_refused_before_they_are_kept():
    """H13"""
    data = (
        b"RIFF" + struct.pack("<I", 2**31) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(10) + b"JUNK\0\0\0\0" * 200_000
    )
    tracemalloc.start()
    try:
        with pytest.raises(EngineError, match="more than 50000 chunks"):
            webp.whole_chunks(data)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


TIFFS = {
    "rows": {},
    "rows of one strip": {"rows": 70},
    "big-endian": {"order": ">"},
    "BigTIFF": {"is_big": True},
    "deflate": {"compression": tiffs.DEFLATE},
    "PackBits": {"compression": tiffs.PACKBITS},
    "JPEG": {"compression": tiffs.JPEG},
    "tiles": {"tile": (32, 16)},
    "tiles of deflate": {"tile": (32, 16), "compression": tiffs.DEFLATE, "is_big": True},
    "tiles of JPEG": {"tile": (32, 16), "compression": tiffs.JPEG},
    "turned": {"orientation": 6},
    "turned tiles": {"orientation": 6, "tile": (16, 16), "compression": tiffs.DEFLATE},
}


@pytest.mark.parametrize("name", TIFFS)
def test_the_strips_and_tiles_of_a_tiff_that_are_stored_are_drawn_and_the_rest_is_clear(name):
    data = tiffs.written(pictures.noisy(*SIZE), **TIFFS[name])
    whole = np.asarray(drawn(data).convert("RGBA"))
    assert (whole[..., 3] == 255).all()
    part = cut(data, 0.6)
    assert refused(part) == "broken_image"
    got = shown(part)
    stored = got[..., 3] == 255
    assert 0.4 < stored.mean() < 0.65
    assert np.array_equal(got[stored], whole[stored]) and not got[~stored].any()


def hostile_tiff(entries: list[tuple[int, int]], directory: int = 16) -> bytes:
    """A BigTIFF of tags of one number each, with nothing behind them."""
    head = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, directory, len(entries))
    return head + b"".join(struct.pack("<HHQQ", tag, 16, 1, number) for tag, number in entries) + bytes(8)


SIDES = [(256, 20), (257, 20), (258, 8), (324, 16), (325, 10)]


@pytest.mark.parametrize(
    "data",
    [
        hostile_tiff([], directory=2**64 - 1),
        hostile_tiff([*SIDES, (322, 2**64 - 1), (323, 2**64 - 1)]),
        hostile_tiff([*SIDES, (322, 20), (323, 2**63)]),
        hostile_tiff([(256, 0), (257, 2**64 - 1), *SIDES[2:], (322, 0), (323, 1)]),
    ],
    ids=["directory", "tile", "height of a tile", "no width"],
)
def test_a_tiff_of_numbers_beyond_any_file_is_refused(data):
    """I4"""
    assert refused(data, truncated="allow") in ("broken_image", "too_many_pixels")
    assert tiff.completed(data, 1_000_000)[1] is None


def test_a_tag_of_a_cut_tiff_is_read_once_however_often_it_stands_there():
    """H13: 65,535 of 200,000 values each took minutes."""
    tags, values = 1_000, 200_000
    data = struct.pack("<2sHIH", b"II", 42, 8, tags)
    data += struct.pack("<HHII", 273, 4, values, 10 + 12 * tags) * tags + bytes(4 * values)
    begins = time.process_time()
    assert tiff.completed(data, 1_000_000)[1] is None
    assert time.process_time() - begins < 0.5


def test_a_planar_tiff_is_drawn_where_every_plane_is_stored():
    data = tiffs.written(pictures.noisy(*SIZE), tiffs.DEFLATE, is_planar=True)
    whole = np.asarray(drawn(data).convert("RGBA"))
    got = shown(cut(data, 0.9))
    stored = got[..., 3] == 255
    assert stored[:32].all() and not stored[64:].any() and np.array_equal(got[stored], whole[stored])


def test_a_png_that_is_damaged_in_its_middle_is_not_called_cut():
    data = bytearray(files()["png"])
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    assert refused(bytes(data), truncated="allow") == "broken_image"


def test_every_cut_of_small_files_is_drawn_or_refused():
    """I2"""
    small = pictures.noisy(12, 9)
    for data in (
        pictures.saved(small, "PNG"),
        pictures.saved(small, "GIF"),
        pictures.saved(small, "JPEG"),
        pictures.saved(small, "WEBP"),
        pictures.saved(small, "WEBP", lossless=True),
        tiffs.written(small, rows=2),
        tiffs.written(small, tiffs.DEFLATE, tile=(16, 16)),
        pictures.animated("WEBP", [small, small.rotate(180)]),
        pictures.animated("PNG", [small, small.rotate(180)]),
    ):
        for size in range(0, len(data), 3):
            try:
                assert pictures.seen(pictures.render(data[:size], "png", truncated="allow")).size == (12, 9)
            except EngineError as error:
                assert error.code in ("broken_image", "unsupported_format")


def test_no_other_decoding_of_the_process_becomes_lenient():
    shown(cut(files()["png"], 0.6))
    with pytest.raises(OSError):
        Image.open(BytesIO(cut(files()["png"], 0.6))).load()
