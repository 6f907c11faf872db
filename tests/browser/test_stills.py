"""Chromium as the oracle of stills: the engine decodes what the browser draws, and each exception has its reason."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine import bmps, jpegs, pictures, pngs, profiles
from tests.engine.coloured_sources import p3_profile
from tests.engine.test_stills import ADOBE, FILES, chrm, gama, iccp, png
from tests.transforms import pillow_pictures
from transforms.engine import colour_difference
from transforms.engine.errors import EngineError
from transforms.engine.profiles import cicp, icc

pytestmark = pytest.mark.prove
TYPES = {
    ".png": "image/png",
    ".apng": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".ico": "image/x-icon",
}
MOST_DELTA_E, MOST_ALPHA, OPAQUE = 2.0, 2, 200
SHARDS = 8
BY_CHOICE = "a picture that is cut off is refused, as nobody wants half of it kept for a year"
INVALID_ANIMATION = "its chunks are out of order: Chromium draws nothing, here it is the picture that stands for it"
ORIENTATION = "Chromium does not turn a WebP by its EXIF; phones and libvips do"
DIRECTORY = "the directory of the ICO says another size than the picture, which is believed here"
# name → why it is not as Chromium draws it
EXCEPTIONS = {
    "base_trunc.jpg": BY_CHOICE,
    "ultrahdr.jpg": BY_CHOICE,
    "truncated_image.png": BY_CHOICE,
    "broken_data_stream.png": BY_CHOICE,
    "shortfile.bmp": BY_CHOICE,
    "j_noeoi.jpg": "Chromium leaves the last rows out",
    "chunk_no_fctl.png": INVALID_ANIMATION,
    "chunk_repeat_fctl.png": INVALID_ANIMATION,
    "sequence_fdat_fctl.png": INVALID_ANIMATION,
    "sequence_start.png": INVALID_ANIMATION,
    "issue_2811.gif": "its data end before the picture: Chromium leaves the rest clear",
    "decompression_bomb.ico": DIRECTORY,
    "hopper_unexpected.ico": DIRECTORY,
    "hopper-XYZ.png": "a profile of tables, interpolated otherwise by another library",
    **{f"hopper_orientation_{number}.webp": ORIENTATION for number in range(2, 9)},
}


def ours(data: bytes) -> np.ndarray | None:
    """The pixels (RGBA) of the first frame; None where it is refused."""
    try:
        output = pictures.render(data, "png", animated=False)
    except EngineError:
        return None
    return np.asarray(pictures.seen(output).convert("RGBA"))


def difference(data: bytes, theirs: Image.Image | None) -> str:
    """How a file is drawn otherwise than Chromium does; empty where it is not, or Chromium draws nothing."""
    mine = ours(data)
    if theirs is None:
        return ""
    if mine is None:
        return "refused"
    wanted = np.asarray(theirs)
    if wanted.shape != mine.shape:
        return f"{mine.shape} for {wanted.shape}"
    alpha = np.abs(wanted[..., 3].astype(int) - mine[..., 3])
    seen = (wanted[..., 3] > OPAQUE) & (mine[..., 3] > OPAQUE)
    opaque = (colour_difference.lab(levels[..., :3][seen]) for levels in (wanted, mine))
    delta = colour_difference.delta_e(*opaque) if seen.any() else [0]
    worst = float(np.percentile(delta, 99))
    if np.percentile(alpha, 99) > MOST_ALPHA or worst > MOST_DELTA_E:
        return f"alpha by {alpha.max()}, ΔE2000 of {worst:.1f} at the 99th percentile"
    return ""


@pytest.mark.parametrize("path", sorted(path for path in FILES.iterdir() if path.suffix in TYPES), ids=lambda p: p.name)
def test_a_small_picture_of_the_collection_is_drawn_as_in_chromium(drawings, path):
    """I2, I12, I13"""
    data = path.read_bytes()
    words = difference(data, drawings.still(data, TYPES[path.suffix]))
    assert bool(words) == (path.name in EXCEPTIONS), words or "the exception is none any more"


CUBE = np.stack(np.meshgrid(*[np.array([0, 51, 102, 153, 204, 255])] * 3, indexing="ij"), axis=-1).reshape(18, 12, 3)
RAMP = np.arange(256).reshape(16, 16, 1)


def families() -> Iterator[tuple[str, bytes, str]]:
    """(name, bytes, content type) of pictures that name their colours in every way."""
    for primaries in cicp.PRIMARIES:
        for transfer in (*cicp.CURVES, cicp.PQ, cicp.HLG):
            if primaries == cicp.XYZ and transfer in cicp.HDR:
                continue  # nobody writes it, and it is drawn as sRGB here
            chunk = (b"cICP", bytes((primaries, transfer, 0, 1)))
            yield f"cICP {primaries} {transfer}", png(CUBE, chunk), "image/png"
            yield f"cICP {primaries} {transfer} grey", png(RAMP, chunk), "image/png"
    linear = icc.write(cicp.PRIMARIES[1], icc.Curve(1.0))
    for name, chunks in {
        "gamma 1": [gama(1)],
        "gamma 2.2": [gama(2.2)],
        "sRGB's gamma": [gama(0.45455)],
        "no gamma": [(b"gAMA", bytes(4))],
        "Adobe RGB": [gama(0.45455), ADOBE],
        "chromaticities alone": [ADOBE],
        "sRGB and gamma": [(b"sRGB", b"\0"), gama(1)],
        "D50": [gama(0.45455), chrm(0.3457, 0.3585, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)],
        "sRGB by gamma and points": [gama(0.45455), chrm(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)],
        "profile": [iccp(p3_profile())],
        "profile and gamma": [gama(1), iccp(p3_profile())],
        "linear profile": [gama(2.2), iccp(linear)],
        "profile of grey": [iccp(profiles.grey(1))],
        "other profile of grey": [iccp(profiles.grey(1.8))],
        "code points and profile": [(b"cICP", bytes((1, 13, 0, 1))), iccp(p3_profile())],
    }.items():
        for levels in (CUBE, RAMP):
            for bits, factor in ((8, 1), (16, 257)):
                yield f"{name} {levels.shape[2]} {bits}", png(levels * factor, *chunks, bits=bits), "image/png"
    plain = pictures.saved(
        Image.fromarray(np.kron(CUBE, np.ones((8, 8, 1))).astype(np.uint8)), "AVIF", quality=100, subsampling="4:4:4"
    )
    at = plain.index(b"colrnclx") + 8
    for primaries in (1, 2, 5, 6, 9, 12):
        for transfer in (1, 2, 4, 6, 8, 13, 14, 16, 18):
            data = plain[:at] + struct.pack(">HH", primaries, transfer) + plain[at + 4 :]
            yield f"nclx {primaries} {transfer}", data, "image/avif"
    for mode in ("L", "RGB"):
        for profile in (linear, profiles.grey(1)):
            image = Image.new(mode, (16, 16), 128 if mode == "L" else (128, 128, 128))
            data = pictures.saved(image, "JPEG", quality=100, icc_profile=profile)
            yield f"JPEG {mode} {icc.space_of(profile)}", data, "image/jpeg"
    for bits in (1, 2, 4, 8):
        for key in range(3):
            rows = np.packbits(np.unpackbits(np.arange(64, dtype=np.uint8))).reshape(8, 8)
            yield f"key {key} of {bits} bits", _grey(rows, bits, key), "image/png"
    deep = np.random.default_rng(3).integers(0, 3, (8, 8, 3)) + np.array([0x1020, 0x3040, 0x5060])
    yield "key of 16 bits", png(deep, (b"tRNS", struct.pack(">3H", 0x1021, 0x3041, 0x5061)), bits=16), "image/png"


def _grey(rows: np.ndarray, bits: int, key: int) -> bytes:
    """A grey PNG of eight rows of eight bytes."""
    data = bytearray(png(rows[..., None], (b"tRNS", struct.pack(">H", key))))
    header = struct.pack(">IIBBBBB", 64 // bits, 8, bits, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    data[12:33] = chunk + struct.pack(">I", zlib.crc32(chunk))
    return bytes(data)


def test_every_way_of_naming_colours_is_drawn_as_in_chromium(drawings):
    """I12, I13"""
    differences = {name: difference(data, drawings.still(data, kind)) for name, data, kind in families()}
    assert len(differences) > 350 and {name: words for name, words in differences.items() if words} == {}


def test_unusual_chunks_of_a_png_are_taken_as_in_chromium(drawings):
    """I2, I12, I13"""
    files = {name: data for name, (data, _) in pngs.FIRST_PIXELS.items()}
    differences = {name: difference(data, drawings.still(data, "image/png")) for name, data in files.items()}
    assert {name: words for name, words in differences.items() if words} == {}


def test_unusual_segments_of_a_jpeg_are_believed_as_in_chromium(drawings):
    """I12, I13"""
    files = {name: data for name, (data, _, _) in jpegs.FILES.items()}
    differences = {name: difference(data, drawings.still(data, "image/jpeg")) for name, data in files.items()}
    assert {name: words for name, words in differences.items() if words} == {}


def test_every_kind_of_bmp_is_drawn_as_in_chromium(drawings):
    """I2, I5, I12, I13"""
    files = {name: data for name, (data, _) in bmps.PIXELS.items()} | bmps.UNREAD
    drawn = {name: drawings.still(data, "image/bmp") for name, data in files.items()}
    assert {name for name, image in drawn.items() if image is None} == {*bmps.UNREAD}
    differences = {name: difference(data, drawn[name]) for name, data in files.items()}
    assert {name: words for name, words in differences.items() if words} == {}


def corpus() -> list[Path]:
    """Pillow's own pictures of the formats that browsers read."""
    return sorted(path for path in pillow_pictures.files() if path.suffix.lower() in TYPES)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_pictures_of_pillow_are_drawn_as_in_chromium(drawings, shard):
    """I2, I7, I12, I13"""
    paths = corpus()[shard::SHARDS]
    assert len(paths) > 50
    differences = {}
    for path in paths:
        data = path.read_bytes()
        words = difference(data, drawings.still(data, TYPES[path.suffix.lower()]))
        if words:
            differences[path.name] = words
    assert {name: words for name, words in differences.items() if name not in EXCEPTIONS} == {}
