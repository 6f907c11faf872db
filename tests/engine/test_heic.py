"""HEIC is an extra: refused by name without its decoder, and with it a source like any other."""

from pathlib import Path

import pytest

from tests.engine import pictures
from transforms.engine import pipeline
from transforms.engine.codecs import decode, heic
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits

# 96 x 64, four corners of four colours, written turned with EXIF orientation 6 and an Artist "CANARY".
DATA = (Path(__file__).parent / "files" / "corners.heic").read_bytes()
skip_without_decoder = pytest.mark.skipif(not heic.is_installed(), reason="make prove installs the extra")


def needs_decoder(test):
    """A test with the decoder, which `make prove` installs."""
    return pytest.mark.prove(skip_without_decoder(test))


@pytest.mark.skipif(heic.is_installed(), reason="the decoder is installed")
def test_heic_is_refused_by_name_with_the_way_around():
    with pytest.raises(EngineError) as excinfo:
        pictures.render(DATA)
    assert excinfo.value.code == "unsupported_format"
    assert "This is HEIC" in excinfo.value.message and "JPEG" in excinfo.value.message


@needs_decoder
@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "avif", "auto", "nocompress"])
def test_heic_is_read_upright_and_nothing_private_comes_out(name):
    output = pictures.render(DATA, name)
    image = pictures.seen(output)
    assert image.size == (96, 64) and b"CANARY" not in output.body
    assert all(pictures.near(a, b, 12) for a, b in zip(pictures.corners(image), pictures.CORNERS, strict=True))


@needs_decoder
def test_heic_is_named_and_measured():
    facts = decode.probe(DATA, Limits())
    assert (facts.source_format, facts.size, facts.orientation, facts.frame_count) == ("heic", (96, 64), 1, 1)
    assert b'"contentType":"image/heic"' in pipeline.render(Job("info", {}, "json", (DATA,))).body


@needs_decoder
@pytest.mark.parametrize("cut", [300, 500, len(DATA) - 40])
def test_a_truncated_heic_is_broken(cut):
    """I4"""
    with pytest.raises(EngineError) as excinfo:
        pictures.render(DATA[:cut])
    assert excinfo.value.code == "broken_image"


@needs_decoder
def test_a_heic_beyond_the_limits_is_refused_before_it_is_decoded():
    with pytest.raises(EngineError) as excinfo:
        pictures.render(DATA, limits=Limits(source_pixels=96 * 64 - 1))
    assert excinfo.value.code == "too_many_pixels"
