"""The render process as production starts it."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from imgapis.devstack import downloads
from tests.engine import pictures, test_cutout
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.render import process
from transforms.render.pool import Pool

MEMORY = 1_500_000_000
SUBJECT = pictures.saved(test_cutout.disc()[0], "PNG")
SHADED = pictures.saved(pictures.shaded(), "JPEG")


@pytest.fixture(scope="module")
def pool():
    pool = Pool(processes=1, seconds=30.0, memory_bytes=MEMORY, queue=8, spares=0)
    pool.run(Job("transform", {"w": 50}, "png", (SHADED,)))
    yield pool
    pool.close()


@pytest.mark.parametrize("name", ["avif", "webp", "jpeg", "png", "gif"])
def test_every_format_is_written_inside_the_cage(pool, name):
    output = pool.run(Job("transform", {"w": 50}, name, (SHADED,)))
    assert pictures.seen(output).size == (50, 30)
    assert {"decode", "process", "encode"} <= set(output.timings)


@pytest.mark.prove
def test_a_background_is_removed_inside_the_cage():
    """I4: the network's own memory counts; where there is too little of it, only that picture fails."""
    argv = (*process.CHILD, "--subjects", str(downloads.model()))
    job = Job("transform", {"background-remove": True}, "png", (SUBJECT,))
    for memory, code in ((MEMORY, None), (300_000_000, "render_crashed")):
        pool = Pool(processes=1, seconds=30.0, memory_bytes=memory, queue=8, argv=argv)
        try:
            if code is None:
                assert pictures.seen(pool.run(job)).mode == "RGBA"
                assert pool.run(job).timings["process"] > 0
            else:
                with pytest.raises(EngineError) as caught:
                    pool.run(job)
                assert caught.value.code == code
                assert pool.run(Job("transform", {"w": 50}, "png", (SHADED,))).width == 50
        finally:
            pool.close()


def test_a_process_without_the_model_says_so_and_goes_on(pool):
    pids = pool.pids()
    with pytest.raises(EngineError) as caught:
        pool.run(Job("transform", {"background-remove": True}, "png", (SHADED,)))
    assert caught.value.code == "background_removal_unavailable"
    assert pool.pids() == pids


def test_every_operation_is_answered(pool):
    assert json.loads(pool.run(Job("info/colors", {}, "auto", (SHADED,))).body)["metadata"]["width"] == 200
    assert pool.run(Job("grid", {"w": 40, "h": 20}, "png", (SHADED, None, SHADED))).composed == 2
    values = {"color": "ff0000", "w": 2, "h": 2}
    assert pictures.seen(pool.run(Job("placeholder/color", values, "png", ()))).size == (2, 2)


def test_a_refused_picture_leaves_the_process_alive(pool):
    pids = pool.pids()
    with pytest.raises(EngineError) as caught:
        pool.run(Job("transform", {}, "png", (b"<html>",)))
    assert caught.value.code == "unsupported_format"
    assert pool.pids() == pids


@pytest.mark.prove
def test_a_picture_that_needs_more_memory_than_there_is_fails_alone():
    """I4"""
    pool = Pool(processes=1, seconds=30.0, memory_bytes=450_000_000, queue=8)
    huge = pictures.saved(Image.new("RGB", (7000, 7000)), "PNG")
    try:
        with pytest.raises(EngineError) as caught:
            pool.run(Job("transform", {"blur": 3}, "png", (huge,)))
        assert caught.value.code == "render_crashed"
        assert pool.run(Job("transform", {"w": 50}, "png", (SHADED,))).width == 50
    finally:
        pool.close()


def test_the_process_imports_neither_the_web_nor_the_database():
    listing = "import sys, transforms.render.child; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run(
        [sys.executable, "-s", "-c", listing],
        cwd=process.ROOT,
        env=process.ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(run.stdout.split())
    assert "PIL" in loaded
    assert not loaded & {"django", "ninja", "boto3", "botocore", "pynamodb", "urllib3", "stripe", "imgapis"}
