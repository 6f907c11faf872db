"""`manage.py image_docs`: the page of the image API, written from the table of parameters."""

from tests.commands import run
from transforms import parameter_page


def test_the_page_is_written_in_the_place_of_the_one_that_is_there(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    path = tmp_path / "docs" / "image-api.md"
    path.parent.mkdir()
    path.write_text("What the page said before.")
    run("image_docs")
    text = path.read_text()
    assert text == parameter_page.markdown() and "What the page said before." not in text
