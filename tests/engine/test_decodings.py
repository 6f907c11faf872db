"""One decoding for several jobs in a row: what comes out is what each would have alone, byte for byte (R4)."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.engine import pictures
from transforms.engine import geometry, pipeline
from transforms.engine.codecs import source_file
from transforms.engine.codecs.decodings import Decodings, Options
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits

SIZE = (640, 400)
DETAILED = Image.linear_gradient("L").resize(SIZE).convert("RGB")
TURNED = Image.Exif()
TURNED[0x0112] = 6


def _sources() -> dict[str, bytes]:
    grain = Image.frombytes("RGB", SIZE, random.Random(14).randbytes(SIZE[0] * SIZE[1] * 3))
    noisy = Image.blend(DETAILED, grain, 0.3)
    clear = noisy.convert("RGBA")
    clear.putalpha(DETAILED.convert("L"))
    frames = [noisy.resize((80, 50)), DETAILED.resize((80, 50))]
    return {
        "jpeg": pictures.saved(noisy, "JPEG"),
        "turned": pictures.saved(noisy, "JPEG", exif=TURNED.tobytes()),
        "cmyk": pictures.saved(noisy.convert("CMYK"), "JPEG"),
        "png": pictures.saved(clear, "PNG"),
        "grey": pictures.saved(DETAILED.convert("L"), "PNG"),
        "gif": pictures.saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100),
    }


SOURCES = _sources()
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "w": st.sampled_from((20, 64, 120, 250, 640)),
        "h": st.sampled_from((15, 60, 200)),
        "fit": st.sampled_from(("contain", "cover", "fill", "pad")),
        "crop": st.sampled_from((("px", 10, 10, 300, 200), ("fr", 0.0, 0.0, 1.0, 1.0), ("px", 900, 0, 5, 5))),
        "rotate": st.sampled_from((90, 180)),
        "flip": st.sampled_from(("h", "v")),
        "trim": st.just(10),
        "blur": st.just(2.0),
        "grayscale": st.sampled_from((True,)),
        "saturation": st.just(0.5),
        "tint": st.just("ff000080"),
        "radius": st.sampled_from((7, "max")),
        "padding": st.just(3),
        "background": st.just("00ff00"),
        "metadata": st.just("keep"),
        "profile": st.just("keep"),
        "animated": st.sampled_from((False,)),
        "lossless": st.sampled_from((True,)),
    },
)
REQUESTS = st.tuples(VALUES, st.sampled_from(("auto", "jpeg", "png", "webp", "gif")))


def outcome(job: Job, decodings: Decodings | None = None):
    """Everything of an output but its times, or the refusal."""
    try:
        output = pipeline.render(job, decodings)
    except EngineError as error:
        return error.code, error.message, error.param, error.is_early
    return replace(output, timings={})


@given(st.sampled_from(sorted(SOURCES)), st.lists(REQUESTS, min_size=2, max_size=5))
def test_every_output_is_the_one_that_it_would_be_alone(name, requests):
    decodings = Decodings()
    for values, output_format in requests:
        job = Job("transform", values, output_format, (SOURCES[name],))
        assert outcome(job, decodings) == outcome(job)


@pytest.fixture
def opened(monkeypatch):
    """The sizes of what is decoded, in order."""
    sizes, open_picture = [], source_file.open_picture

    def counted(*args, **options):
        picture = open_picture(*args, **options)
        sizes.append(picture.size)
        return picture

    monkeypatch.setattr(source_file, "open_picture", counted)
    return sizes


def rendered(decodings: Decodings, data: bytes, output_format: str = "jpeg", **values) -> None:
    pipeline.render(Job("transform", values, output_format, (data,)), decodings)


def test_widths_of_one_scale_are_decoded_once(opened):
    decodings, data = Decodings(), SOURCES["jpeg"]
    for width in (120, 100, 90, 240, 200, 30):
        rendered(decodings, data, w=width)
    assert opened == [(160, 100), (320, 200), (80, 50)]


def test_formats_of_a_still_picture_are_decoded_once_and_those_of_an_animation_are_not(opened):
    decodings = Decodings()
    for output_format in ("jpeg", "webp", "auto"):
        rendered(decodings, SOURCES["png"], output_format, w=100)
    assert len(opened) == 1
    for output_format in ("jpeg", "gif"):
        rendered(decodings, SOURCES["gif"], output_format, w=40)
    assert len(opened) == 3


def test_equal_bytes_of_another_job_are_another_source(opened):
    """The bytes are compared by identity: what was sent again may be somebody else's."""
    decodings = Decodings()
    for _ in range(2):
        rendered(decodings, bytes(bytearray(SOURCES["jpeg"])), w=100)
    assert len(opened) == 2


def test_what_is_forgotten_is_decoded_again(opened):
    decodings, data = Decodings(), SOURCES["jpeg"]
    rendered(decodings, data, w=100)
    decodings.forget()
    rendered(decodings, data, w=100)
    assert len(opened) == 2


def test_a_refused_job_leaves_what_is_decoded_for_the_next(opened):
    decodings, data = Decodings(), SOURCES["jpeg"]
    rendered(decodings, data, w=100)
    with pytest.raises(EngineError):
        rendered(decodings, data, crop=("px", 900, 0, 5, 5))
    rendered(decodings, data, w=90)
    assert len(opened) == 1


def test_whoever_draws_on_a_shared_picture_draws_on_a_copy():
    decodings, data = Decodings(), SOURCES["jpeg"]
    first = decodings.open_picture(data, Options(Limits()), lambda facts: None).frames[0]
    before = first.tobytes()
    first.paste("red", (0, 0, *first.size))
    first.putalpha(7)
    second = decodings.open_picture(data, Options(Limits()), lambda facts: None).frames[0]
    assert (second.mode, second.tobytes()) == ("RGB", before)


@given(*(st.integers(1, 300) for _ in range(4)), st.booleans())
def test_the_scale_is_foretold_as_pillow_chooses_it(width, height, target_width, target_height, is_turned):
    exif = {"exif": TURNED.tobytes()} if is_turned else {}
    data = pictures.saved(Image.new("RGB", (width, height)), "JPEG", **exif)
    size, target = (height, width) if is_turned else (width, height), (target_width, target_height)
    factor = geometry.reduction(size, target)
    decoded = source_file.open_picture(data, Limits(), target=target).size
    assert decoded == tuple(-(-side // factor) for side in size)
