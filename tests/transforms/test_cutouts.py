"""background-remove through the front door: one credit, a transparent picture, by the model that set-up fetched."""

import io

import pytest
from django.conf import settings
from PIL import Image

from imgapis.devstack import downloads
from tests.engine import pictures, test_cutout
from tests.transforms.web_client import ask
from transforms import engine_errors
from transforms.engine.vision import network

pytestmark = pytest.mark.usefixtures("web")


def test_the_settings_name_the_files_that_set_up_fetches():
    assert str(downloads.model()) == settings.BACKGROUND_MODEL
    assert str(downloads.faces_model()) == settings.FACE_MODEL


def test_a_background_is_removed_for_one_credit(workspace, origin):
    origin.pictures["/fruit.png"] = pictures.saved(test_cutout.disc()[0], "PNG")
    reply = ask(workspace.namespace, "/transform?src=shop/fruit.png&background-remove=1&w=200")
    image = Image.open(io.BytesIO(reply.body))
    assert (reply.status, reply.headers["x-img-credits"], reply.headers["content-type"]) == (200, "1", "image/png")
    assert image.getpixel((3, 3))[3] == 0 and image.getpixel((100, 75))[3] == 255


def test_a_server_without_the_model_answers_501_with_the_way_to_get_it():
    for name, param in ((network.SUBJECTS, "background-remove"), (network.FACES, "position")):
        refusal = engine_errors.api_error(network.absent(name))
        assert (refusal.status, refusal.param) == (501, param) and refusal.code.endswith("_unavailable")
        assert "imgapis.devstack model" in str(refusal)
