"""The GIFs we write: read whole by a reader of our own and by Pillow, frame by frame and with their times."""

from io import BytesIO
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from tests.engine import apngs, gifs, pictures
from tests.engine.apngs import Part
from tests.engine.sketches import sketch
from transforms.engine.codecs import decode
from transforms.engine.codecs.animations import gif_times, gif_writer
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture

SCREEN = (12, 8)
INKS = {"R": (255, 0, 0, 255), "G": (0, 255, 0, 255), "B": (0, 0, 255, 255), ".": (0, 0, 0, 0)}


def frame(letters: str) -> Image.Image:
    """A frame of six squares of 4 x 4."""
    image = Image.new("RGBA", SCREEN)
    for number, letter in enumerate(letters):
        left, top = number % 3 * 4, number // 3 * 4
        image.paste(INKS[letter], (left, top, left + 4, top + 4))
    return image


def picture(frames: list[Image.Image], durations: list[int], loop: int = 0) -> Picture:
    size = frames[0].size
    return Picture(
        tuple(frames),
        tuple(durations),
        loop,
        has_alpha=True,
        source_format="png",
        source_size=size,
        orientation=1,
        frame_count=len(frames),
        nominal=size,
    )


def seen_by_both(body: bytes) -> tuple[list[str], list[int]]:
    """A sketch of each frame and the times in hundredths of a second, after both readers agree on them."""
    screen, _, frames = gifs.read(body)
    image = Image.open(BytesIO(body))
    assert (image.size, image.n_frames) == (screen, len(frames))
    for index, (own, hundredths) in enumerate(frames):
        image.seek(index)
        theirs = image.convert("RGBA")
        assert sketch(theirs) == sketch(own)
        assert image.info.get("duration", 0) == hundredths * 10
    return [sketch(own).replace(" ", "") for own, _ in frames], [hundredths for _, hundredths in frames]


@given(st.lists(st.text("RGB.", min_size=6, max_size=6), min_size=2, max_size=6))
@example(["RRRRRR", "......", "BBBBBB"])
@example(["......", "RRRRRR", "......"])
@example(["......", "......"])
@example(["RRRRRR", "RRRRRR", "RRRRRG"])
@example(["R.....", ".....R", "R....."])
def test_every_frame_can_be_reached_whatever_is_clear_in_it(letters):
    """I7: those that look alike and follow one another are one, as long as both."""
    expected, times = [], []
    for text in letters:
        if expected and expected[-1] == text:
            times[-1] += 5
        else:
            expected.append(text)
            times.append(5)
    body = gif_writer.write(picture([frame(text) for text in letters], [50] * len(letters)))
    assert seen_by_both(body) == (expected, times)
    assert body.count(b"GIF89a") == 1


def test_a_frame_like_the_clear_canvas_does_not_begin_a_second_file():
    """I7: it once did, and all but one frame were lost."""
    parts = [Part(apngs.CLEAR), Part(apngs.RED), Part(apngs.CLEAR)]
    body = pictures.render(apngs.written(parts), "gif").body
    assert [text[:2] for text in seen_by_both(body)[0]] == ["..", "RR", ".."]


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ([25] * 4, [3, 2, 3, 2]),
        ([33] * 3, [3, 4, 3]),
        ([5] * 8, [2, 2]),
        ([5] * 10, [2, 3]),
        ([10] * 6, [2, 2, 2]),
        ([15] * 4, [2, 2, 2]),
        ([16, 17, 17] * 2, [2, 3, 2, 3]),
        ([0, 0], [10, 10]),
        ([100_000, 40], [10_000, 4]),
        ([1_000, 5], [99, 2]),
        ([20, 5], [3]),
        ([5, 5], [2]),
        ([40, 5], [3, 2]),
        ([5, 5, 1_000], [2, 99]),
    ],
)
def test_times_are_rounded_so_that_the_whole_is_as_long(durations, expected):
    """I7: what is faster than 20 ms is merged; a time of 0 is the 100 ms that browsers make of it."""
    frames = [Image.new("RGB", SCREEN, (number * 20, 0, 255 - number * 20)) for number in range(len(durations))]
    body = gif_writer.write(picture(frames, durations))
    assert [hundredths for _, hundredths in gifs.read(body)[2]] == expected
    assert [hundredths for _, hundredths in gif_times.shown(durations)] == expected


@given(st.lists(st.integers(0, 3_600_000) | st.integers(0, 60), min_size=1, max_size=256))
def test_no_animation_is_longer_or_shorter_than_its_source(durations):
    """I7"""
    shown = gif_times.shown(durations)
    indices = [index for index, _ in shown]
    lengths = [hundredths for _, hundredths in shown]
    total = sum(duration or gif_times.UNSAID for duration in durations)
    assert abs(10 * sum(lengths) - total) <= 5 or (len(shown) == 1 and lengths == [2])
    assert min(lengths) >= gif_times.SHORTEST
    assert indices == sorted(set(indices))
    assert indices[-1] == len(durations) - 1 or len(shown) == 1
    begins = [0, *accumulate(duration or gif_times.UNSAID for duration in durations)]
    for index, start in zip(indices, accumulate([0, *lengths[:-1]]), strict=True):
        assert abs(begins[index] - 10 * start) <= 25


def test_what_lasts_longer_than_a_block_can_say_is_repeated():
    """I7"""
    for inks in (("red", "blue"), ((255, 0, 0, 255), (0, 0, 0, 0))):
        mode = "RGB" if inks[0] == "red" else "RGBA"
        frames = [Image.new(mode, SCREEN, ink) for ink in inks]
        sketches, times = seen_by_both(gif_writer.write(picture(frames, [1_400_000, 50])))
        assert sum(times) == 140_005 and max(times) <= 65_535 and len(times) == 4
        assert sketches[:3] == ["RRRRRR"] * 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_pictures_of_many_colours_are_read_back_by_both(mode, count):
    """I7: every index lies within its palette, the clear one too."""
    frames = [pictures.noisy(40, 30).rotate(90 * number).convert(mode) for number in range(count)]
    for number, image in enumerate(frames):
        if mode == "RGBA":
            image.putalpha(Image.new("L", image.size, 255 if number else 0))
    body = gif_writer.write(picture(frames, [50] * count))
    for part in gifs.blocks_of(body)[2]:
        assert max(part.indices) < len(part.palette) // 3
        assert part.clear is None or part.clear < len(part.palette) // 3
    _, _, found = gifs.read(body)
    image = Image.open(BytesIO(body))
    for index, (own, _) in enumerate(found):
        image.seek(index)
        theirs = np.asarray(image.convert("RGBA"))
        assert np.array_equal(theirs[..., 3], np.asarray(own)[..., 3])
        assert np.array_equal(theirs[theirs[..., 3] > 0], np.asarray(own)[theirs[..., 3] > 0])
    assert len(found) == count


def test_a_gif_comes_back_from_its_own_reader_as_it_was_written():
    """I7"""
    letters = ["RRR...", "RGR..B", "......", "BBBBBB"]
    body = gif_writer.write(picture([frame(text) for text in letters], [50, 70, 90, 400], loop=3))
    back = decode.open_picture(body, Limits(), animated=True)
    assert [sketch(image).replace(" ", "") for image in back.frames] == letters
    assert (back.durations, back.loop) == ((50, 70, 90, 400), 3)
