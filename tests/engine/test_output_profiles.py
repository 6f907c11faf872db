"""`profile=keep`: a wide gamut stays wide in what can hold a profile, without the names that the profile has."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.engine import coloured_sources, pictures, profiles
from tests.engine.test_stills import ADOBE, COLOUR, FILES, gama, png
from transforms.engine import colour_difference
from transforms.engine.codecs import encode
from transforms.engine.metadata import gain_maps
from transforms.engine.profiles import cicp, icc

P3 = coloured_sources.p3_profile()
WIDE = ["jpeg", "png", "webp", "avif"]
INK = (100, 200, 50)
SIZE = (64, 64)


def source(format_name: str, mode: str = "RGB", profile: bytes = P3) -> bytes:
    options = {"quality": 100, "subsampling": "4:4:4"} if format_name in ("JPEG", "AVIF") else {"lossless": True}
    image = Image.new("RGB", SIZE, INK).convert(mode)
    return pictures.saved(image, format_name, icc_profile=profile, **(options if format_name != "PNG" else {}))


def rendered(data: bytes, output_format: str, **values: object) -> Image.Image:
    options = {} if output_format in ("png", "gif") else {"quality": 100}
    return pictures.seen(pictures.render(data, output_format, profile="keep", **options, **values))


def in_srgb(image: Image.Image) -> Image.Image:
    """What a viewer that reads the profile shows."""
    profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    return ImageCms.profileToProfile(image.convert("RGB"), profile, ImageCms.createProfile("sRGB"), outputMode="RGB")


@pytest.mark.parametrize("output_format", WIDE)
@pytest.mark.parametrize("source_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_levels_and_profile_stay_in_what_can_hold_them(source_format, output_format):
    """I12"""
    image = rendered(source(source_format), output_format)
    assert pictures.near(image.convert("RGB").getpixel((30, 30)), INK, 4)
    assert pictures.near(in_srgb(image).getpixel((30, 30)), (45, 203, 0), 12)


@pytest.mark.parametrize("values", [{}, {"profile": "srgb"}])
@pytest.mark.parametrize("output_format", WIDE)
def test_without_it_the_output_is_srgb_and_has_no_profile(output_format, values):
    """I12"""
    image = pictures.seen(pictures.render(source("PNG"), output_format, quality=100, **values))
    assert "icc_profile" not in image.info
    assert pictures.near(image.convert("RGB").getpixel((30, 30)), (45, 203, 0), 6)


def test_gif_is_converted_and_says_so():
    output = pictures.render(source("PNG"), "gif", profile="keep")
    assert pictures.near(pictures.seen(output).convert("RGB").getpixel((30, 30)), (45, 203, 0), 4)
    assert encode.NO_PROFILE.format("GIF") in output.warnings
    assert encode.NO_PROFILE.format("PNG") not in pictures.render(source("PNG"), "gif").warnings


@pytest.mark.parametrize("output_format", WIDE)
def test_colours_that_are_named_without_a_profile_get_one(output_format):
    """I12"""
    for data in (
        png(np.repeat(np.repeat(COLOUR, 64, 0), 64, 1), (b"cICP", bytes((12, 13, 0, 1)))),
        png(np.repeat(np.repeat(COLOUR, 64, 0), 64, 1), gama(0.45455), ADOBE),
        (FILES / "av_p3.avif").read_bytes(),
    ):
        image = rendered(data, output_format)
        plain = pictures.seen(pictures.render(data, "png")).convert("RGB")
        at = (image.width // 2, image.height // 2)
        assert pictures.near(image.convert("RGB").getpixel(at), INK, 4)
        assert pictures.near(in_srgb(image).getpixel(at), plain.getpixel(at), 12)


def test_what_is_srgb_already_gets_no_profile():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (source("PNG", profile=srgb), pictures.saved(Image.new("RGB", SIZE, INK), "PNG")):
        output = pictures.render(data, "png", profile="keep")
        assert "icc_profile" not in pictures.seen(output).info and output.warnings == ()


@pytest.mark.parametrize(
    "data",
    [
        pictures.saved(Image.new("L", SIZE, 128), "PNG", icc_profile=profiles.grey(1)),
        (FILES / "cicp_pq.png").read_bytes(),
        source("PNG", profile=P3[:128] + struct.pack(">I", 0) + P3[132:]),
    ],
)
def test_what_is_no_profile_of_rgb_becomes_srgb_and_says_so(data):
    """I12"""
    plain, output = pictures.render(data, "png"), pictures.render(data, "png", profile="keep")
    assert output.body == plain.body
    assert any("converted to sRGB" in warning for warning in output.warnings)


def test_the_profile_has_no_names_numbers_or_dates_of_its_maker():
    """P01"""
    named = bytearray(P3)
    named[48:56], named[80:84] = b"APPLXDR1", b"ABCD"
    image = rendered(source("PNG", profile=bytes(named)), "png")
    profile = image.info["icc_profile"]
    assert b"APPL" not in profile and b"ABCD" not in profile and b"sRGB" not in profile
    assert profile[24:36] == bytes(12) and len(profile) < 1_500


def test_a_kept_profile_converts_as_the_whole_one():
    """I12: of every display profile that is at hand, and of one of version 4."""
    made = [P3, icc.write(cicp.PRIMARIES[9], icc.Curve(2.2)), icc.write(cicp.PRIMARIES[12], cicp.SRGB_CURVE)]
    image = pictures.noisy(40, 40)
    for profile in made:
        each = [
            ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(BytesIO(data)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            for data in (profile, icc.cleaned(profile))
        ]
        assert np.abs(np.asarray(each[0]).astype(int) - np.asarray(each[1])).max() <= 1


@pytest.mark.parametrize(
    "values",
    [
        {"background": "ff8800", "padding": 10},
        {"background": "ff8800", "fit": "pad", "w": 64, "h": 32},
        {"w": 20},
        {"mark": True, "mark-w": 30},
        {"rotate": 90},
    ],
)
def test_steps_come_out_alike_in_both_colours(values):
    """I12: colours of the request and marks mean the same."""
    mark = pictures.saved(Image.new("RGB", (20, 20), (255, 40, 40)), "PNG")
    sources = (source("PNG"), mark) if "mark" in values else (source("PNG"),)
    each = [
        pictures.seen(pictures.rendered(pictures.job(sources[0], "png", **values, **extra), sources=sources))
        for extra in ({}, {"profile": "keep"})
    ]
    a, b = np.asarray(each[0].convert("RGB")), np.asarray(in_srgb(each[1]))
    assert np.percentile(colour_difference.delta_e(colour_difference.lab(a), colour_difference.lab(b)), 95) <= 4


def test_animations_keep_it_too():
    frames = [Image.new("RGB", SIZE, ink) for ink in (INK, (200, 30, 30))]
    data = pictures.animated("PNG", frames, duration=100, icc_profile=P3)
    for output_format in ("png", "webp", "avif"):
        image = pictures.seen(pictures.render(data, output_format, profile="keep", lossless=True))
        assert image.n_frames == 2 and image.info["icc_profile"]
        assert pictures.near(image.convert("RGB").getpixel((30, 30)), INK, 3)


def test_alpha_and_quality_by_likeness_work_with_it():
    image = pictures.shaded(120, 90).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = pictures.saved(image, "PNG", icc_profile=P3)
    for output_format in ("webp", "png", "avif"):
        assert "A" in rendered(data, output_format).getbands()
    for output_format in ("jpeg", "webp", "avif"):
        output = pictures.render(data, output_format, profile="keep", quality="auto", **{"max-bytes": 3_000})
        assert pictures.seen(output).info["icc_profile"]


def test_a_reencoding_never_loses_it():
    data = pictures.saved(pictures.shaded(60, 60), "JPEG", quality=5, icc_profile=P3)
    assert rendered(data, "jpeg").info["icc_profile"]


def test_a_profile_without_end_is_not_kept():
    """I8"""
    long = P3[:12] + P3[12:] + bytes(700_000)
    assert icc.cleaned(long) is None
    many = P3[:128] + struct.pack(">I", 2**32 - 1) + P3[132:]
    assert len(icc.cleaned(many)) < 2_000
    for cut in range(0, len(P3), 5):
        assert icc.cleaned(P3[:cut]) is None or len(icc.cleaned(P3[:cut])) < 2_000


GAIN_MAPS = {
    "ISO": lambda: segment(b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)),
    "Ultra HDR": lambda: pictures.saved(
        Image.new("RGB", (16, 16)),
        "JPEG",
        xmp=b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>',
    ),
    "Apple": lambda: segment(b"MPF\0" + bytes(30)) + segment(b"urn:com:apple:photo:2020:aux:hdrgainmap"),
}


def segment(body: bytes) -> bytes:
    data = pictures.saved(Image.new("RGB", (16, 16)), "JPEG")
    return data[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(body)) + body + data[2:]


@pytest.mark.parametrize("name", GAIN_MAPS)
@pytest.mark.parametrize("values", [{}, {"profile": "keep"}])
def test_a_gain_map_that_is_dropped_is_told(name, values):
    assert gain_maps.WARNING in pictures.render(GAIN_MAPS[name](), "jpeg", **values).warnings


def test_other_second_pictures_are_not_called_gain_maps():
    for data in (segment(b"MPF\0" + bytes(30)), segment(b"urn:iso:std:iso:ts:21496:-2\0"), source("JPEG")):
        assert gain_maps.WARNING not in pictures.render(data, "jpeg").warnings
