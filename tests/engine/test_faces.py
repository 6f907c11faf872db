"""position=face: faces stay whole, with their hair where there is room; without one, smart decides and says so."""

import sys

import pytest
from PIL import Image, ImageDraw

from imgapis.devstack import downloads, photographs
from tests.engine import networks, pictures
from transforms.engine.errors import EngineError
from transforms.engine.vision import attention, faces, network
from transforms.engine.vision.faces import Face

# The astronaut's face in her photograph of 512 x 512, measured by eye: brow to chin, cheek to cheek.
LEFT, TOP, RIGHT, BOTTOM = 178, 62, 270, 175
GROUND = (120, 140, 120)


@pytest.fixture(scope="module", autouse=True)
def weights():
    """The model, fetched by set-up."""
    with networks.loaded(network.FACES, downloads.faces_model()):
        yield


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    """The sample photograph with a face."""
    folder = downloads.ROOT / "var" / "samples"
    return Image.open(next(path for path in photographs.ensure(folder) if path.stem == "astronaut")).convert("RGB")


def crowd(astronaut: Image.Image, places: list[tuple[int, int, int]], size: tuple[int, int] = (1200, 400)):
    """The astronaut's head, pasted at (left, top, width) on even ground."""
    head = astronaut.crop((130, 0, 330, 230))
    image = Image.new("RGB", size, GROUND)
    for left, top, width in places:
        image.paste(head.resize((width, width * 230 // 200), Image.Resampling.LANCZOS), (left, top))
    return image


def box(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(left, top, right, bottom, 0.9)


def test_the_face_of_a_photograph_is_found_where_it_is(astronaut):
    (face,) = faces.find(astronaut)
    sides = [share * 512 for share in (face.left, face.top, face.right, face.bottom)]
    assert all(abs(side - expected) < 12 for side, expected in zip(sides, (LEFT, TOP, RIGHT, BOTTOM), strict=True)), (
        sides
    )


@pytest.mark.parametrize("stem", ["chelsea", "coffee", "hubble_deep_field", "rocket"])
def test_where_there_is_no_face_none_is_seen(stem):
    folder = downloads.ROOT / "var" / "samples"
    path = next(path for path in photographs.ensure(folder) if path.stem == stem)
    assert faces.find(Image.open(path).convert("RGB")) == []


@pytest.mark.parametrize("width", [80, 130, 200])
@pytest.mark.parametrize("at", [0, 300, 1000])
def test_a_cut_holds_the_whole_face_wherever_it_is(astronaut, at, width):
    image = crowd(astronaut, [(at, 60, width)])
    output = pictures.render(pictures.saved(image, "PNG"), "png", w=200, h=200, fit="cover", position="face")
    (face,) = faces.find(pictures.seen(output).convert("RGB"))
    assert face.right - face.left > 0.9 * width * 0.46 / 400
    assert face.left > 0 and face.right < 1 and not output.warnings


def test_a_head_is_not_cut_off_where_there_is_room(astronaut):
    tall = Image.new("RGB", (512, 1200), GROUND)
    tall.paste(astronaut, (0, 640))
    output = pictures.render(pictures.saved(tall, "PNG"), "png", w=512, h=300, fit="cover", position="face")
    (face,) = faces.find(pictures.seen(output).convert("RGB"))
    assert face.top * 300 > 40


def test_all_faces_are_kept_where_they_fit(astronaut):
    image = crowd(astronaut, [(500, 100, 120), (660, 120, 100), (820, 90, 110)])
    choice = attention.choose(image, (0.5, 1), "face")
    assert (len(choice.faces), choice.reason) == (3, "keeps 3 of 3 faces whole")
    left = choice.position[0] * 600
    assert all(left <= face[0] * 1200 and face[2] * 1200 <= left + 600 for face in choice.faces)


def test_the_largest_face_is_kept_where_not_all_fit(astronaut):
    image = crowd(astronaut, [(40, 120, 90), (900, 60, 220)])
    choice = attention.choose(image, (1 / 3, 1), "face")
    assert choice.reason == "keeps 1 of 2 faces whole"
    assert choice.position[0] * 800 < 900 and choice.position[0] * 800 + 400 > 1120


@pytest.mark.parametrize(
    ("detections", "shares", "position", "whole_faces"),
    [
        ([box(0.4, 0.4, 0.6, 0.6)], (0.5, 1), (0.5, 0.5), 1),
        ([box(0, 0, 0.1, 0.1)], (0.5, 0.5), (0, 0), 1),
        ([box(0.9, 0.9, 1, 1)], (0.5, 0.5), (1, 1), 1),
        ([box(0.2, 0, 0.8, 1)], (0.3, 1), (0.5, 0.5), 1),
        ([box(0.2, 0.2, 0.3, 0.3), box(0.72, 0.2, 0.8, 0.3)], (0.62, 1), (0.5, 0.5), 2),
    ],
)
def test_the_place_is_the_middle_of_the_heads_within_the_room_there_is(detections, shares, position, whole_faces):
    place, count = faces.place(detections, shares)
    assert place == pytest.approx(position, abs=0.01) and count == whole_faces


@pytest.mark.parametrize("values", [{}, {"rotate": 90}, {"flip": "h"}, {"crop": ("fr", 0.1, 0.0, 0.8, 0.9)}])
def test_it_is_looked_for_after_cutting_and_turning(astronaut, values):
    data = pictures.saved(astronaut, "JPEG")
    output = pictures.render(data, "png", w=150, h=240, fit="cover", position="face", **values)
    upright = pictures.seen(output).convert("RGB").rotate(values.get("rotate", 0), expand=True)
    assert len(faces.find(upright)) == 1 or "rotate" in values


def test_a_small_result_of_a_large_picture_still_knows_the_face(astronaut):
    """The picture is decoded large enough to see it, however small it comes out."""
    image = crowd(astronaut, [(2500, 300, 180)], (3000, 1000))
    data = pictures.saved(image, "JPEG")
    output = pictures.render(data, "png", w=60, h=60, fit="cover", position="face")
    assert not output.warnings
    assert pictures.seen(output).convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) != GROUND


def test_without_a_face_it_does_as_smart_and_says_so():
    image = Image.new("RGB", (300, 100), GROUND)
    ImageDraw.Draw(image).rectangle((230, 20, 270, 60), fill=(200, 20, 40))
    data = pictures.saved(image, "PNG")
    face, smart = (
        pictures.render(data, "png", w=50, h=50, fit="cover", position=position) for position in ("face", "smart")
    )
    assert face.body == smart.body and face.warnings == (attention.NO_FACE,) and not smart.warnings


def test_debug_draws_the_faces_and_says_how_many(astronaut):
    data = pictures.saved(crowd(astronaut, [(300, 80, 200)]), "PNG")
    plain = pictures.seen(pictures.render(data, "png", w=300, h=300, fit="cover", debug="crop"))
    overlay = pictures.seen(pictures.render(data, "png", w=300, h=300, fit="cover", position="face", debug="crop"))
    blue = sum(pixel == (0, 230, 255) for pixel in overlay.convert("RGB").get_flattened_data())
    assert blue > 150 and not any(pixel == (0, 230, 255) for pixel in plain.convert("RGB").get_flattened_data())


def test_an_animation_is_judged_by_its_first_frame(astronaut):
    frames = [crowd(astronaut, [(at, 60, 200)]) for at in (950, 0)]
    data = pictures.animated("GIF", frames, duration=50)
    image = pictures.seen(pictures.render(data, "webp", w=200, h=200, fit="cover", position="face"))
    assert image.n_frames == 2 and len(faces.find(image.convert("RGB"))) == 1
    image.seek(1)
    assert faces.find(image.convert("RGB")) == []


@pytest.mark.parametrize("shape", [(4000, 3), (3, 4000), (7, 5), (1, 1)])
def test_extreme_shapes_are_looked_at_too(shape):
    """I15"""
    assert faces.find(Image.effect_noise(shape, 60).convert("RGB")) == []


def test_what_is_clear_shows_no_face(astronaut):
    clear = astronaut.convert("RGBA")
    clear.putalpha(0)
    assert faces.find(clear) == []


@pytest.mark.parametrize("missing", ["weights", "runtime"])
def test_where_it_is_not_installed_the_answer_says_how_to_get_it(missing, monkeypatch):
    network._session.cache_clear()
    if missing == "weights":
        monkeypatch.setitem(network._files, network.FACES, "/nowhere/centerface.onnx")
    else:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    data = pictures.saved(Image.new("RGB", (90, 40)), "PNG")
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, "png", w=20, h=20, fit="cover", position="face")
    assert (excinfo.value.code, excinfo.value.param) == ("face_detection_unavailable", "position")
    assert "python -m imgapis.devstack model" in excinfo.value.message
