"""Drawings that reach out or cost too much: no connection, no file, a true refusal, and others are not harmed."""

import io
import re
import socket
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.engine import hostile_svgs, pictures, svgs
from tests.engine.hostile_svgs import COSTLY
from transforms.engine import pipeline
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits
from transforms.engine.svg import vocabulary
from transforms.render.pool import Pool

NAMES = sorted(hostile_svgs.reaching("http://127.0.0.1:9", "/x.png"))
CANARY = (255, 0, 254)
MEMORY = 2_500_000_000
SECONDS = 120.0  # of wall time, on a machine that others use too: on an idle one each takes less than two
NAMESPACES = (vocabulary.SVG, vocabulary.XLINK, "http://www.w3.org/XML/1998/namespace")


@pytest.fixture(scope="module")
def pool():
    pool = Pool(processes=1, seconds=SECONDS, memory_bytes=MEMORY, queue=8, wait_seconds=300.0)
    yield pool
    pool.close()


@pytest.fixture
def canary(tmp_path):
    """A picture on the disk, of a colour that no drawing of these tests has."""
    path = tmp_path / "canary.png"
    Image.new("RGB", (99, 99), CANARY).save(path)
    return path


def transform(data: bytes, output_format: str = "png", **values) -> Job:
    return Job("transform", values, output_format, (data,), Limits())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("output_format", ["png", "svg"])
def test_a_drawing_reaches_nothing_outside_itself(name, output_format, pool, canary):
    """I10, S16"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        data = hostile_svgs.reaching(address, str(canary))[name]
        try:
            output = pool.run(transform(data, output_format))
        except EngineError as error:
            assert error.code == "unsupported_variant" and "ntit" in name
        else:
            if output_format == "svg":
                assert_inert(output.body, (address, address[5:], str(canary)))
            else:
                seen = pictures.seen(output).convert("RGB")
                assert CANARY not in {colour for _, colour in seen.getcolors(1_000_000)}
        with pytest.raises(BlockingIOError):
            listener.accept()


def assert_inert(body: bytes, words: tuple[str, ...]) -> None:
    """The document has elements and attributes of the allow list alone, and no address but of its own elements."""
    text = body.decode()
    assert not [word for word in words if re.search(rf"(?<!--a:){re.escape(word)}", text)], text
    assert "<!" not in text and "<?" not in text and "javascript" not in text.lower()
    for element in ElementTree.fromstring(body).iter():
        namespace, _, name = element.tag[1:].partition("}")
        assert namespace == vocabulary.SVG and name in vocabulary.ELEMENTS
        for key, value in element.attrib.items():
            space, _, local = key.rpartition("}")
            assert space[1:] in ("", *NAMESPACES) and not local.lower().startswith("on")
            assert not re.search(r"url\(\s*[\"']?(?!#)", value) and (local != "href" or value[:1] == "#")
        if name == "style":
            assert not re.search(r"url\(\s*[\"']?(?!#)|@import|@font-face|\\", element.text or "")


@pytest.mark.parametrize("name", sorted(COSTLY))
def test_a_costly_drawing_is_drawn_or_refused_by_a_true_name(name, pool):
    """I2, I3, I10"""
    data, codes = COSTLY[name]
    try:
        output = pool.run(transform(data))
    except EngineError as error:
        outcome = error.code
    else:
        assert pictures.seen(output).size == (output.width, output.height)
        outcome = None
    assert outcome in codes
    after = pool.run(transform(svgs.ORDINARY["icon"]))
    assert (after.width, after.height) == (96, 96)


def test_a_drawing_that_takes_too_long_ends_its_process_and_no_other_work(pool):
    """I3, H13"""
    with pytest.raises(EngineError) as caught:
        pool.run(transform(hostile_svgs.TURBULENCE), "one", seconds=2.0)
    assert caught.value.code == "render_timeout"
    assert pool.run(transform(svgs.ORDINARY["icon"]), "other").width == 96


def test_what_the_renderer_is_given_is_the_sanitised_text_alone(tmp_path):
    """I10: with a file beside it and one named in it, it opens its fonts and nothing else."""
    path = tmp_path / "red.png"
    Image.new("RGB", (9, 9), CANARY).save(path)
    code = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from transforms.engine.codecs import source_file
from transforms.engine.limits import Limits
source_file.open_picture(sys.argv[1].encode(), Limits())
print("red.png" in " ".join(opened))
"""
    data = svgs.svg(f'<image href="{path}" width="9" height="9"/><text y="20">a</text>').decode()
    answer = subprocess.run([sys.executable, "-c", code, data], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("href", ["#a.png", "#folder/../a.png"])
@pytest.mark.parametrize("output_format", ["png", "svg"])
def test_the_name_of_an_element_is_no_name_of_a_file(href, output_format, tmp_path):
    """I10: the renderer looks for a file where it knows no such element."""
    (tmp_path / "#folder").mkdir()
    for name in ("a.png", "#a.png"):
        Image.new("RGB", (9, 9), CANARY).save(tmp_path / name)
    code = """
import os, sys
from transforms.engine import pipeline
from transforms.engine.job import Job
from transforms.engine.limits import Limits
data = sys.argv[1].encode()
os.chdir(sys.argv[3])
sys.stdout.buffer.write(pipeline.render(Job("transform", {}, sys.argv[2], (data,), Limits())).body)
"""
    content = f'<image href="{href}" width="99" height="99"/><filter id="f"><feImage xlink:href="{href}"/></filter>'
    data = svgs.svg(f'{content}<rect width="99" height="99" filter="url(#f)"/>').decode()
    argv = [sys.executable, "-c", code, data, output_format, str(tmp_path)]
    body = subprocess.run(argv, capture_output=True, check=True).stdout
    if output_format == "svg":
        assert b"<image width" in body
        return
    with Image.open(io.BytesIO(body)) as image:
        assert CANARY not in {colour for _, colour in image.convert("RGB").getcolors()}


def test_titles_hold_words_alone():
    """S16: an HTML page that a drawing is pasted into would read a style in them as a style of its own, to the end of
    the next one."""
    data = svgs.svg("<title>a<style/> *{fill:red}<g>b</g></title><desc><style>c{}</style>d</desc><style>e{}</style>")
    body = pipeline.render(transform(data, "svg")).body
    assert body.endswith(b"><title>a *{fill:red}</title><desc>d</desc><style>e{}</style></svg>")
