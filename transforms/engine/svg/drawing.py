"""Draws a sanitised SVG to pixels by resvg, with our own fonts and no other file."""

import io
import math
import os
import re
import threading
from functools import cache
from importlib.resources import files
from pathlib import Path

from PIL import Image

from transforms.engine.errors import EngineError
from transforms.engine.svg import cascade, sizes
from transforms.engine.svg.sanitiser import Drawing, written

SANS, SERIF, MONOSPACE = "Arimo", "Crimson Text", "Roboto Mono"
FONT_PACKAGES = ("fontpkg_arimo", "fontpkg_crimson_text", "fontpkg_roboto_mono")
# resvg goes down into elements by recursion; the sanitiser bounds how deep they lie.
STACK_BYTES = 256 * 1024 * 1024
MOST_PIXELS, LONGEST_SIDE = 25_000_000, 32_767
# Where the renderer looks for a file that is named so: in what is no folder, in which nothing can lie.
NOWHERE = os.devnull
# View boxes of another shape than the drawing's own size are fitted into it by the renderer.
SAME_SHAPE = 1e-3
# What the renderer does not read as browsers do is resolved first.
STYLED = re.compile(
    r"<style|<text|\bstyle=|var\(|hsl\(|rgba?\(|hwb\(|l(?:ab|ch)\(|color\(|rebeccapurple", re.IGNORECASE
)
Box = tuple[float, float, float, float]


def fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size, or the largest of its shape that is drawn."""
    scale = min(1.0, (MOST_PIXELS / (size[0] * size[1])) ** 0.5, LONGEST_SIDE / max(size))
    return (max(1, int(size[0] * scale)), max(1, int(size[1] * scale))) if scale < 1 else size


def draw(drawing: Drawing, size: tuple[int, int], region: Box | None = None) -> Image.Image:
    """The drawing, or a region of it (left, top, right, bottom, as shares of its sides), at a size in pixels, RGBA.

    Raises drawing_too_complex where the renderer gives up.
    """
    text = placed(drawing, size, region)
    outcome: list[bytes | Exception] = []
    thread = threading.Thread(target=_render, args=(text, outcome))
    previous = threading.stack_size(STACK_BYTES)
    try:
        thread.start()
    finally:
        threading.stack_size(previous)
    thread.join()
    png = outcome[0]
    if isinstance(png, ValueError):
        raise EngineError("drawing_too_complex", f"The SVG cannot be drawn: {png}.") from png
    if isinstance(png, Exception):
        raise png
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        image.load()
    return image if image.mode == "RGBA" else image.convert("RGBA")


def placed(drawing: Drawing, size: tuple[int, int], region: Box | None = None) -> str:
    """The document with a root of a size in pixels that shows the drawing, or a region of it, and nothing beside it."""
    sides = {"width": str(size[0]), "height": str(size[1]), "preserveAspectRatio": "none"}
    own = {name: value for name, value in drawing.attributes.items() if name not in ("x", "y")}
    width, height = drawing.size
    box = sizes.view_box(own)
    if "style" in own:
        own["style"] = sizes.without_sides(own["style"])
    has_styles = "style" in own or STYLED.search(drawing.content) is not None
    same_shape = box is None or math.isclose(box[2] * height, box[3] * width, rel_tol=SAME_SHAPE)
    if region is None and same_shape and not has_styles:
        view_box = own["viewBox"] if box else f"0 0 {width!r} {height!r}"
        return written(own | sides | {"viewBox": view_box}, drawing.content)
    left, top, right, bottom = region or (0.0, 0.0, 1.0, 1.0)
    shown = (left * width, top * height, (right - left) * width, (bottom - top) * height)
    inner = own | {"width": repr(width), "height": repr(height), "overflow": "visible"}
    nested, background = written(inner, drawing.content), ""
    if has_styles:
        nested, colour = cascade.resolved(nested, (width, height))
        background = f'<rect width="{width!r}" height="{height!r}" fill="{colour}"/>' if colour else ""
    return written(sides | {"viewBox": " ".join(map(repr, shown))}, background + nested)


@cache
def fonts() -> tuple[str, ...]:
    """The paths of the fonts, which are the same on every machine."""
    folders = [Path(str(files(package))) / "files" for package in FONT_PACKAGES]
    return tuple(str(path) for folder in folders for path in sorted(folder.glob("*.ttf")))


def _render(text: str, outcome: list[bytes | Exception]) -> None:
    import resvg_py  # where an SVG is drawn, and nowhere else

    has_text = "<text" in text
    try:
        outcome.append(
            resvg_py.svg_to_bytes(
                svg_string=text,
                dpi=96.0,
                skip_system_fonts=True,
                resources_dir=NOWHERE,
                font_files=[*fonts()] if has_text else None,
                font_family=SERIF,
                serif_family=SERIF,
                sans_serif_family=SANS,
                cursive_family=SERIF,
                fantasy_family=SANS,
                monospace_family=MONOSPACE,
                languages=["en"],
            )
        )
    except BaseException as error:
        # A panic of the renderer is a BaseException.
        outcome.append(error if isinstance(error, Exception) else ValueError("the renderer stopped"))
