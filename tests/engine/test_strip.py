"""What a pure re-encoding sends where encoding again would grow: the source's own picture without its metadata."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from tests import environment
from tests.engine import pictures
from transforms.engine.codecs import strip

ORIENTATION, ARTIST, CANARY = 0x0112, 0x013B, b"CANARY-7f3a"


def labelled_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION], exif[ARTIST], exif[0x010E] = orientation, "Ann Artist", CANARY.decode()
    return exif


def low_quality_file(name: str, **options: object) -> bytes:
    """A file that quality 80 can only make larger."""
    return pictures.saved(pictures.noisy(), name, **{"quality": 30, "exif": labelled_exif(), "xmp": CANARY, **options})


def same_pixels(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_copied_without_its_metadata_rather_than_spoilt(progressive):
    """I14"""
    data = low_quality_file("JPEG", comment=CANARY, progressive=progressive) + b"PK\3\4" + CANARY
    output = pictures.render(data, "jpeg")
    assert CANARY in data and CANARY not in output.body and b"Ann" not in output.body
    assert len(output.body) < len(data) and same_pixels(pictures.seen(output), pictures.seen(data))
    assert not {"exif", "comment", "xmp"} & set(pictures.seen(output).info)


@pytest.mark.parametrize("shape", ["plain", "transparent", "moving"])
def test_a_webp_is_copied_without_its_metadata_rather_than_spoilt(shape):
    """I14"""
    noise = pictures.noisy()
    extra: dict[str, object] = {}
    if shape == "transparent":
        noise.putalpha(Image.linear_gradient("L").resize(noise.size))
    if shape == "moving":
        extra = {"save_all": True, "append_images": [noise.rotate(180), noise.rotate(90)], "duration": [50, 60, 70]}
    data = pictures.saved(noise, "WEBP", quality=20, exif=labelled_exif(), xmp=CANARY, **extra)
    output = pictures.render(data, "webp")
    assert CANARY in data and CANARY not in output.body and b"Ann" not in output.body
    assert len(output.body) < len(data) and same_pixels(pictures.seen(output), pictures.seen(data))
    assert getattr(pictures.seen(output), "n_frames", 1) == (3 if shape == "moving" else 1)
    assert pictures.seen(output).mode == pictures.seen(data).mode


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_picture_that_must_be_turned_is_not_copied(name):
    """I11"""
    data = low_quality_file(name.upper(), exif=labelled_exif(6))
    output = pictures.render(data, name)
    assert pictures.seen(output).size == (120, 160) and len(output.body) <= len(data)
    upright = pictures.seen(data).convert("RGB").transpose(Image.Transpose.ROTATE_270)
    assert pictures.psnr(pictures.seen(output), upright) > pictures.psnr(pictures.seen(output), upright.rotate(180))


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_picture_whose_profile_matters_is_not_copied(name):
    """I12"""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    wide = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = wide.find(b"rXYZ", 128) + 4, wide.find(b"gXYZ", 128) + 4
    wide[red : red + 4], wide[green : green + 4] = wide[green : green + 4], wide[red : red + 4]
    copy = strip.copy(name, low_quality_file(name.upper(), icc_profile=profile))
    output = pictures.render(low_quality_file(name.upper(), icc_profile=bytes(wide)), name)
    assert same_pixels(pictures.seen(copy), pictures.seen(low_quality_file(name.upper())))
    assert not same_pixels(pictures.seen(output), pictures.seen(low_quality_file(name.upper())))


def test_rights_that_are_to_be_kept_are_kept():
    output = pictures.render(low_quality_file("JPEG"), "jpeg", metadata="copyright")
    assert dict(pictures.seen(output).getexif()) == {ARTIST: "Ann Artist"}
    assert CANARY not in output.body


def test_only_a_pure_reencoding_is_copied():
    data = low_quality_file("JPEG")
    for values in ({"sharpen": 1}, {"w": 80}, {"flip": "h"}):
        assert pictures.render(data, "jpeg", **values).body != strip.copy("jpeg", data)
    assert pictures.render(data, "jpeg", quality=95).body == strip.copy("jpeg", data)


def test_a_copy_larger_than_max_bytes_is_not_sent():
    data = low_quality_file("JPEG")
    output = pictures.render(data, "jpeg", **{"max-bytes": len(data) // 2})
    assert len(output.body) <= len(data) // 2


@pytest.mark.parametrize("quality", [1, 5, 10, 30])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_avif_with_nothing_but_its_picture_is_sent_as_it_is(quality, alpha):
    image = pictures.noisy()
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = pictures.saved(image, "AVIF", quality=quality, speed=6)
    output = pictures.render(data + RIDER, "avif", quality=100)
    assert output.body == data and output.warnings == ()


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
AVIF = pictures.saved(pictures.noisy(), "AVIF", quality=30)
RIDER = b"\0\0\0\x13free" + CANARY
LOADED = {
    "exif": pictures.saved(pictures.noisy(), "AVIF", quality=30, exif=labelled_exif()),
    "xmp": pictures.saved(pictures.noisy(), "AVIF", quality=30, xmp=CANARY),
    "profile": pictures.saved(pictures.noisy(), "AVIF", quality=30, icc_profile=PROFILE),
    "item's name": AVIF.replace(b"Color", b"CANAR"),
    "brand": AVIF.replace(b"miaf", b"CANA", 1),
    "handler": AVIF.replace(b"pict", b"CANA", 1),
    "kind of item": AVIF.replace(b"av01", b"mime", 1),
    "before the picture": RIDER + AVIF,
}


@pytest.mark.parametrize("place", list(LOADED))
def test_an_avif_with_anything_beside_its_picture_is_not(place):
    """I14"""
    assert strip.copy("avif", AVIF) == AVIF
    assert strip.copy("avif", LOADED[place]) is None


def test_bytes_that_no_item_claims_keep_an_avif_from_being_copied():
    """I14"""
    at = AVIF.index(b"mdat")
    longer = (int.from_bytes(AVIF[at - 4 : at], "big") + len(CANARY)).to_bytes(4, "big")
    assert strip.copy("avif", AVIF[: at - 4] + longer + AVIF[at:] + CANARY) is None


def test_a_unit_that_draws_nothing_keeps_an_avif_from_being_copied():
    """I14: AV1 has units for metadata (type 5) and for padding (type 15)."""
    start = AVIF.index(b"mdat") + 4
    for kind in (5, 15):
        head = bytes([kind << 3 | 2]) + AVIF[start + 1 : start + 2]
        assert strip.copy("avif", AVIF[:start] + head + AVIF[start + 2 :]) is None


@settings(max_examples=environment.count(50, 200, 1_000))
@given(st.sampled_from(["jpeg", "webp", "avif"]), st.integers(0, 3000), st.binary(max_size=6), st.integers(0, 3000))
def test_damaged_files_are_copied_or_not_but_never_break_the_copier(name, at, junk, end):
    """I9"""
    data = SMALL[name]
    damaged = data[:at] + junk + data[at + len(junk) :]
    copy = strip.copy(name, damaged[: len(damaged) - end % 200])
    assert copy is None or copy[:2] == damaged[:2]


SMALL = {
    name: pictures.saved(pictures.shaded(40, 30), name.upper(), exif=labelled_exif(), quality=50)
    for name in ("jpeg", "webp", "avif")
}
