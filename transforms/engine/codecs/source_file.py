"""A source of any format: pictures are decoded, drawings in SVG are drawn."""

import base64
import math
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from transforms.engine import formats
from transforms.engine.codecs import decode, strip
from transforms.engine.codecs.decode import Facts
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture

if TYPE_CHECKING:
    from transforms.engine.svg.sanitiser import Drawing

Box = tuple[int, int, int, int]
# More pictures in one drawing than anybody lays there.
MOST_EMBEDDED = 200
LEFT_OUT = "Left out of the SVG: {}."


def probe(data: bytes, limits: Limits, *, animated: bool = False, cut: bool = False) -> Facts:
    """Header facts, as `decode.probe` tells them. The size of an SVG is the one that browsers show it in, rounded up.

    Raises what `decode.probe` and `sanitised` raise.
    """
    if not sniffing.is_svg(data):
        return decode.probe(data, limits, animated=animated, cut=cut)
    return facts_of(sanitised(data, limits), limits)


def open_picture(
    data: bytes,
    limits: Limits,
    *,
    target: decode.Target = None,
    animated: bool = False,
    cut: bool = False,
    keeps_profile: bool = False,
    keeps_metadata: bool = False,
) -> Picture:
    """The whole picture, as `decode.open_picture` gives it. An SVG is drawn at `target`, or where that is of another
    shape, so large that it covers it. Raises what that and `sanitised` raise."""
    if sniffing.is_svg(data):
        source = sanitised(data, limits)
        facts = facts_of(source, limits)
        target = target(facts) if callable(target) else target
        return drawn(source, limits, _covering(facts.size, target) if target else None)
    return decode.open_picture(
        data,
        limits,
        target=target,
        animated=animated,
        cut=cut,
        keeps_profile=keeps_profile,
        keeps_metadata=keeps_metadata,
    )


def read_exif(data: bytes, limits: Limits) -> Image.Exif:
    """The EXIF block; an SVG has none."""
    return Image.Exif() if sniffing.is_svg(data) else decode.read_exif(data, limits)


def sanitised(data: bytes, limits: Limits) -> "Drawing":
    """The drawing of an SVG, with the pictures in it decoded and written anew or without their metadata.

    Raises what `sanitiser.sanitised` raises, and too_many_pixels for the pictures in it.
    """
    from transforms.engine.svg import sanitiser  # and with it tinycss2, in the render process alone

    return sanitiser.sanitised(data, _Embedded(limits).url)


def facts_of(source: "Drawing", limits: Limits) -> Facts:
    """The facts of a drawing. Raises source_side_too_long."""
    width, height = (math.ceil(min(side, 2.0**31)) for side in source.size)
    if max(width, height) > limits.source_side:
        raise EngineError(
            "source_side_too_long",
            f"The drawing has a side of {max(width, height)} pixels; the limit is {limits.source_side}.",
        )
    return Facts(formats.SVG, (width, height), 1, 1, has_alpha=True)


def drawn(source: "Drawing", limits: Limits, size: tuple[int, int] | None = None, region: Box | None = None) -> Picture:
    """An SVG, or a region of it in pixels of its own size, as a picture of a size in pixels, whatever its shape; by
    default of its own. One that is too large to be drawn is smaller."""
    from transforms.engine.svg import drawing  # as in sanitised

    facts = facts_of(source, limits)
    whole = region or (0, 0, *facts.size)
    nominal = whole[2] - whole[0], whole[3] - whole[1]
    width, height = facts.size
    shares = (whole[0] / width, whole[1] / height, whole[2] / width, whole[3] / height)
    image = drawing.draw(source, drawing.fitted(size or nominal), None if nominal == facts.size else shares)
    return Picture(
        frames=(image,),
        durations=(0,),
        loop=0,
        has_alpha=True,
        source_format=facts.source_format,
        source_size=facts.size,
        orientation=1,
        frame_count=1,
        nominal=nominal,
        warnings=warnings(source),
    )


def warnings(source: "Drawing") -> tuple[str, ...]:
    """What a viewer may miss of a drawing."""
    return (LEFT_OUT.format(", ".join(source.left_out)),) if source.left_out else ()


def _covering(nominal: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """`target` where it has the shape of the drawing to within a pixel, else the least size of that shape over it."""
    scale = max(target[0] / nominal[0], target[1] / nominal[1])
    size = max(1, math.ceil(nominal[0] * scale - 1e-6)), max(1, math.ceil(nominal[1] * scale - 1e-6))
    return target if abs(size[0] - target[0]) <= 1 and abs(size[1] - target[1]) <= 1 else size


class _Embedded:
    """The pictures in one drawing, which together are bound as one source is."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._pixels = 0
        self._count = 0

    def url(self, data: bytes) -> str | None:
        """A data URL of a picture as it may stand in a drawing; None where it is none that is read."""
        self._count += 1
        if self._count > MOST_EMBEDDED:
            raise EngineError("drawing_too_complex", f"The SVG has more than {MOST_EMBEDDED} pictures in it.")
        try:
            facts = decode.probe(data, self._limits)
            self._pixels += facts.size[0] * facts.size[1]
            if self._pixels > self._limits.source_pixels:
                raise EngineError(
                    "too_many_pixels",
                    f"The pictures in the SVG have too many pixels; the limit is {self._limits.source_pixels}.",
                )
            return _written(data, self._limits)
        except EngineError as error:
            if error.code in ("too_many_pixels", "source_side_too_long"):
                raise
            return None


def _written(data: bytes, limits: Limits) -> str:
    """The picture without its metadata where that draws the same, else its first frame as PNG."""
    picture = decode.open_picture(data, limits)
    name = picture.source_format
    body = strip.copy(name, data) if name in ("jpeg", "webp") and picture.frame_count == 1 else None
    if body is None or not _is_same(body, picture, limits):
        name, buffer = "png", BytesIO()
        picture.frames[0].save(buffer, "PNG", compress_level=3)
        body = buffer.getvalue()
    return f"data:image/{name};base64,{base64.b64encode(body).decode()}"


def _is_same(body: bytes, picture: Picture, limits: Limits) -> bool:
    try:
        copy = decode.open_picture(body, limits).frames[0]
    except EngineError:
        return False
    frame = picture.frames[0]
    return (copy.mode, copy.size) == (frame.mode, frame.size) and copy.tobytes() == frame.tobytes()
