"""Rows of the parameter table: what a request names (source, version, age, preset, fallback) and its signature."""

from transforms.engine.request.endpoints import BLURHASH, COLOR, ENDPOINTS, GRID, INFO, PLACEHOLDERS, TRANSFORM
from transforms.engine.request.param import Param

# The parts /info returns by default, and those it returns when selected.
DEFAULT_SELECTION = ("metadata", "blurhash", "colors", "palette")
SELECTABLE = (*DEFAULT_SELECTION, "thumbhash", "exif")
GRID_SOURCES = (2, 5)
SRC_CHARACTERS = 2048
VERSION_CHARACTERS = 64


def outside(name: str, kind: str, endpoints: tuple[str, ...], meaning: str) -> Param:
    """A row of what is read and removed before the engine parses a request."""
    return Param(name, kind, endpoints, meaning, available=False, outside=True)


SOURCES = (
    Param(
        "src",
        "source",
        (TRANSFORM, *INFO, *PLACEHOLDERS),
        "The picture: a full URL on an allowed host, or a named source and a path in it.",
        least=1,
        most=SRC_CHARACTERS,
    ),
    Param(
        "src",
        "source",
        (GRID,),
        "A picture of the grid, in order; given two to five times.",
        least=1,
        most=SRC_CHARACTERS,
        repeatable=True,
    ),
    Param(
        "select",
        "select",
        ("info",),
        "Which parts to return, separated by commas; thumbhash and exif only come when selected. exif tells the camera "
        "and the exposure (make, model, lens, takenAt, exposureTime, fNumber, iso, exposureBias, focalLength, "
        "focalLengthIn35mm, flash), never place, serial numbers, names or comments.",
        choices=SELECTABLE,
    ),
    Param(
        "v",
        "version",
        ENDPOINTS,
        "A version of the source's bytes, of your own choosing: another version is another picture, made from what the "
        "source is now and charged once.",
        least=1,
        most=VERSION_CHARACTERS,
    ),
    Param(
        "ttl",
        "integer",
        ENDPOINTS,
        "How old the output may be at most, and how long it is cached if it is made now; /info is kept for a day at "
        "most. Made again after that, it is charged again. The picture is the same with every ttl.",
        least=60,
        most=31_536_000,
        unit="seconds",
    ),
    Param("blurhash", "blurhash", (BLURHASH,), "The BlurHash to draw, instead of src.", least=6, most=166),
    Param("color", "colour", (COLOR,), "The colour to fill with, instead of src."),
)

ACCESS = (
    outside("preset", "name", (TRANSFORM,), "A preset of the workspace; explicit parameters override it."),
    outside(
        "fallback",
        "name",
        (TRANSFORM,),
        "A fallback of the workspace, by its name: the picture to send where the source is missing, does not answer or "
        "cannot be read. none is the error itself, whatever the default is.",
    ),
    Param(
        "debug",
        "choice",
        (TRANSFORM,),
        "Draws what was decided instead of doing it: crop shows the whole picture with what fit=cover would keep of "
        "it, and why. Charged as a picture of its own.",
        choices=("crop",),
    ),
    outside("sig", "signature", ENDPOINTS, "The signature of the address, or of its policy."),
    outside("exp", "moment", ENDPOINTS, "When the signature expires."),
    outside("policy", "policy", ENDPOINTS, "The signed rule that the address keeps within."),
)
