"""Rows of the parameter table: what is done to the picture: its box, shape, look, overlay and layout."""

from transforms.engine.request.endpoints import BLURHASH, GRID, PLACEHOLDERS, TRANSFORM
from transforms.engine.request.param import Param, switch
from transforms.engine.request.request_parameters import SRC_CHARACTERS

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
    switch("enlarge", "Whether the picture may be made larger than its source. An SVG always fills its box."),
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
