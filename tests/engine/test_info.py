"""/info: one JSON with everything, and what each variant is cut to."""

import json

import blurhash_rs
import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.operations import info, palette


def render(data: bytes) -> Output:
    return info.render(Job("info", {}, "auto", (data,), Limits()))


def info_fields(data: bytes) -> dict:
    return json.loads(render(data).body)


def metadata(data: bytes) -> dict:
    return info_fields(data)["metadata"]


def halves(left: tuple, right: tuple) -> bytes:
    image = Image.new("RGB", (100, 100), left)
    image.paste(right, (75, 0, 100, 100))
    return pictures.saved(image, "PNG")


def test_the_keys_stand_in_the_promised_order():
    output = render(pictures.saved(pictures.shaded(), "PNG"))
    fields = json.loads(output.body)
    assert list(fields) == ["metadata", "blurhash", "colors", "palette", "thumbhash", "exif"]
    assert list(fields["metadata"])[:5] == ["bytes", "contentType", "format", "width", "height"]
    assert list(fields["colors"][0]) == ["area", "hex", "intensity"]
    assert list(fields["palette"]) == ["vibrant", "lightVibrant", "darkVibrant", "muted", "lightMuted", "darkMuted"]
    assert output.content_type == "application/json"
    assert (output.width, output.height) == (200, 120)


@pytest.mark.parametrize(
    ("name", "content_type", "format_name"),
    [
        ("JPEG", "image/jpeg", "jpg"),
        ("PNG", "image/png", "png"),
        ("WEBP", "image/webp", "webp"),
        ("AVIF", "image/avif", "avif"),
        ("GIF", "image/gif", "gif"),
        ("TIFF", "image/tiff", "tiff"),
        ("BMP", "image/bmp", "bmp"),
    ],
)
def test_metadata_says_what_the_bytes_are(name, content_type, format_name):
    data = pictures.saved(pictures.shaded(), name)
    assert metadata(data) == {
        "bytes": len(data),
        "contentType": content_type,
        "format": format_name,
        "width": 200,
        "height": 120,
        "hasAlpha": False,
        "animated": False,
        "frames": 1,
        "orientation": 1,
    }


def test_width_and_height_are_upright():
    """I11"""
    exif = Image.Exif()
    exif[0x0112] = 6
    fields = metadata(pictures.saved(pictures.shaded(), "JPEG", exif=exif))
    assert (fields["width"], fields["height"], fields["orientation"]) == (120, 200, 6)


def test_an_animation_and_an_alpha_channel_are_told():
    frames = [Image.new("RGBA", (20, 20), (255, 0, 0, 90)), Image.new("RGBA", (20, 20), (0, 0, 255, 90))]
    fields = metadata(pictures.animated("WEBP", frames, duration=50))
    assert (fields["animated"], fields["frames"], fields["hasAlpha"]) == (True, 2, True)


def test_the_blurhash_has_36_characters_and_draws_the_picture():
    source = pictures.shaded()
    blurhash = info_fields(pictures.saved(source, "PNG"))["blurhash"]
    assert len(blurhash) == 36
    assert pictures.psnr(blurhash_rs.blurhash_decode(blurhash, *source.size), source) > 20


def test_colors_stand_by_descending_area_and_sum_to_the_whole():
    colours = info_fields(halves((255, 0, 0), (128, 128, 128)))["colors"]
    assert [colour["hex"] for colour in colours] == ["#ff0000", "#808080"]
    assert [colour["area"] for colour in colours] == pytest.approx([0.75, 0.25], abs=0.01)
    assert [colour["intensity"] for colour in colours] == [1.0, 0.0]


def test_colors_of_a_photograph_never_grow_and_never_pass_one():
    areas = [colour["area"] for colour in info_fields(pictures.saved(pictures.shaded(), "PNG"))["colors"]]
    assert 2 < len(areas) <= palette.MOST_COLOURS
    assert areas == sorted(areas, reverse=True)
    assert sum(areas) <= 1.001


@pytest.mark.parametrize(
    ("ink", "swatch"),
    [
        ((230, 30, 30), "vibrant"),
        ((250, 140, 140), "lightVibrant"),
        ((110, 10, 10), "darkVibrant"),
        ((150, 105, 105), "muted"),
        ((200, 175, 175), "lightMuted"),
        ((75, 50, 50), "darkMuted"),
    ],
)
def test_a_colour_becomes_the_swatch_it_serves_for(ink, swatch):
    swatches = info_fields(pictures.saved(Image.new("RGB", (40, 40), ink), "PNG"))["palette"]
    assert swatches.pop(swatch) == {"hex": "#{:02x}{:02x}{:02x}".format(*ink)}
    assert set(swatches.values()) == {None}


def test_transparent_pixels_have_no_colour():
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 10, 40))
    fields = info_fields(pictures.saved(image, "PNG"))
    assert [colour["hex"] for colour in fields["colors"]] == ["#0000ff"]
    clear_fields = info_fields(pictures.saved(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG"))
    assert clear_fields["colors"] == []
    assert set(clear_fields["palette"].values()) == {None}
    assert len(clear_fields["blurhash"]) == 36


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
def test_extreme_shapes_are_told_like_any_other(size):
    """I15"""
    fields = info_fields(pictures.saved(Image.new("RGB", size, (9, 99, 199)), "PNG"))
    assert (fields["metadata"]["width"], fields["metadata"]["height"]) == size
    assert fields["colors"][0]["hex"] == "#0963c7"
    assert len(fields["blurhash"]) == 36


def test_what_is_no_picture_is_refused():
    with pytest.raises(EngineError) as excinfo:
        render(b"<html><body/></html>")
    assert excinfo.value.code == "unsupported_format"


DEFAULT_FIELDS = {"metadata": {"bytes": 1}, "blurhash": "U", "colors": [], "palette": {"vibrant": None}}
STORED = json.dumps({**DEFAULT_FIELDS, "thumbhash": "T", "exif": {"make": "M"}}).encode()


@pytest.mark.parametrize(
    ("endpoint", "select", "keys"),
    [
        ("info", None, ["metadata", "blurhash", "colors", "palette"]),
        ("info", ("palette", "metadata"), ["metadata", "palette"]),
        ("info", ("blurhash",), ["blurhash"]),
        ("info", ("exif", "thumbhash"), ["thumbhash", "exif"]),
        ("info", ("exif", "metadata"), ["metadata", "exif"]),
        ("info/metadata", None, ["metadata"]),
        ("info/colors", None, ["colors", "palette"]),
        ("info/blurhash", None, ["blurhash"]),
    ],
)
def test_each_variant_is_cut_from_the_stored_json_in_its_order(endpoint, select, keys):
    variant = json.loads(info.cut(STORED, endpoint, select))
    assert list(variant) == keys
    assert variant == {key: json.loads(STORED)[key] for key in keys}
