"""exif in /info: the camera and the exposure, and nothing that tells who, where, or with which machine."""

import json

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from tests.engine import pictures
from transforms.engine.job import Job
from transforms.engine.operations import camera, info

CANARY = "CANARY-7f3a"
EXIF_FIELDS = {
    "make": "Maker",
    "model": "Model 5",
    "lens": "50 mm f/1.8",
    "takenAt": "2024:05:06 07:08:09",
    "exposureTime": 0.004,
    "fNumber": 2.8,
    "iso": 400,
    "exposureBias": -0.333333,
    "focalLength": 50,
    "focalLengthIn35mm": 75,
    "flash": True,
}
SECRET = ("BodySerialNumber", "LensSerialNumber", "CameraOwnerName", "UserComment", "ImageUniqueID", "MakerNote")
FIRST_PAGE_SECRET = ("Artist", "Copyright", "ImageDescription", "XPComment", "XPAuthor", "HostComputer", "Software")


def exif() -> Image.Exif:
    """An EXIF block with everything a camera and a person may write into it."""
    block = Image.Exif()
    block[ExifTags.Base.Make], block[ExifTags.Base.Model] = " Maker\0", "Model 5"
    for name in FIRST_PAGE_SECRET:
        block[ExifTags.Base[name]] = CANARY
    inner = block.get_ifd(ExifTags.IFD.Exif)
    inner |= {ExifTags.Base[name].value: CANARY for name in SECRET}
    ratio = TiffImagePlugin.IFDRational
    base = ExifTags.Base
    inner[base.LensModel], inner[base.DateTimeOriginal] = "50 mm f/1.8", "2024:05:06 07:08:09"
    inner[base.ExposureTime], inner[base.FNumber], inner[base.ISOSpeedRatings] = ratio(1, 250), ratio(28, 10), 400
    inner[base.ExposureBiasValue], inner[base.FocalLength] = ratio(-1, 3), ratio(50, 1)
    inner[base.FocalLengthIn35mmFilm], inner[base.Flash], inner[base.OffsetTimeOriginal] = 75, 25, "+05:45"
    block.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (ratio(27), ratio(59), ratio(0)), 29: CANARY})
    return block


def exif_fields(data: bytes) -> dict:
    body = info.render(Job("info", {}, "json", (data,))).body
    return json.loads(info.cut(body, "info", ("exif",)))["exif"]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_camera_is_told_and_nobody_and_nowhere(name):
    """P09, I14"""
    data = pictures.saved(pictures.shaded(), name, exif=exif())
    assert exif_fields(data) == EXIF_FIELDS
    body = info.render(Job("info", {}, "json", (data,))).body
    assert CANARY.encode() not in body and b"05:45" not in body and b"27" not in info.cut(body, "info", ("exif",))


def test_a_tiff_tells_its_maker_and_model():
    assert exif_fields(pictures.saved(pictures.shaded(), "TIFF", exif=exif())) == {"make": "Maker", "model": "Model 5"}


@pytest.mark.parametrize("name", ["JPEG", "GIF", "BMP"])
def test_a_picture_without_exif_has_none_to_tell(name):
    assert exif_fields(pictures.saved(pictures.shaded(), name)) == {}


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("Make", 5),
        ("Make", "\0\1\2"),
        ("ExposureTime", TiffImagePlugin.IFDRational(1, 0)),
        ("FNumber", "2.8 or so"),
        ("ISOSpeedRatings", ()),
        ("Flash", "on"),
    ],
)
def test_a_field_that_cannot_be_read_is_left_out(tag, value):
    block = Image.Exif()
    block[ExifTags.Base[tag]] = value
    assert camera.facts(block) == {}


def test_a_text_is_cut_and_holds_no_control_characters():
    block = Image.Exif()
    block[ExifTags.Base.Model] = "a\r\nb" + "x" * 1000
    assert camera.facts(block)["model"] == "ab" + "x" * 98


def test_a_damaged_block_has_no_fields():
    data = pictures.saved(pictures.shaded(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40)
    assert exif_fields(data) == {}
