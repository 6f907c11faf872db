"""The one table of parameters: the parser, the OpenAPI, the docs page, /limits and the tests are read from it."""

from transforms.engine.formats import FORMATS
from transforms.engine.request.param import Param

TRANSFORM = "transform"
GRID = "grid"
INFO = ("info", "info/metadata", "info/colors", "info/blurhash")
BLURHASH = "placeholder/blurhash"
COLOR = "placeholder/color"
PLACEHOLDERS = (BLURHASH, COLOR)
ENDPOINTS = (TRANSFORM, *INFO, GRID, *PLACEHOLDERS)

POSITIONS = {
    "center": (0.5, 0.5),
    "top": (0.5, 0),
    "top-right": (1, 0),
    "right": (1, 0.5),
    "bottom-right": (1, 1),
    "bottom": (0.5, 1),
    "bottom-left": (0, 1),
    "left": (0, 0.5),
    "top-left": (0, 0),
}
# The parts /info returns by default, and those it returns when selected.
DEFAULT_SELECTION = ("metadata", "blurhash", "colors", "palette")
SELECTABLE = (*DEFAULT_SELECTION, "thumbhash", "exif")
GRID_SOURCES = (2, 5)
SRC_CHARACTERS = 2048
DOWNLOAD_CHARACTERS = 255
VERSION_CHARACTERS = 64


def side(name: str, alias: str, word: str) -> tuple[Param, ...]:
    """The rows of one side of the box: a placeholder's is at most a quarter as long."""
    return (
        Param(
            name,
            "integer",
            (TRANSFORM, GRID),
            f"The {word} of the output box in CSS pixels; without it the source decides.",
            aliases=(alias,),
            least=1,
            most=8192,
            unit="px",
        ),
        Param(
            name,
            "integer",
            PLACEHOLDERS,
            f"The {word} in CSS pixels; required without src, else the source's own.",
            aliases=(alias,),
            least=1,
            most=2048,
            unit="px",
        ),
    )


def factor(name: str, most: float, meaning: str, least: float = 0) -> Param:
    return Param(name, "number", (TRANSFORM,), meaning, default=1, least=least, most=most)


def switch(name: str, meaning: str, default: bool = False, available: bool = True) -> Param:
    return Param(name, "switch", (TRANSFORM,), meaning, default=default, available=available)


def formats(endpoints: tuple[str, ...], choices: tuple[str, ...], meaning: str) -> Param:
    return Param("format", "choice", endpoints, meaning, ("fm",), choices=choices, spelled=(("jpg", "jpeg"),))


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

BOX = (
    *side("w", "width", "width"),
    *side("h", "height", "height"),
    Param(
        "size",
        "integer",
        (TRANSFORM, GRID),
        "Sets both w and h; an explicit w or h overrides it.",
        least=1,
        most=8192,
        unit="px",
    ),
    Param(
        "dpr",
        "number",
        (TRANSFORM, GRID),
        "The device pixel ratio: multiplies w, h and every other length in pixels.",
        default=1,
        least=0.1,
        most=4,
    ),
    Param(
        "dpr",
        "number",
        PLACEHOLDERS,
        "The device pixel ratio: multiplies w and h; 0 counts as 1.",
        default=1,
        least=0,
        most=2,
    ),
    Param(
        "fit",
        "choice",
        (TRANSFORM,),
        "Inside the box, cropped to it, stretched to it, or inside and padded with background; needs both w and h.",
        default="contain",
        choices=("contain", "cover", "fill", "pad"),
    ),
    Param(
        "fit",
        "choice",
        PLACEHOLDERS,
        "How the source meets the box: inside it, or cropped to it; needs src and both w and h.",
        default="contain",
        choices=("contain", "cover"),
    ),
    switch("enlarge", "Whether the picture may be made larger than its source."),
    Param(
        "position",
        "focus",
        (TRANSFORM,),
        "What fit=cover keeps and where fit=pad puts the picture: a name, or x,y from 0 to 1. For cover, smart looks "
        "for detail, saturation and skin, entropy for variety, face for faces (where there is none, as smart), and "
        "center gives way to the focal point of a bucket's object; 0.5,0.5 does not.",
        default="center",
        choices=(*POSITIONS, "smart", "entropy", "face"),
    ),
)

SHAPE = (
    Param(
        "crop",
        "crop",
        (TRANSFORM,),
        "The part of the upright source to keep, x,y,w,h, cut before anything else: fractions when a value has a "
        "point or all are 0 or 1, else pixels.",
        least=0,
        most=65_535,
    ),
    Param(
        "trim", "integer", (TRANSFORM,), "Cuts a border of one colour; the number is the tolerance.", least=1, most=100
    ),
    Param(
        "rotate",
        "integer",
        (TRANSFORM,),
        "Turns clockwise, after the picture has been set upright by its EXIF orientation.",
        default=0,
        choices=(0, 90, 180, 270),
        unit="degrees",
    ),
    Param(
        "flip",
        "choice",
        (TRANSFORM,),
        "Mirrors left to right (h), top to bottom (v), or both (hv).",
        choices=("h", "v", "hv"),
    ),
    Param(
        "background",
        "colour",
        (TRANSFORM, GRID),
        "The colour behind transparency, padding and gaps; white where the format has no transparency.",
        aliases=("bg",),
    ),
    Param(
        "padding",
        "integer",
        (TRANSFORM,),
        "Space added on every side, in background.",
        default=0,
        least=0,
        most=2048,
        unit="px",
    ),
    Param(
        "radius",
        "integer",
        (TRANSFORM,),
        "Rounds the corners; max makes a circle or a pill.",
        default=0,
        least=0,
        most=8192,
        choices=("max",),
        unit="px",
    ),
)

LOOK = (
    Param("blur", "number", (TRANSFORM,), "The sigma of a Gaussian blur.", least=0.3, most=250, unit="px"),
    Param("sharpen", "number", (TRANSFORM,), "The strength of sharpening.", default=0, least=0, most=10),
    factor("brightness", 10, "Multiplies brightness."),
    factor("contrast", 10, "Multiplies contrast around the middle grey."),
    factor("saturation", 10, "Multiplies saturation; 0 is grey."),
    factor("gamma", 10, "Gamma correction; above 1 lightens the middle tones.", least=0.1),
    Param(
        "hue",
        "angle",
        (TRANSFORM,),
        "Turns the hue; whole turns change nothing.",
        default=0,
        least=-3600,
        most=3600,
        unit="degrees",
    ),
    switch("grayscale", "Whether the colours are taken out."),
    Param("tint", "colour", (TRANSFORM,), "Colours the picture in shades of this colour."),
)

OVERLAY = (
    Param(
        "mark",
        "source",
        (TRANSFORM,),
        "A picture to lay over the finished one, named like src; of an animated mark the first frame.",
        least=1,
        most=SRC_CHARACTERS,
    ),
    Param(
        "mark-position",
        "position",
        (TRANSFORM,),
        "Where the mark goes: a name, or x,y from 0 to 1.",
        default="bottom-right",
        choices=tuple(POSITIONS),
    ),
    Param(
        "mark-w",
        "length",
        (TRANSFORM,),
        "The mark's width; up to 1 it is a fraction of the picture's width, above it pixels. Without it the mark keeps "
        "its own size; it never reaches beyond the picture.",
        least=2,
        most=8192,
        unit="px",
    ),
    Param(
        "mark-padding",
        "integer",
        (TRANSFORM,),
        "The mark's distance from the edges.",
        default=0,
        least=0,
        most=2048,
        unit="px",
    ),
    Param("mark-opacity", "number", (TRANSFORM,), "The mark's opacity.", default=1, least=0, most=1),
    switch(
        "background-remove",
        "Whether the subject of a still picture is cut out, before trim; what was behind it is clear, or background.",
    ),
)

LAYOUT = (
    Param(
        "type",
        "choice",
        (GRID,),
        "The layout: chosen by the number of pictures, rows of cols, columns, or one row.",
        default="auto",
        choices=("auto", "classic", "column", "row"),
    ),
    Param(
        "cols",
        "integer",
        (GRID,),
        "How many columns; without type it means type=classic. type=column without it is one column.",
        default=2,
        least=1,
        most=5,
    ),
    Param(
        "gap",
        "integer",
        (GRID,),
        "The space between pictures, in background.",
        default=0,
        least=0,
        most=1024,
        unit="px",
    ),
    Param("punch", "number", (BLURHASH,), "Multiplies the contrast of the BlurHash.", default=1, least=0, most=10),
)

OUTPUT = (
    formats(
        (TRANSFORM,),
        (*FORMATS, "nocompress"),
        "The output format; without it the Accept header decides. nocompress keeps every pixel "
        "(as 8-bit sRGB) in the source's own format, in PNG where that cannot.",
    ),
    formats(
        (GRID, *PLACEHOLDERS),
        tuple(name for name, row in FORMATS.items() if row.is_placeholder),
        "The output format; without it the Accept header decides.",
    ),
    Param(
        "quality",
        "integer",
        (TRANSFORM, GRID),
        "The quality of lossy formats, one scale for all of them. auto is the smallest file whose worst parts still "
        "look like the picture (SSIM on luma, measured), from 50 to 86.",
        aliases=("q",),
        default=80,
        least=1,
        most=100,
        choices=("auto",),
    ),
    Param(
        "quality",
        "integer",
        (BLURHASH,),
        "The quality of lossy formats, one scale for all of them.",
        aliases=("q",),
        default=80,
        least=1,
        most=100,
    ),
    switch(
        "lossless",
        "Whether every pixel is kept: exactly in WebP and PNG, to one or two levels in AVIF; X-Img-Warning says where "
        "the format cannot.",
    ),
    Param(
        "max-bytes",
        "integer",
        (TRANSFORM,),
        "Lowers the quality of a lossy format until the file fits, in at most six encodings; X-Img-Warning says when "
        "it does not.",
        least=1000,
        most=100_000_000,
        unit="bytes",
    ),
    Param(
        "metadata",
        "choice",
        (TRANSFORM,),
        "What is kept of the source's metadata: none; copyright, who made it and who holds the rights; or keep, EXIF, "
        "XMP and (in JPEG) IPTC, but for location, serial numbers, thumbnails, comments, maker notes, the history of "
        "editing, and what describes how the source was stored.",
        default="none",
        choices=("none", "copyright", "keep"),
    ),
    Param(
        "profile",
        "choice",
        (TRANSFORM,),
        "The colours of the output: srgb, or keep, which leaves those of an RGB source (Display P3, Adobe RGB) as they "
        "are and its ICC profile in JPEG, PNG, WebP and AVIF, without the names in it. CMYK, grey, PQ and HLG, and all "
        "colours in GIF, become sRGB, with X-Img-Warning.",
        default="srgb",
        choices=("srgb", "keep"),
    ),
    Param(
        "truncated",
        "choice",
        (TRANSFORM,),
        "What is done with a JPEG, PNG, GIF, BMP or animated WebP that is stored cut off: refuse it, or allow it and "
        "draw what there is, with X-Img-Warning. What is missing is grey in a JPEG and clear elsewhere. A transfer "
        "that was cut off is always refused.",
        default="refuse",
        choices=("refuse", "allow"),
    ),
    switch("animated", "Whether the frames are kept where the output format can.", default=True),
    Param(
        "download",
        "filename",
        (TRANSFORM, GRID),
        "The file name to save under: the answer becomes an attachment.",
        least=1,
        most=DOWNLOAD_CHARACTERS,
    ),
)

OUTSIDE = {"available": False, "outside": True}
ACCESS = (
    Param("preset", "name", (TRANSFORM,), "A preset of the workspace; explicit parameters override it.", **OUTSIDE),
    Param(
        "fallback",
        "name",
        (TRANSFORM,),
        "A fallback of the workspace, by its name: the picture to send where the source is missing, does not answer or "
        "cannot be read. none is the error itself, whatever the default is.",
        **OUTSIDE,
    ),
    Param(
        "debug",
        "choice",
        (TRANSFORM,),
        "Draws what was decided instead of doing it: crop shows the whole picture with what fit=cover would keep of "
        "it, and why. Charged as a picture of its own.",
        choices=("crop",),
    ),
    Param("sig", "signature", ENDPOINTS, "The signature of the address, or of its policy.", **OUTSIDE),
    Param("exp", "moment", ENDPOINTS, "When the signature expires.", **OUTSIDE),
    Param("policy", "policy", ENDPOINTS, "The signed rule that the address keeps within.", **OUTSIDE),
)

PARAMS = SOURCES + BOX + SHAPE + LOOK + OVERLAY + LAYOUT + OUTPUT + ACCESS
ROWS = {endpoint: {param.name: param for param in PARAMS if endpoint in param.endpoints} for endpoint in ENDPOINTS}
NAMES = {endpoint: {name: param for param in rows.values() for name in param.names} for endpoint, rows in ROWS.items()}


def rows(endpoint: str) -> tuple[Param, ...]:
    """The endpoint's rows in table order."""
    return tuple(ROWS[endpoint].values())


def find(endpoint: str, name: str) -> Param | None:
    """The row of a name or an alias at this endpoint; None when there is none."""
    return NAMES[endpoint].get(name)


def long_name(endpoint: str, name: str) -> str:
    """The long-lived name of a name or an alias at this endpoint; one that it does not know stands for itself."""
    row = find(endpoint, name)
    return row.name if row else name


def default(endpoint: str, name: str) -> object:
    """The default of a parameter by its long-lived name; None when it has none, KeyError when not in the table."""
    return ROWS[endpoint][name].default
