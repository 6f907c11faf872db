"""The golden pictures of the steps: `python -m tests.engine.golden_pictures` draws them anew, to be looked at."""

import re
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from tests.engine import coloured_sources, pictures
from transforms import contact_sheet
from transforms.engine.limits import Limits

FOLDER = Path(__file__).parent / "golden"
# The networks are no part of the repository, and have measures of their own.
BY_NETWORK = ("background-remove", "position=face")
EXAMPLES = tuple(query for query in contact_sheet.EXAMPLES if not any(name in query for name in BY_NETWORK))


def drawn(query: str) -> Image.Image:
    """An example of the contact sheet, of the small picture of the tests."""
    return contact_sheet.example(query, pictures.saved(framed(), "PNG"), contact_sheet.badge(), Limits())


def framed() -> Image.Image:
    """The painted picture in a white border, with a red spot to the left of its middle."""
    image = coloured_sources.painted()
    ImageDraw.Draw(image).ellipse((26, 26, 50, 50), fill=(230, 20, 30), outline=(20, 0, 0), width=3)
    return ImageOps.expand(image.crop((6, 6, 114, 74)), 6, (255, 255, 255))


def path(query: str) -> Path:
    """The file of an example's golden picture."""
    return FOLDER / (re.sub(r"[^a-z0-9.]+", "-", query) + ".webp")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for query in EXAMPLES:
        drawn(query).save(path(query), lossless=True, exact=True, method=6)
