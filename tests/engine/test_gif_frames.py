"""The frames of a GIF as browsers show them. The values are what Chromium 156 draws: tests/browser/test_drawings.py."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import gifs, pictures
from tests.engine.gifs import box
from tests.engine.sketches import shown, sketch
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

FOLDER = Path(__file__).parent / "files" / "gif"
BLUE, GREEN, YELLOW = 1, 2, 3
SMALL = (8, 8)


FULL, CLEAR, BOXED = "BBBBBB BBBBBB BBBBBB BBBBBB", "...... ...... ...... ......", "BBBBBB BYYBBB BYYBBB BBBBBB"
DISPOSED = {
    0: "BBBBBB BYYGGB BYYGGB BBBBBB",
    1: "BBBBBB BYYGGB BYYGGB BBBBBB",
    2: "BBBBBB B..GGB B..GGB BBBBBB",
    3: "BBBBBB BBBGGB BBBGGB BBBBBB",
    4: "BBBBBB BBBGGB BBBGGB BBBBBB",
    5: "BBBBBB BYYGGB BYYGGB BBBBBB",
    6: "BBBBBB BYYGGB BYYGGB BBBBBB",
    7: "BBBBBB BYYGGB BYYGGB BBBBBB",
}


@pytest.mark.parametrize("clear", [None, YELLOW + 1])
@pytest.mark.parametrize("background", [0, 1, 255])
@pytest.mark.parametrize("disposal", DISPOSED)
def test_a_box_over_a_kept_frame_is_disposed_of_as_it_says(disposal, background, clear):
    """I7: whatever the background index, and with a transparent index or without."""
    parts = [
        box(BLUE, disposal=1, clear=clear),
        box(YELLOW, (4, 4), SMALL, disposal=disposal, clear=clear),
        box(GREEN, (12, 4), SMALL, clear=clear),
    ]
    assert shown(gifs.written(parts, background=background)) == [FULL, BOXED, DISPOSED[disposal]]


@pytest.mark.parametrize("disposal", DISPOSED)
def test_a_first_frame_disposed_of_leaves_nothing(disposal):
    """I7"""
    data = gifs.written([box(BLUE, disposal=disposal), box(YELLOW, (4, 4), SMALL)])
    assert shown(data) == [FULL, "...... .YY... .YY... ......" if disposal in (2, 3, 4) else BOXED]


def test_frames_of_disposal_previous_leave_what_was_before_all_of_them():
    """I7"""
    parts = [
        box(BLUE, disposal=3),
        box(YELLOW, (4, 4), SMALL, disposal=3),
        box(GREEN, (12, 4), SMALL),
    ]
    assert shown(gifs.written(parts)) == [FULL, "...... .YY... .YY... ......", "...... ...GG. ...GG. ......"]


@pytest.mark.parametrize(
    ("parts", "sketches"),
    [
        # The canvas holds the first image whole, and cuts off later ones.
        (
            [box(BLUE, (4, 4)), box(YELLOW, SMALL, SMALL)],
            [
                "....... .BBBBBB .BBBBBB .BBBBBB .BBBBBB",
                "....... .BBBBBB .BYYBBB .BYYBBB .BBBBBB",
            ],
        ),
        (
            [box(BLUE, disposal=1), box(YELLOW, (16, 8), (16, 16), disposal=2), box(GREEN, size=(4, 4))],
            [FULL, "BBBBBB BBBBBB BBBBYY BBBBYY", "GBBBBB BBBBBB BBBB.. BBBB.."],
        ),
        ([box(BLUE), box(YELLOW, (40, 40), (4, 4), disposal=2)], [FULL, FULL]),
        (
            [box(BLUE, size=SMALL), box(YELLOW, SMALL, SMALL)],
            ["BB.... BB.... ...... ......", "BB.... BB.... ..YY.. ..YY.."],
        ),
        (
            [box(BLUE), box(YELLOW, size=(0, 0), disposal=2), box(GREEN, SMALL, SMALL)],
            [FULL, FULL, "BBBBBB BBBBBB BBGGBB BBGGBB"],
        ),
        # Without a control block a frame is kept; an index beyond the palette is black.
        ([box(BLUE, disposal=None), box(YELLOW, (4, 4), SMALL, disposal=None)], [FULL, BOXED]),
        ([box(7), box(YELLOW, (4, 4), SMALL)], ["KKKKKK KKKKKK KKKKKK KKKKKK", "KKKKKK KYYKKK KYYKKK KKKKKK"]),
        ([box(BLUE), box(0, (4, 4), SMALL, palette=b"\xff" * 6)], [FULL, "BBBBBB BWWBBB BWWBBB BBBBBB"]),
        ([box(BLUE, clear=BLUE), box(YELLOW, (4, 4), SMALL)], [CLEAR, "...... .YY... .YY... ......"]),
    ],
)
def test_images_stand_where_browsers_put_them(parts, sketches):
    """I7"""
    assert shown(gifs.written(parts)) == sketches


KNOWN = {
    "disp_trans": [
        "...... ...... ...... ......",
        "GG.... GG.... ...... ......",
        "...... ...BB. ...BB. ......",
        "...... ...... ...... .....Y",
    ],
    "firstsmall": ["...... ..GG.. ..GG.. ......", "...... ..GBB. ..GBB. ......"],
    "gd1": ["BBBB BBBB", "Y... ...."],
    "gd2": ["BBBB BBBB", "Y... ...."],
    "gd3": ["BBBB BBBB", "Y... ...."],
    "gd4": ["BBBB BBBB", "YBBB BBBB", ".BGB BBBB"],
    "gd7": [".... .B..", "Y... .B.."],
    "gd10": ["GGGG GGGG", "Y... ...."],
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("output", ["webp", "png", "gif"])
def test_known_files_come_out_as_chromium_draws_them(name, output):
    """I7: whatever the format that is asked for."""
    body = pictures.render((FOLDER / f"{name}.gif").read_bytes(), output, lossless=True).body
    picture = decode.open_picture(body, Limits(), animated=True)
    at = (2, 2) if name == "gd7" else (5, 5)
    assert [sketch(frame, 10, at) for frame in picture.frames] == KNOWN[name]


def test_a_still_of_a_small_first_frame_is_clear_around_it_and_takes_the_background():
    """I7"""
    data = (FOLDER / "firstsmall.gif").read_bytes()
    still = pictures.seen(pictures.render(data, "png", animated=False)).convert("RGBA")
    assert (still.size, sketch(still, 10, (5, 5))) == ((60, 40), KNOWN["firstsmall"][0])
    for values, ink in (({}, (255, 255, 255)), ({"background": "0000ff"}, (0, 0, 255))):
        flat = pictures.seen(pictures.render(data, "jpeg", **values))
        assert pictures.near(flat.getpixel((3, 3)), ink, 3)
        assert pictures.near(flat.getpixel((30, 20)), (0, 255, 0), 12)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([box(BLUE)], False),
        ([box(BLUE), box(YELLOW, (4, 4), SMALL, clear=0)], False),
        ([box(BLUE, clear=0)], True),
        ([box(BLUE, size=SMALL)], True),
        ([box(BLUE, disposal=2), box(GREEN)], True),
        ([box(BLUE, disposal=3), box(GREEN)], True),
    ],
)
def test_info_says_alpha_where_a_frame_can_leave_pixels_clear(parts, expected):
    assert decode.probe(gifs.written(parts), Limits()).has_alpha is expected


def test_a_still_unpacks_one_image_and_a_later_one_may_be_damaged():
    """I7"""
    data = gifs.written([box(BLUE), replace(box(GREEN), indices=b"\1" * 9)])
    assert sketch(decode.open_picture(data, Limits()).frames[0]) == FULL
    with pytest.raises(EngineError) as excinfo:
        decode.open_picture(data, Limits(), animated=True)
    assert excinfo.value.code == "broken_image"


def test_an_image_far_larger_than_the_canvas_is_refused_before_it_is_unpacked():
    """I1, I7"""
    data = gifs.written([box(BLUE), replace(box(GREEN, size=(4, 4)), size=(60_000, 16_000))])
    tracemalloc.start()
    with pytest.raises(EngineError) as excinfo:
        decode.open_picture(data, Limits(), animated=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert excinfo.value.code == "too_many_pixels"
    assert peak < 8_000_000


@pytest.mark.parametrize("missing", [1, 2])
def test_a_gif_whose_pixels_are_all_there_needs_no_end(missing):
    """I9: neither the trailer nor the terminator of its last image."""
    data = gifs.written([box(BLUE), box(YELLOW, (4, 4), SMALL)])
    assert shown(data[:-missing]) == [FULL, BOXED]


@pytest.mark.parametrize("animated", [False, True])
def test_a_gif_cut_off_within_its_last_image_is_broken(animated):
    """I9: even where a sub-block ends."""
    data = gifs.written([box(BLUE), box(YELLOW)])
    ends = [data.rindex(b"\x2c") + 11 + 256, len(data) - 3, len(data) - 40]
    for end in ends:
        with pytest.raises(EngineError) as excinfo:
            decode.open_picture(data[:end], Limits(), animated=animated)
        assert excinfo.value.code == "broken_image"


@pytest.mark.parametrize("before", [b"", b"\0", b"\x55"])
def test_a_gif_without_an_image_is_refused_as_broken(before):
    """I2: whatever stands in the place of its first block."""
    data = gifs.written([box(BLUE)], loop=None)
    data = gifs.written([], loop=None) if not before else data[:25] + before + data[25:]
    with pytest.raises(EngineError) as excinfo:
        decode.open_picture(data, Limits())
    assert excinfo.value.code == "broken_image"
