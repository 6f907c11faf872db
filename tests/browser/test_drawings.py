"""GIF and APNG against Chromium as oracle: every frame and its time, of known files and of generated ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.browser.drawings import Drawings, difference
from tests.engine import apngs, gifs, pictures
from tests.transforms import pillow_pictures
from transforms.engine.codecs import decode
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

pytestmark = pytest.mark.prove
FILES = Path(__file__).parents[1] / "engine" / "files" / "gif"
JUST_VISIBLE = 2.0
SCREEN = gifs.SCREEN
# Files of Pillow's corpus that are drawn otherwise, and why. All of them are damaged.
OTHERWISE = {
    # Chromium draws nothing at all; the default image is drawn here.
    "chunk_repeat_fctl.png",
    "sequence_fdat_fctl.png",
    "sequence_start.png",
    # Chromium draws nothing at all: refused here.
    "chunk_no_fctl.png",
    "issue_2811.gif",
    # The first frame alone is drawn in both; ImageDecoder gives none, since the sequence breaks off within the second.
    "sequence_gap.png",
    "sequence_reorder.png",
    "sequence_reorder_chunk.png",
    "sequence_repeat.png",
    "sequence_repeat_chunk.png",
}


def type_of(data: bytes) -> str:
    """image/gif or image/png."""
    return f"image/{sniffing.format_of(data).lower()}"


def compare(drawings: Drawings, data: bytes) -> None:
    """Fail where the engine's frames, their times or the still differ from Chromium's."""
    content_type = type_of(data)
    frames = drawings.frames(data, content_type)
    picture = decode.open_picture(data, Limits(), animated=True)
    assert len(picture.frames) == len(frames)
    if len(frames) > 1:
        for ours, theirs in zip(picture.durations, frames, strict=True):
            assert abs(ours - theirs.duration) <= 1
    for ours, theirs in zip(picture.frames, frames, strict=True):
        assert difference(ours, theirs.image) <= JUST_VISIBLE
    still = decode.open_picture(data, Limits()).frames[0]
    assert difference(still, drawings.still(data, content_type)) <= JUST_VISIBLE


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_known_gifs_are_drawn_as_chromium_draws_them(drawings, path):
    """I7"""
    compare(drawings, path.read_bytes())


boxes = st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 30), st.integers(0, 20))
parts_of_gif = st.builds(
    lambda box, ink, **options: gifs.box(ink, box[:2], box[2:], **options),
    boxes,
    st.integers(0, 5),
    hole=st.booleans(),
    disposal=st.none() | st.integers(0, 7),
    clear=st.none() | st.integers(0, 4),
    delay=st.integers(0, 300),
    palette=st.none() | st.binary(min_size=12, max_size=12),
    interlaced=st.booleans(),
)


@given(
    parts=st.lists(parts_of_gif, min_size=1, max_size=5),
    background=st.integers(0, 255),
    palette=st.sampled_from([gifs.PALETTE, None]),
)
def test_generated_gifs_are_drawn_as_chromium_draws_them(drawings, parts, background, palette):
    """I7"""
    compare(drawings, gifs.written(parts, background=background, palette=palette))


places = st.tuples(st.integers(0, 16), st.integers(0, 10), st.integers(1, 8), st.integers(1, 6))
levels = st.sampled_from([0, 51, 128, 255])
parts_of_apng = st.builds(
    lambda ink, place, **options: apngs.Part(ink, place[:2], place[2:], **options),
    st.tuples(levels, levels, levels, levels),
    places,
    dispose=st.integers(0, 2),
    blend=st.integers(0, 1),
    delay=st.tuples(st.integers(0, 500), st.sampled_from([0, 1, 30, 100, 1000])),
)
first_parts = st.builds(apngs.Part, st.tuples(levels, levels, levels, levels), dispose=st.integers(0, 2))


@given(
    first=first_parts,
    others=st.lists(parts_of_apng, max_size=5),
    default=st.none() | st.just(apngs.GREEN),
    pieces=st.integers(1, 4),
    empty=st.booleans(),
)
def test_generated_apngs_are_drawn_as_chromium_draws_them(drawings, first, others, default, pieces, empty):
    """I7"""
    compare(drawings, apngs.written([first, *others], default=default, pieces=pieces, empty=empty))


@given(
    inks=st.lists(st.sampled_from(["red", "blue", "#00000000"]), min_size=2, max_size=5),
    durations=st.lists(st.integers(20, 700), min_size=5, max_size=5),
)
def test_what_is_written_is_what_chromium_shows(drawings, inks, durations):
    """I7: in GIF and APNG, each frame of two colours or clear."""
    frames = []
    for number, ink in enumerate(inks):
        frame = Image.new("RGBA", SCREEN, ink)
        frame.paste((0, 255, 0, 255), (number, number, number + 5, number + 5))
        frames.append(frame)
    data = pictures.animated("PNG", frames, duration=durations[: len(frames)], disposal=0, blend=0)
    for name in ("gif", "png"):
        shown = drawings.frames(pictures.render(data, name).body, f"image/{name}")
        assert len(shown) == len(frames)
        assert all(difference(one.image, frame) <= JUST_VISIBLE for one, frame in zip(shown, frames, strict=True))
        assert abs(sum(one.duration for one in shown) - sum(durations[: len(frames)])) <= 5


def test_animations_of_pillows_corpus_are_drawn_as_chromium_draws_them(drawings):
    """I7"""
    compared, unlike = 0, []
    for path in pillow_pictures.files():
        data = path.read_bytes()
        if sniffing.format_of(data) == "GIF" or (sniffing.format_of(data) == "PNG" and b"acTL" in data[:2000]):
            compared += 1
            try:
                compare(drawings, data)
            except (AssertionError, EngineError):
                unlike += [path.name] if drawings.still(data, type_of(data)) else []
    print(f"{compared} files")
    assert compared > 80 and set(unlike) == OTHERWISE
