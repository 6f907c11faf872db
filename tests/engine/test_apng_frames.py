"""The frames of an APNG as browsers show them: the values are what Chromium 156 draws (browser/test_drawings.py)."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.engine import apngs, pictures
from tests.engine.apngs import (
    BACKGROUND,
    BLUE,
    CLEAR,
    GREEN,
    HALF,
    KEEP,
    OVER,
    PREVIOUS,
    RED,
    SOURCE,
    YELLOW,
    Part,
)
from tests.engine.sketches import shown, sketch
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.metadata import exif as exif_reader

SMALL = (8, 8)
FULL, EMPTY, BOXED = "BBBBBB BBBBBB BBBBBB BBBBBB", "...... ...... ...... ......", "BBBBBB BYYBBB BYYBBB BBBBBB"
CORNERED = "GBBBBB BYYBBB BYYBBB BBBBBB"
FULL_BLUE, BOX = Part(BLUE), Part(YELLOW, (4, 4), SMALL)
THREE = (FULL_BLUE, BOX, Part(GREEN, size=(4, 4)))


@pytest.mark.parametrize("blend", [SOURCE, OVER])
@pytest.mark.parametrize(
    ("dispose", "last"),
    [
        (KEEP, "BBBBBB BYYGGB BYYGGB BBBBBB"),
        (BACKGROUND, "BBBBBB B..GGB B..GGB BBBBBB"),
        (PREVIOUS, "BBBBBB BBBGGB BBBGGB BBBBBB"),
    ],
)
def test_a_region_is_disposed_of_as_it_says(dispose, blend, last):
    """I7"""
    parts = [FULL_BLUE, Part(YELLOW, (4, 4), SMALL, dispose, blend), Part(GREEN, (12, 4), SMALL)]
    assert shown(apngs.written(parts)) == [FULL, BOXED, last]


@pytest.mark.parametrize("blend", [SOURCE, OVER])
@pytest.mark.parametrize("dispose", [BACKGROUND, PREVIOUS])
def test_a_first_frame_disposed_of_leaves_nothing(dispose, blend):
    """I7"""
    parts = [Part(BLUE, dispose=dispose, blend=blend), BOX]
    assert shown(apngs.written(parts)) == [FULL, "...... .YY... .YY... ......"]


@pytest.mark.parametrize(
    ("parts", "sketches"),
    [
        (
            [FULL_BLUE, Part(YELLOW, dispose=PREVIOUS), Part(GREEN, (12, 4), SMALL)],
            [FULL, FULL.replace("B", "Y"), "BBBBBB BBBGGB BBBGGB BBBBBB"],
        ),
        (
            [
                FULL_BLUE,
                Part(YELLOW, (4, 4), SMALL, PREVIOUS),
                Part(GREEN, (12, 4), SMALL, PREVIOUS),
                Part(RED, size=(4, 4)),
            ],
            [FULL, BOXED, "BBBBBB BBBGGB BBBGGB BBBBBB", "RBBBBB BBBBBB BBBBBB BBBBBB"],
        ),
        (
            [Part(BLUE, dispose=BACKGROUND), Part(YELLOW, (4, 4), SMALL, PREVIOUS), Part(GREEN, (12, 4), SMALL)],
            [FULL, "...... .YY... .YY... ......", "...... ...GG. ...GG. ......"],
        ),
        ([FULL_BLUE, Part(HALF, (4, 4), SMALL, blend=SOURCE)], [FULL, BOXED.replace("Y", "r")]),
        ([FULL_BLUE, Part(HALF, (4, 4), SMALL, blend=OVER)], [FULL, BOXED.replace("Y", "m")]),
        ([FULL_BLUE, Part(CLEAR, (4, 4), SMALL, blend=SOURCE)], [FULL, BOXED.replace("Y", ".")]),
        ([FULL_BLUE, Part(CLEAR, (4, 4), SMALL, blend=OVER)], [FULL, FULL]),
    ],
)
def test_regions_are_laid_over_one_another_as_they_say(parts, sketches):
    """I7"""
    assert shown(apngs.written(parts)) == sketches


@pytest.mark.parametrize(
    ("parts", "sketches"),
    [
        ([FULL_BLUE, BOX], [FULL, BOXED]),
        ([FULL_BLUE], [FULL]),
        ([Part(BLUE, (4, 4), SMALL)], ["...... .BB... .BB... ......"]),
    ],
)
def test_a_default_image_that_is_no_part_of_the_animation_is_never_shown(parts, sketches):
    """I7: neither in an animation, also one of a single frame, nor as its still."""
    data = apngs.written(parts, default=RED)
    assert shown(data) == sketches
    assert sketch(decode.open_picture(data, Limits()).frames[0]) == sketches[0]
    assert decode.probe(data, Limits()).frame_count == len(parts)


@pytest.mark.parametrize("pieces", [1, 2, 9])
@pytest.mark.parametrize("empty", [False, True])
def test_the_pixels_of_a_frame_may_be_split_and_chunks_may_be_empty(pieces, empty):
    """I7"""
    for default in (None, RED):
        assert shown(apngs.written(THREE, default=default, pieces=pieces, empty=empty)) == [FULL, BOXED, CORNERED]


def damaged(data: bytes, number: int) -> bytes:
    """The file with a wrong checksum of a frame's control chunk."""
    at = data.index(b"fcTL" + struct.pack(">I", number)) + 4 + 26
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "sketches"),
    [
        (apngs.written(THREE, declared=9), [FULL, BOXED, CORNERED]),
        (apngs.written(THREE, declared=2), [FULL, BOXED]),
        (apngs.written(THREE, declared=1), [FULL]),
        (apngs.written(THREE, declared=0), [FULL]),
        (apngs.written(THREE, declared=2**31, default=apngs.GREEN), [FULL.replace("B", "G")]),
        (apngs.written([FULL_BLUE, BOX, Part(GREEN, (20, 0), SMALL)]), [FULL, BOXED]),
        (apngs.written([FULL_BLUE, BOX, Part(GREEN, size=(0, 0))]), [FULL, BOXED]),
        (apngs.written([FULL_BLUE, BOX, Part(GREEN, size=SMALL, dispose=3)]), [FULL, BOXED]),
        (apngs.written([FULL_BLUE, BOX, Part(GREEN, size=SMALL, blend=2)]), [FULL, BOXED]),
        (damaged(apngs.written(THREE), 3), [FULL, BOXED]),
        (apngs.written(THREE).replace(apngs.chunk(b"acTL", struct.pack(">II", 3, 0)), b""), [FULL]),
    ],
)
def test_an_animation_ends_before_the_first_frame_that_is_not_as_it_must_be(data, sketches):
    """I7"""
    assert shown(data) == sketches


def test_the_number_of_frames_may_stand_behind_the_first_control_chunk():
    """I7"""
    first, said = apngs.control(0, FULL_BLUE), apngs.chunk(b"acTL", struct.pack(">II", 3, 0))
    assert shown(apngs.written(THREE).replace(said + first, first + said)) == [FULL, BOXED, CORNERED]


def test_times_of_a_fraction_of_a_millisecond_are_as_long_in_all_as_in_the_file():
    """I7"""
    parts = [Part(BLUE if number % 2 else GREEN, delay=(1, 30)) for number in range(30)]
    durations = decode.open_picture(apngs.written(parts), Limits(), animated=True).durations
    assert sum(durations) == 1000 and set(durations) == {33, 34}
    parts = [Part(BLUE, delay=(3, 0)), Part(GREEN, delay=(0, 0)), Part(RED, delay=(1, 1))]
    assert decode.open_picture(apngs.written(parts), Limits(), animated=True).durations == (30, 0, 1000)


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGB", "1", "I;16"])
def test_each_frame_has_the_depth_the_palette_and_the_clear_colour_of_the_whole(mode):
    """I7"""
    frames = [pictures.shaded(24, 16).convert("L").point(lambda level, by=by: level + by) for by in (0, 40, 80)]
    sources = [frame.convert("I").point(lambda level: level * 257).convert("I;16") for frame in frames]
    sources = (
        sources if mode == "I;16" else [frame.quantize(32) if mode == "P" else frame.convert(mode) for frame in frames]
    )
    sources = [sources[0].copy() for _ in sources] if mode == "P" else sources
    data = pictures.animated("PNG", sources, duration=[50, 60, 70])
    picture = decode.open_picture(data, Limits(), animated=True)
    assert [frame.convert("RGB").tobytes() for frame in picture.frames] == [
        decode.open_picture(pictures.saved(source, "PNG"), Limits()).frames[0].convert("RGB").tobytes()
        for source in sources[: len(picture.frames)]
    ]


def test_profile_and_orientation_of_the_whole_hold_for_every_frame():
    """I7, I11"""
    exif = Image.Exif()
    exif[exif_reader.ORIENTATION] = 6
    frames = [pictures.cornered(24, 16), pictures.cornered(24, 16).transpose(Image.Transpose.ROTATE_180)]
    data = pictures.animated("PNG", frames, duration=50, exif=exif)
    picture = decode.open_picture(data, Limits(), animated=True)
    assert picture.size == (16, 24)
    for frame, source in zip(picture.frames, frames, strict=True):
        assert np.array_equal(np.asarray(frame), np.asarray(source.transpose(Image.Transpose.ROTATE_270)))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([FULL_BLUE, BOX], False),
        ([FULL_BLUE, Part(BLUE, dispose=BACKGROUND)], True),
        ([Part(BLUE, dispose=PREVIOUS), BOX], True),
    ],
)
def test_info_says_alpha_where_an_opaque_frame_can_leave_pixels_clear(parts, expected):
    data = apngs.written(parts).replace(apngs.header(apngs.SCREEN), apngs.header(apngs.SCREEN, colour=2))
    assert decode.probe(data, Limits()).has_alpha is expected


def test_a_still_decodes_one_frame_and_a_later_one_may_be_damaged():
    """I7"""
    data = apngs.written(THREE)
    sound = zlib.compress(b"\0" + bytes(YELLOW) * 8)[:6]
    broken = data.replace(BOX.data[:6], b"\xff" * len(sound), 1)
    assert broken != data
    assert sketch(decode.open_picture(broken, Limits()).frames[0]) == FULL
    with pytest.raises(EngineError) as excinfo:
        decode.open_picture(broken, Limits(), animated=True)
    assert excinfo.value.code == "broken_image"


def test_text_before_the_pixels_is_no_work_for_each_frame():
    """I7, I8"""
    parts = [Part(BLUE if number % 2 else GREEN, size=(4, 4)) for number in range(200)]
    text = apngs.chunk(b"tEXt", b"a\0" + b"b" * 900_000) * 3
    data = apngs.written([FULL_BLUE, *parts]).replace(apngs.header(apngs.SCREEN), apngs.header(apngs.SCREEN) + text)
    picture = decode.open_picture(data, Limits(), animated=True)
    assert len(picture.frames) == 201
