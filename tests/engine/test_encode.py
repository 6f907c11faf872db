"""What is sent: the right format, none of the source's metadata, animations whole, and no more bytes than needed."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.engine import apngs, pictures
from transforms.engine.codecs import avif_loop, encode
from transforms.engine.errors import EngineError
from transforms.engine.formats import FORMATS
from transforms.engine.limits import Limits

OUTPUTS = ["avif", "webp", "jpeg", "png", "gif"]
CANARY = "CANARY-7f3a"
GPS, ARTIST, COPYRIGHT, SERIAL = 0x8825, 0x013B, 0x8298, 0xA431


def clear_half(name: str = "PNG") -> bytes:
    image = Image.new("RGBA", (40, 20), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (20, 0, 40, 20))
    return pictures.saved(image, name)


def moving_frames(count: int = 4) -> list[Image.Image]:
    frames = [Image.new("RGB", (40, 30), pictures.WHITE) for _ in range(count)]
    for index, frame in enumerate(frames):
        frame.paste(pictures.RED, (index * 8, 5, index * 8 + 8, 25))
    return frames


def playback(output) -> tuple[list[int], list[Image.Image], int | None]:
    """(durations in milliseconds, RGB frames, the loop field)."""
    image = pictures.seen(output)
    durations, frames = [], []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        durations.append(round(image.info.get("duration", 0)))
        frames.append(image.convert("RGB"))
    return durations, frames, image.info.get("loop")


@pytest.mark.parametrize("name", OUTPUTS)
def test_each_format_is_written_and_named_by_its_content_type(name):
    output = pictures.render(pictures.saved(pictures.shaded(), "PNG"), name)
    assert output.content_type == f"image/{name}"
    assert pictures.seen(output).format == name.upper()
    assert pictures.psnr(pictures.seen(output), pictures.shaded()) > 30
    assert set(output.timings) == {"decode", "process", "encode"}


@pytest.mark.parametrize(
    ("data", "values", "expected"),
    [
        (pictures.saved(pictures.cornered(), "PNG"), {}, "jpeg"),
        (pictures.saved(pictures.cornered().convert("RGBA"), "PNG"), {}, "jpeg"),
        (clear_half(), {}, "png"),
        (clear_half(), {"background": "ffffff"}, "jpeg"),
        (pictures.saved(pictures.cornered(), "JPEG"), {"radius": 9}, "png"),
        (pictures.animated("GIF", moving_frames(), duration=50), {}, "gif"),
        (pictures.animated("GIF", moving_frames(), duration=50), {"animated": False}, "jpeg"),
    ],
)
def test_auto_is_gif_when_it_moves_png_when_it_is_transparent_else_jpeg(data, values, expected):
    assert pictures.render(data, "auto", **values).content_type == f"image/{expected}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("JPEG", "png"),
        ("PNG", "png"),
        ("TIFF", "png"),
        ("BMP", "png"),
        ("AVIF", "png"),
        ("WEBP", "webp"),
        ("GIF", "gif"),
    ],
)
def test_nocompress_loses_nothing_in_the_sources_own_format_or_png(name, expected):
    data = pictures.saved(pictures.cornered(), name)
    output = pictures.render(data, "nocompress")
    assert output.content_type == f"image/{expected}"
    assert pictures.psnr(pictures.seen(output), pictures.seen(data)) == 99


def test_lossless_loses_nothing_in_webp_and_avif_says_how_near_it_comes():
    image = pictures.noisy()
    data = pictures.saved(image, "PNG")
    webp, avif = (pictures.render(data, name, lossless=True) for name in ("webp", "avif"))
    assert pictures.psnr(pictures.seen(webp), image) == 99
    assert pictures.psnr(pictures.seen(avif), image) > 45
    assert [any("exactly lossless" in warning for warning in output.warnings) for output in (webp, avif)] == [
        False,
        True,
    ]


def test_lossless_makes_auto_a_png():
    output = pictures.render(pictures.saved(pictures.shaded(), "PNG"), "auto", lossless=True)
    assert (output.content_type, output.warnings) == ("image/png", ())


@pytest.mark.parametrize(
    ("name", "image", "warns"),
    [
        ("jpeg", pictures.shaded(), True),
        ("gif", pictures.shaded(), True),
        ("gif", pictures.cornered(), False),
        ("png", pictures.shaded(), False),
    ],
)
def test_lossless_says_where_the_format_cannot(name, image, warns):
    output = pictures.render(pictures.saved(image, "PNG"), name, lossless=True)
    assert any("cannot keep every pixel" in warning for warning in output.warnings) is warns
    assert warns or pictures.psnr(pictures.seen(output), image) == 99


def test_an_animated_avif_does_not_hold_the_time_it_was_written():
    body = pictures.render(pictures.animated("GIF", moving_frames(), duration=50), "avif").body
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = body.index(name) + 8
        assert body[at - 4] in (0, 1) and not any(body[at : at + (16 if body[at - 4] else 8)])


@pytest.mark.parametrize("name", ["avif", "webp", "jpeg"])
def test_a_lower_quality_makes_fewer_bytes(name):
    data = pictures.saved(pictures.noisy(), "PNG")
    sizes = [len(pictures.render(data, name, quality=quality).body) for quality in (20, 50, 80, 95)]
    assert sizes == sorted(sizes)
    assert len(pictures.render(data, name).body) == sizes[2]


def test_quality_is_one_scale_mapped_for_avif():
    assert encode.avif_quality(80) == 67
    assert (encode.avif_quality(1), encode.avif_quality(100)) == (1, 100)
    qualities = [encode.avif_quality(quality) for quality in range(1, 101)]
    assert qualities == sorted(qualities)


def canaries() -> dict[str, bytes]:
    """Sources with a canary in every place of each format that can carry one."""
    exif = Image.Exif()
    exif[0x010E], exif[ARTIST], exif[COPYRIGHT] = CANARY, "Ann Artist", "(c) 2024 Ann"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(0x8769)[SERIAL] = CANARY
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    image = pictures.shaded(64, 48)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY)
    text.add_text("Zipped", CANARY, zip=True)
    text.add_itxt("XML:com.adobe.xmp", CANARY)
    return {
        "jpeg": pictures.saved(image, "JPEG", exif=exif, comment=CANARY.encode(), xmp=xmp) + CANARY.encode(),
        "png": pictures.saved(image, "PNG", exif=exif, pnginfo=text) + b"PK\3\4" + CANARY.encode(),
        "webp": pictures.saved(image, "WEBP", exif=exif, xmp=xmp),
        "gif": pictures.saved(image, "GIF", comment=CANARY.encode()) + b"<?php " + CANARY.encode(),
        "gif moving": pictures.animated("GIF", moving_frames(), comment=CANARY.encode(), duration=50),
        "avif": pictures.saved(image, "AVIF", exif=exif, xmp=xmp),
        "tiff": pictures.saved(image, "TIFF", exif=exif, description=CANARY),
    }


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("source", list(canaries()))
def test_no_metadata_survives(source, name):
    """I14"""
    data = canaries()[source]
    assert CANARY.encode() in data
    output = pictures.render(data, name)
    image = pictures.seen(output)
    assert CANARY.encode() not in output.body
    assert b"Ann" not in output.body
    assert not {"exif", "xmp", "comment", "icc_profile", "Comment", "Zipped"} & set(image.info)
    assert CANARY not in str(image.info)


@pytest.mark.parametrize("name", ["avif", "webp", "jpeg", "png"])
@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "avif", "tiff"])
def test_copyright_keeps_artist_and_copyright_and_nothing_else(source, name):
    """I14"""
    output = pictures.render(canaries()[source], name, metadata="copyright")
    exif = pictures.seen(output).getexif()
    assert dict(exif) == {ARTIST: "Ann Artist", COPYRIGHT: "(c) 2024 Ann"}
    assert not exif.get_ifd(GPS)
    assert CANARY.encode() not in output.body


def test_gif_says_that_it_cannot_keep_the_copyright():
    output = pictures.render(canaries()["jpeg"], "gif", metadata="copyright")
    assert any("copyright" in warning for warning in output.warnings)


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("name", ["gif", "webp", "png", "avif"])
def test_an_animation_keeps_frames_times_and_loop(source, name):
    """I7"""
    times = [50, 100, 150, 200]
    loop_option = {} if source == "AVIF" else {"loop": 0}
    data = pictures.animated(source, moving_frames(), duration=times, **loop_option)
    durations, frames, loop = playback(pictures.render(data, name, w=20))
    assert durations == times
    assert loop in ((None,) if name == "avif" else (0,))
    for frame, source_frame in zip(frames, moving_frames(), strict=True):
        assert pictures.psnr(frame, source_frame.resize((20, 15), Image.Resampling.LANCZOS)) > 24


def test_an_animation_that_plays_a_number_of_times_plays_as_often_in_each_format():
    data = pictures.animated("GIF", moving_frames(), duration=50, loop=2)
    assert playback(pictures.render(data, "gif"))[2] == 2
    assert playback(pictures.render(data, "webp"))[2] == playback(pictures.render(data, "png"))[2] == 3
    played_once = pictures.animated("GIF", moving_frames(), duration=50)
    assert playback(pictures.render(played_once, "gif"))[2] is None
    assert playback(pictures.render(played_once, "webp"))[2] == 1


@pytest.mark.parametrize(("loop", "plays"), [({}, 1), ({"loop": 2}, 3), ({"loop": 0}, 0)])
def test_avif_keeps_how_often_an_animation_plays(loop, plays):
    """There and back: Pillow knows nothing of it, so the edit lists are read and written here."""
    data = pictures.render(pictures.animated("GIF", moving_frames(), duration=[50, 70, 90, 400], **loop), "avif").body
    assert avif_loop.plays(data) == plays
    assert avif_loop.plays(pictures.render(data, "avif", w=20).body) == plays
    durations, _, webp_plays = playback(pictures.render(data, "webp"))
    assert (durations, webp_plays) == ([50, 70, 90, 400], plays)


def test_a_damaged_or_endless_list_of_boxes_is_read_to_its_damage_only():
    data = pictures.animated("AVIF", moving_frames(), duration=50)
    at = data.index(b"elst") - 4
    assert avif_loop.plays(data[: at + 10]) == 0
    assert avif_loop.plays(data[:at] + bytes(4) + data[at + 4 :]) == 0
    nested = b"".join(size.to_bytes(4, "big") + b"moov" for size in range(80_000, 0, -8))
    assert avif_loop.plays(nested) == avif_loop.plays(b"\0\0\0\x08free" * 500_000) == 0


@pytest.mark.parametrize(
    ("name", "values"), [("jpeg", {}), ("webp", {"animated": False}), ("gif", {"animated": False})]
)
def test_a_still_is_the_first_frame(name, values):
    output = pictures.render(pictures.animated("GIF", moving_frames(), duration=50), name, **values)
    assert getattr(pictures.seen(output), "n_frames", 1) == 1
    assert pictures.near(pictures.seen(output).convert("RGB").getpixel((3, 15)), pictures.RED, 40)


def test_transparent_frames_replace_one_another():
    frames = []
    for index in range(3):
        frame = Image.new("RGBA", (30, 10), (0, 0, 0, 0))
        frame.paste((0, 0, 255, 255), (index * 10, 0, index * 10 + 10, 10))
        frames.append(frame)
    data = pictures.animated("PNG", frames, duration=50, disposal=0, blend=0)
    for name in ("gif", "webp", "png", "avif"):
        image = pictures.seen(pictures.render(data, name))
        for index in range(3):
            image.seek(index)
            alpha = np.asarray(image.convert("RGBA"))[5, 5::10, 3]
            assert [level > 128 for level in alpha] == [at == index for at in range(3)], (name, index)


def test_gif_keeps_clear_pixels_clear():
    image = pictures.seen(pictures.render(clear_half(), "gif")).convert("RGBA")
    assert image.getpixel((5, 5)) == (255, 0, 0, 255)
    assert image.getpixel((35, 5))[3] == 0


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_a_side_that_the_format_cannot_hold_is_refused(name):
    """I15"""
    data = pictures.saved(Image.new("RGB", (70_000, 1)), "PNG")
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, name, Limits(source_side=100_000))
    assert excinfo.value.code == "output_too_large"


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("quality", [25, 40, 60])
def test_a_pure_reencoding_is_never_larger_than_its_source(name, quality):
    for image in (pictures.noisy(), pictures.shaded()):
        data = pictures.saved(image, name, quality=quality)
        output = pictures.render(data, name.lower())
        assert len(output.body) <= len(data)
        assert output.warnings == ()
        assert pictures.seen(output).size == image.size


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    "box",
    [{"w": 4000}, {"w": 160, "h": 120}, {"w": 800, "h": 600, "fit": "cover", "position": "smart"}, {"dpr": 2}],
)
def test_a_box_that_leaves_a_picture_as_large_as_it_is_makes_it_no_larger_in_bytes(name, box):
    """A srcset asks for more than a small picture has; it is then only encoded again."""
    data = pictures.saved(pictures.noisy(160, 120), name, quality=30)
    output = pictures.render(data, name.lower(), **box)
    assert pictures.seen(output).size == (160, 120)
    assert len(output.body) <= len(data)
    asks_for_more = box != {"w": 160, "h": 120}
    assert [warning[:21] for warning in output.warnings] == ["Only 160 x 120 pixels"] * asks_for_more


@pytest.mark.parametrize("box", [{"w": 240, "enlarge": True}, {"w": 160, "h": 160, "fit": "pad"}, {"w": 150}])
def test_a_box_that_changes_the_picture_is_never_answered_with_the_source_itself(box):
    data = pictures.saved(pictures.noisy(160, 120), "JPEG", quality=30)
    output = pictures.render(data, "jpeg", **box)
    assert pictures.seen(output).size == ((box["w"], box["h"]) if "h" in box else (box["w"], box["w"] * 3 // 4))


def test_a_tiny_jpeg_does_not_grow_either():
    for image in (Image.new("RGB", (1, 1)), Image.new("RGB", (8, 8), pictures.RED)):
        data = pictures.saved(image, "JPEG", quality=75, optimize=True)
        assert len(pictures.render(data, "jpeg").body) <= len(data)


def test_any_other_growth_is_said():
    data = pictures.saved(pictures.noisy(), "JPEG", quality=20)
    assert any("bytes" in warning for warning in pictures.render(data, "png").warnings)
    assert any("bytes" in warning for warning in pictures.render(data, "jpeg", sharpen=5, quality=95).warnings)


def test_long_times_are_kept_in_every_format():
    """I7"""
    data = pictures.animated("GIF", moving_frames(2), duration=[600_000, 50], loop=65_535)
    for name in ("gif", "webp", "png", "avif"):
        assert playback(pictures.render(data, name))[0] == [600_000, 50], name


def test_times_beyond_what_a_format_holds_are_cut_to_what_all_hold():
    """I2"""
    parts = [apngs.Part(apngs.BLUE, delay=(65_535, 1)), apngs.Part(apngs.GREEN, delay=(40, 1000))]
    for name in ("webp", "png", "avif", "gif"):
        durations = playback(pictures.render(apngs.written(parts), name))[0]
        assert (sum(durations), durations[-1]) == (3_600_040, 40), name
        assert name == "gif" or durations[0] == 3_600_000


@pytest.mark.parametrize("duration", [65_535, 65_537, 100_003, 700_049])
def test_a_time_of_more_thousandths_than_an_apng_can_count_is_rounded_there(duration):
    """I2, I7"""
    data = pictures.animated("WEBP", moving_frames(2), duration=[duration, 50])
    assert playback(pictures.render(data, "webp"))[0] == [duration, 50]
    assert abs(playback(pictures.render(data, "png"))[0][0] - duration) <= duration // 10_000


def test_each_format_of_the_table_has_a_writer_and_no_other():
    assert set(encode.WRITERS) == set(FORMATS)
