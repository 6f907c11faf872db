"""Stills as browsers draw them: colours that are named without a profile, transparent colours, harmless damage. The
right values are what Chromium 156 draws; tests/browser/test_stills.py asks it again."""

import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.engine import metrics, pictures, profiles, tiffs
from tests.engine.coloured_sources import p3_profile
from transforms.engine import colour_difference
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.profiles import cicp, hdr, icc, named

FILES = Path(__file__).parent / "files" / "stills"
# file → the colour of the pixel in its middle
COLOURS = {
    "av_p3.avif": (43, 204, 0, 255),
    "av_pq.avif": (187, 187, 187, 255),
    "chrm_adobe.png": (0, 201, 12, 255),
    "cicp_p3.png": (45, 203, 0, 255),
    "cicp_pq.png": (187, 187, 187, 255),
    "cmyk_noadobe.jpg": (0, 0, 0, 255),
    "gama1.png": (188, 188, 188, 255),
    "gama1_chrm.png": (188, 188, 188, 255),
    "j_noeoi.jpg": (29, 30, 200, 255),
    "la16_icc18.png": (146, 146, 146, 64),
    "la8_icc18.png": (146, 146, 146, 64),
    "p_badcrc_exif.png": (30, 30, 200, 255),
    "p_badcrc_iccp.png": (30, 30, 200, 255),
    "p_badcrc_time.png": (30, 30, 200, 255),
    "p_bigtext.png": (30, 30, 200, 255),
    "png_badcrc_idat.png": (16, 32, 48, 255),
    "png_badcrc_text.png": (16, 32, 48, 255),
    "png_noiend.png": (30, 30, 200, 255),
    "prog_noeoi.jpg": (102, 76, 163, 255),
    "x_icc2m.png": (24, 24, 210, 255),
    "x_itxtz2m.png": (30, 30, 200, 255),
    "pano20k.jpg": (10, 99, 199, 255),
    "thin.png": (9, 99, 199, 255),
    "trns_gray2.png": (170, 170, 170, 0),
}


def drawn(data: bytes, **values: object) -> Image.Image:
    return pictures.seen(pictures.render(data, "png", animated=False, **values)).convert("RGBA")


def png(levels: np.ndarray, *chunks: tuple[bytes, bytes], bits: int = 8) -> bytes:
    """A PNG of levels (rows, columns, channels) with further chunks before the pixels."""
    rows = b"".join(b"\0" + row.tobytes() for row in levels.astype(">u2" if bits == 16 else np.uint8))
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[levels.shape[2]]
    header = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], bits, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def gama(gamma: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(*points: float) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(point * 100_000) for point in points))


def iccp(profile: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"x\0\0" + zlib.compress(profile)


ADOBE = chrm(0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
COLOUR, GREY = np.array([[[100, 200, 50]]]), np.array([[[128]]])
LINEAR, P3, SAME = (168, 229, 122), (45, 203, 0), (100, 200, 50)


@pytest.mark.parametrize("name", COLOURS)
def test_a_file_is_drawn_as_browsers_draw_it(name):
    """I2, I12"""
    image = drawn((FILES / name).read_bytes())
    assert pictures.near(image.getpixel((image.width // 2, image.height // 2)), COLOURS[name], 2)


@pytest.mark.parametrize(("name", "bits"), [("trns_gray2.png", 2), ("trns_gray4.png", 4)])
def test_the_transparent_grey_of_few_bits_is_clear_and_no_other(name, bits):
    """I12, I13"""
    image, key = drawn((FILES / name).read_bytes()), {2: 170, 4: 255}[bits]
    stored = np.asarray(Image.open(FILES / name).convert("L"))
    assert np.array_equal(np.asarray(image)[..., 3] == 0, stored == key)


def test_a_transparent_colour_of_sixteen_bits_is_compared_whole():
    """I13: of three colours that share their high halves one is clear."""
    levels = np.array([[[0x1020, 0x3040, 0x5060], [0x1021, 0x3040, 0x5060], [0x10FF, 0x30FF, 0x50FF]]])
    image = drawn(png(levels, (b"tRNS", struct.pack(">3H", 0x1020, 0x3040, 0x5060)), bits=16))
    assert [image.getpixel((x, 0))[3] for x in range(3)] == [0, 255, 255]
    assert image.getpixel((1, 0))[:3] == (0x10, 0x30, 0x50)


@pytest.mark.parametrize(
    ("chunks", "colour", "grey"),
    [
        ([], SAME, 128),
        ([gama(0.45455)], SAME, 128),
        ([gama(1)], LINEAR, 188),
        ([gama(2.2)], (211, 243, 184), 222),
        ([(b"gAMA", bytes(4))], SAME, 128),
        ([(b"gAMA", bytes(5))], SAME, 128),
        ([ADOBE], SAME, 128),
        ([gama(0.45455), ADOBE], (0, 201, 12), 129),
        ([(b"sRGB", b"\0"), gama(1)], SAME, 128),
        ([gama(1), (b"sRGB", b"\0")], SAME, 128),
        ([gama(0.45455), chrm(*[0] * 8)], SAME, 128),
        ([gama(0.45455), chrm(0.3127, 0.329, 0.64, 0.33, 0.64, 0.33, 0.15, 0.06)], SAME, 128),
        ([gama(1), gama(0.45455)], LINEAR, 188),
        ([gama(1), iccp(p3_profile())], P3, None),
        ([(b"sRGB", b"\0"), iccp(p3_profile())], P3, 128),
        ([(b"cICP", bytes((12, 13, 0, 1))), (b"sRGB", b"\0")], P3, 128),
        ([(b"cICP", bytes((1, 13, 0, 1))), iccp(p3_profile())], SAME, 128),
        ([(b"cICP", bytes((2, 2, 0, 1))), iccp(p3_profile())], P3, 128),
        ([iccp(b"no profile")], SAME, 128),
        ([gama(1), iccp(b"no profile")], LINEAR, 188),
        ([iccp(profiles.grey(1))], SAME, 188),
    ],
)
def test_the_chunks_of_colour_are_believed_in_the_order_of_browsers(chunks, colour, grey):
    """I12: cICP, then the profile, then sRGB, then gAMA with cHRM."""
    for bits, factor in ((8, 1), (16, 257)):
        assert pictures.near(drawn(png(COLOUR * factor, *chunks, bits=bits)).getpixel((0, 0))[:3], colour, 2), bits
        if grey is not None:
            assert pictures.near(drawn(png(GREY * factor, *chunks, bits=bits)).getpixel((0, 0))[:3], (grey,) * 3, 2)


def test_a_palette_and_its_alpha_go_through_the_gamma_too():
    """I12, I13"""
    image = Image.new("P", (2, 1))
    image.putpalette([100, 200, 50, 0, 0, 0])
    image.putpixel((1, 0), 1)
    data = pictures.saved(image, "PNG", transparency=bytes((128, 255)))
    at = data.index(b"PLTE") - 4
    body = struct.pack(">I", 100_000)
    chunk = struct.pack(">I", 4) + b"gAMA" + body + struct.pack(">I", zlib.crc32(b"gAMA" + body))
    assert pictures.near(drawn(data[:at] + chunk + data[at:]).getpixel((0, 0)), (*LINEAR, 128), 2)


@pytest.mark.parametrize("primaries", sorted(cicp.PRIMARIES))
@pytest.mark.parametrize("transfer", sorted(cicp.CURVES))
def test_white_black_and_the_order_of_greys_survive_every_pair_of_code_points(primaries, transfer):
    """I12"""
    ramp = np.repeat(np.array([0, 64, 128, 192, 255])[None, :, None], 3, axis=2)
    levels = np.asarray(drawn(png(ramp, (b"cICP", bytes((primaries, transfer, 0, 1))))))[0, :, :3].astype(int)
    assert (levels[0] <= 1).all() and (levels[-1] >= 254).all()
    assert (np.diff(levels, axis=0) > 0).all() and np.ptp(levels, axis=1).max() <= 3


@pytest.mark.parametrize(
    ("transfer", "points"),
    [
        (cicp.PQ, {0: 0, 20: 1, 56: 22, 104: 83, 128: 132, 148: 187, 164: 220, 188: 251, 200: 255, 255: 255}),
        (cicp.HLG, {0: 0, 20: 5, 64: 43, 128: 99, 164: 141, 200: 202, 224: 228, 248: 250, 255: 255}),
    ],
)
def test_high_dynamic_range_is_brought_down_as_chromium_does(transfer, points):
    """I12: reference white, 203 cd/m², is half the light of the screen's white."""
    ramp = np.arange(256).reshape(1, 256, 1).repeat(3, axis=2)
    for primaries in (1, 9, 12):
        levels = np.asarray(drawn(png(ramp, (b"cICP", bytes((primaries, transfer, 0, 1))))))[0, :, 0]
        assert {level: int(levels[level]) for level in points} == pytest.approx(points, abs=1), primaries


def test_high_dynamic_range_is_one_picture_however_many_rows_are_done_at_once():
    image = pictures.shaded(61, 3 * hdr.ROWS + 7)
    whole = hdr.to_srgb(image, cicp.PQ, cicp.PRIMARIES[9])
    parts = [hdr.to_srgb(image.crop((0, y, 61, y + 1)), cicp.PQ, cicp.PRIMARIES[9]) for y in range(image.height)]
    assert np.array_equal(np.asarray(whole), np.concatenate([np.asarray(part) for part in parts]))


@pytest.mark.parametrize(
    ("primaries", "transfer", "expected"),
    [
        (1, 13, SAME),
        (1, 1, SAME),
        (2, 2, SAME),
        (1, 6, SAME),
        (12, 13, P3),
        (12, 1, P3),
        (12, 2, P3),
        (1, 8, LINEAR),
    ],
)
def test_code_points_of_an_avif_are_read_as_browsers_read_them(primaries, transfer, expected):
    """I12: television's transfer functions are drawn as sRGB there, and so is what is unspecified."""
    data = pictures.saved(Image.new("RGB", (64, 64), SAME), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"colrnclx") + 8
    data = data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]
    assert pictures.near(drawn(data).getpixel((32, 32))[:3], expected, 4)


@pytest.mark.parametrize("matrix", [3, 10, 11, 13, 14])
def test_an_avif_of_a_matrix_that_is_not_read_is_named_and_not_called_damaged(matrix):
    """I5: the file is whole."""
    data = pictures.saved(Image.new("RGB", (64, 64), SAME), "AVIF", quality=90)
    at = data.index(b"colrnclx") + 12
    data = data[:at] + struct.pack(">H", matrix) + data[at + 2 :]
    with pytest.raises(EngineError) as refusal:
        drawn(data)
    assert refusal.value.code == "unsupported_variant" and "matrix" in str(refusal.value)


def test_a_profile_of_an_avif_goes_before_its_code_points():
    """I12"""
    image = Image.new("RGB", (64, 64), SAME)
    data = pictures.saved(image, "AVIF", quality=100, subsampling="4:4:4", icc_profile=p3_profile())
    assert pictures.near(drawn(data).getpixel((32, 32))[:3], P3, 4)


def test_srgb_by_code_points_costs_no_conversion():
    assert named.of_png_code_points(1, 13) is named.SRGB and named.of_avif_code_points(1, 1) is named.SRGB


def test_a_made_profile_is_one_that_others_read():
    profile = icc.write(cicp.PRIMARIES[12], cicp.SRGB_CURVE)
    image = drawn(pictures.saved(Image.new("RGB", (4, 4), SAME), "PNG", icc_profile=profile))
    assert pictures.near(image.getpixel((0, 0))[:3], P3, 1)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(64, 48), (61, 43), (200, 120)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_without_its_end_is_read_and_one_that_is_cut_is_not(progressive, size, mode):
    """I2, I9"""
    image = pictures.noisy(*size).convert(mode)
    data = pictures.saved(image, "JPEG", quality=90, progressive=progressive, optimize=True)
    whole = np.asarray(drawn(data))
    assert data.endswith(b"\xff\xd9")
    assert np.array_equal(np.asarray(drawn(data[:-2])), whole)
    assert np.array_equal(np.asarray(drawn(data[:-1])), whole)
    for share in (0.5, 0.8, 0.95, 0.99):
        with pytest.raises(EngineError) as excinfo:
            drawn(cut(data, share))
        assert excinfo.value.code == "broken_image"


def test_a_progressive_jpeg_without_its_last_scans_is_cut():
    """I9: nothing of the scans that are there is missing, and they are not all."""
    data = pictures.saved(pictures.noisy(64, 48), "JPEG", quality=90, progressive=True)
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    for at in scans[1:]:
        with pytest.raises(EngineError) as excinfo:
            drawn(data[: data.rfind(b"\xff\xc4", 0, at)] if data.rfind(b"\xff\xc4", 0, at) > 0 else data[:at])
        assert excinfo.value.code == "broken_image", at


def test_the_cut_jpeg_of_the_collection_stays_refused():
    """I9"""
    with pytest.raises(EngineError) as excinfo:
        drawn((FILES / "base_trunc.jpg").read_bytes())
    assert excinfo.value.code == "broken_image"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("size", [(90, 70), (64, 64)])
def test_a_png_without_its_end_is_read_and_one_whose_pixels_are_cut_is_not(share, size):
    """I2, I9"""
    data = pictures.saved(pictures.noisy(*size), "PNG")
    end = data.rindex(b"IEND") - 4
    assert np.array_equal(np.asarray(drawn(data[:end])), np.asarray(drawn(data)))
    with pytest.raises(EngineError) as excinfo:
        drawn(cut(data, share))
    assert excinfo.value.code == "broken_image"


def damaged(data: bytes, name: bytes) -> bytes:
    """The file with another checksum of one chunk."""
    at = data.index(name)
    end = at + 4 + int.from_bytes(data[at - 4 : at], "big")
    return data[:end] + bytes(byte ^ 0xFF for byte in data[end : end + 4]) + data[end + 4 :]


@pytest.mark.parametrize(
    "name", [b"gAMA", b"cICP", b"iCCP", b"sRGB", b"tIME", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"prVt"]
)
def test_a_side_chunk_with_a_wrong_checksum_is_passed_over(name):
    """I2"""
    body = {b"gAMA": gama(1)[1], b"cICP": bytes((12, 13, 0, 1)), b"iCCP": iccp(p3_profile())[1]}.get(
        name, b"a\0\0\0\0b"
    )
    assert drawn(damaged(png(COLOUR, (name, body)), name)).getpixel((0, 0)) == (*SAME, 255)


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE"])
def test_a_damaged_critical_chunk_is_refused(name):
    """I2"""
    data = pictures.saved(pictures.cornered().quantize(8), "PNG")
    with pytest.raises(EngineError) as excinfo:
        drawn(damaged(data, name))
    assert excinfo.value.code == "broken_image"


def test_what_unpacks_without_end_costs_nothing():
    """I8: a text and a profile that unpack to a hundred megabytes are not unpacked."""
    packed = zlib.compress(bytes(100_000_000), 9)
    chunks = [(b"zTXt", b"a\0\0" + packed), (b"iTXt", b"b\0\1\0\0\0" + packed), (b"iCCP", b"c\0\0" + packed)]
    assert drawn(png(COLOUR, *chunks)).getpixel((0, 0)) == (*SAME, 255)


def test_a_format_that_nobody_asked_for_gives_way_where_the_picture_does_not_fit():
    """I15"""
    data = pictures.saved(Image.new("RGB", (3, 1_000), (9, 99, 199)), "PNG")
    job = pictures.job(data, "webp", w=60, enlarge=True)
    output = pictures.rendered(job, is_negotiated=True)
    assert (output.content_type, pictures.seen(output).size) == ("image/jpeg", (60, 20_000))
    assert output.warnings[0] == "A side of 20000 pixels does not fit into webp: this is jpeg."
    with pytest.raises(EngineError) as excinfo:
        pictures.rendered(job, is_negotiated=False)
    assert excinfo.value.code == "output_too_large"


def test_a_long_and_narrow_picture_is_bounded_by_its_pixels():
    """I1, I15"""
    data = (FILES / "pano20k.jpg").read_bytes()
    assert drawn(data, w=2_000).size == (2_000, 20)
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, "png", Limits(source_pixels=3_000_000))
    assert excinfo.value.code == "too_many_pixels"


def lossless_jpeg() -> bytes:
    """A whole file of the lossless process by its markers; its samples are none that are read."""
    data = pictures.saved(Image.new("L", (16, 16)), "JPEG")
    return data.replace(b"\xff\xc0", b"\xff\xc3", 1)


def tiff_of(kind: str) -> bytes:
    if kind == "cmyka":
        return (FILES / "cmyka_im.tif").read_bytes()
    data = bytearray(pictures.saved(Image.new("F", (4, 4)), "TIFF"))
    at = data.index(struct.pack("<HHIH", 258, 3, 1, 32))
    data[at + 8 : at + 10] = struct.pack("<H", 16)  # half floats
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lossless_jpeg(), "a lossless JPEG"),
        (tiff_of("cmyka"), "a TIFF of 16 bits a sample, 5 samples (CMYK and alpha)"),
        (tiff_of("half"), "a TIFF of floating-point numbers, 16 bits a sample"),
        (tiffs.written(pictures.noisy(9, 9), order=">", is_big=True), "a big-endian BigTIFF"),
    ],
    ids=["lossless", "cmyka", "half", "BigTIFF"],
)
def test_a_whole_file_of_a_kind_that_is_not_read_is_named_and_not_called_damaged(data, words):
    """I5"""
    with pytest.raises(EngineError) as excinfo:
        drawn(data)
    assert excinfo.value.code == "unsupported_variant" and words in excinfo.value.message


def test_a_cut_file_of_such_a_kind_is_called_damaged():
    """I9"""
    with pytest.raises(EngineError) as excinfo:
        drawn(cut(tiff_of("cmyka"), 0.5))
    assert excinfo.value.code == "broken_image"


def test_the_colours_of_the_whole_cube_are_those_of_chromium():
    """I12: 216 colours of Display P3, each within two of ΔE2000 of what Chromium 156 drew."""
    steps = np.array([0, 51, 102, 153, 204, 255])
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(18, 12, 3)
    got = np.asarray(drawn(png(cube, (b"cICP", bytes((12, 13, 0, 1))))))[..., :3]
    light = colour_difference.linear(cube) @ (np.linalg.inv(colour_difference.TO_XYZ) @ cicp.PRIMARIES[12].to_xyz()).T
    want = metrics.encoded(np.clip(light, 0, 1))
    assert np.percentile(colour_difference.delta_e(colour_difference.lab(got), colour_difference.lab(want)), 99) <= 2


@pytest.mark.parametrize("options", [{"restart_marker_rows": 1}, {"restart_marker_blocks": 1}])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_restarts_that_is_cut_is_not_believed(options, progressive):
    """I9: where a restart is missing, noise is passed over as nothing is, so that restarts are counted."""
    data = pictures.saved(pictures.shaded(64, 48), "JPEG", quality=90, progressive=progressive, **options)
    assert drawn(data).size == (64, 48)
    for share in (0.4, 0.7, 0.95):
        with pytest.raises(EngineError):
            drawn(cut(data, share))


def is_read(data: bytes) -> bool:
    try:
        drawn(data)
    except EngineError as error:
        assert error.code == "broken_image"
        return False
    return True


@pytest.mark.parametrize(
    "restarts", [{}, {"restart_marker_rows": 1}, {"restart_marker_blocks": 1}, {"restart_marker_blocks": 5}]
)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    ("mode", "subsampling"), [("RGB", "4:2:0"), ("RGB", "4:4:4"), ("RGB", "4:2:2"), ("L", "4:4:4")]
)
def test_a_jpeg_with_restarts_is_read_without_its_end_alone(restarts, progressive, mode, subsampling):
    """I2, I9: a byte before the end may be missing only where no pixel changes (61 x 43 fills no block)."""
    image = pictures.noisy(61, 43).convert(mode)
    data = pictures.saved(
        image, "JPEG", quality=90, progressive=progressive, subsampling=subsampling, optimize=True, **restarts
    )
    whole = np.asarray(drawn(data))
    assert np.array_equal(np.asarray(drawn(data[:-2])), whole)
    assert is_read(data[:-1])
    read = [size for size in range(3, 40) if is_read(data[:-size])]
    assert read in ([], [3]) and all(np.array_equal(np.asarray(drawn(data[:-size])), whole) for size in read)


def sequential_in_scans(image: Image.Image) -> list[bytes]:
    """A sequential JPEG whose components have a scan each, cut into what precedes the scans, the scans, and the end."""
    planes = [pictures.saved(plane, "JPEG", quality=80) for plane in image.convert("YCbCr").split()]
    frame = struct.pack(">BHHB", 8, image.height, image.width, 3)
    frame += b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    head = planes[0][: planes[0].index(b"\xff\xc0")] + b"\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame
    tables = planes[0][planes[0].index(b"\xff\xc4") : planes[0].index(b"\xff\xda")]
    scans = []
    for number, plane in enumerate(planes, 1):
        at = plane.index(b"\xff\xda")
        scans.append(plane[at : at + 5] + bytes((number,)) + plane[at + 6 : -2])
    return [head + tables, *scans, b"\xff\xd9"]


def test_a_sequential_jpeg_without_the_scan_of_a_component_is_cut():
    """I9: all the scans that are there are whole, and there is none of the last component."""
    parts = sequential_in_scans(pictures.noisy(40, 24))
    whole = np.asarray(drawn(b"".join(parts)))
    assert np.array_equal(np.asarray(drawn(b"".join(parts[:-1]))), whole)
    assert [count for count in range(1, 4) if is_read(b"".join(parts[:count]))] == []


def test_a_profile_of_countless_tags_costs_nothing():
    """I8: each tag names the whole profile."""
    count = 150_000
    tags = struct.pack(">4sII", b"none", 1, 12 * count) * count
    profile = bytes(16) + b"GRAY" + b"XYZ " + bytes(104) + struct.pack(">I", count) + tags
    started = time.process_time()
    assert icc.grey_curve(profile) is None and time.process_time() - started < 0.2


def test_a_profile_of_an_animation_is_read_once(monkeypatch):
    """I8: 200 frames share one conversion."""
    frames = [Image.new("RGB", (2, 2), (number, 200, 50)) for number in range(200)]
    profile = icc.write(cicp.PRIMARIES[12], cicp.SRGB_CURVE)
    data = pictures.animated("PNG", frames, duration=20, icc_profile=profile)
    built = []
    build = ImageCms.buildTransform
    monkeypatch.setattr(ImageCms, "buildTransform", lambda *args: built.append(args) or build(*args))
    picture = decode.open_picture(data, Limits(), animated=True)
    assert len(picture.frames) > 100 and len(built) <= 1


def grey_tiff(level: int, bits: int, photometric: int) -> bytes:
    """A TIFF of four grey pixels of one level, stored as little-endian numbers (16 bits) or packed (12 bits)."""
    rows = {12: f"{level:03x}" * 4, 16: struct.pack("<H", level).hex() * 4}[bits]
    data = bytes.fromhex(rows)
    tags = {256: 4, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 1, 279: len(data)}
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize(
    ("level", "bits", "photometric", "grey"),
    [(25_700, 16, 1, 100), (25_700, 16, 0, 155), (1_606, 12, 1, 100), (65_535, 16, 0, 0), (0, 16, 0, 255)],
)
def test_deep_grey_of_a_tiff_is_read_by_its_depth_and_its_white(level, bits, photometric, grey):
    """I12: whatever Pillow leaves as it is stored."""
    assert pictures.near(drawn(grey_tiff(level, bits, photometric)).getpixel((1, 0))[:3], (grey,) * 3, 1)


def test_a_tiff_of_webp_says_so():
    """I5: its header is read, its pixels are not."""
    plain, webp = (struct.pack("<HHIHH", 259, 3, 1, compression, 0) for compression in (1, 50_001))
    data = grey_tiff(9, 16, 1).replace(plain, webp)
    with pytest.raises(EngineError, match="compression WebP") as excinfo:
        drawn(data)
    assert excinfo.value.code == "unsupported_variant"


@pytest.mark.parametrize("brand", [b"miaf", b"heic", b"MA1B"])
def test_an_avif_may_name_another_brand_first(brand):
    """I5"""
    data = pictures.saved(Image.new("RGB", (16, 16), (9, 99, 199)), "AVIF", quality=100)
    data = data.replace(b"ftypavif", b"ftyp" + brand, 1)
    assert pictures.near(drawn(data).getpixel((5, 5))[:3], (9, 99, 199), 3)
