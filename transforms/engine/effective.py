"""What a request comes to once the size of its source is known: requests that come to the same are one picture."""

import itertools
from collections.abc import Collection, Iterator

from transforms.engine import geometry, picture_values, vectors
from transforms.engine.formats import Format
from transforms.engine.limits import Limits
from transforms.engine.operations import placeholder
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params
from transforms.engine.request import spec as specs
from transforms.engine.request import values as request_values
from transforms.engine.request.spec import Spec
from transforms.engine.vision import attention

Size = tuple[int, int]
BOX = frozenset({"w", "h", "dpr", "fit", "enlarge"})
# Parameters that change nothing of some sources, whatever their size (Picture.idle).
IDLE = frozenset(
    {
        "animated",
        "background",
        "background-remove",
        "blur",
        "brightness",
        "contrast",
        "flip",
        "gamma",
        "grayscale",
        "hue",
        "mark-padding",
        "mark-position",
        "mark-w",
        "metadata",
        "position",
        "profile",
        "radius",
        "rotate",
        "saturation",
        "sharpen",
        "tint",
        "trim",
        "truncated",
    }
)
GRID_BOX = frozenset({"w", "h", "dpr", "type", "cols", "gap"})


def shape(
    endpoint: str, values: PictureValues, source: Size | None, *, is_vector: bool = False
) -> tuple[int, ...] | None:
    """The sizes that a request comes to with an upright source of this size (None for a literal placeholder): what
    rendering it reports as `Output.shape`. None where the pixels decide (trim), or more than one source does (grid).
    Raises EngineError for a crop that lies outside."""
    operation = endpoint.partition("/")[0]
    if operation == "placeholder":
        return (int(values["w"]), int(values["h"])) if source is None else placeholder.drawn_size(values, source)
    if operation != "transform":
        return () if operation == "info" else None
    if source is None or "trim" in values:
        return None
    values = vectors.growing(values) if is_vector else values
    return geometry.fit(_fitted(values, source), values).shape


def warnings(endpoint: str, values: PictureValues, source: Size, *, is_vector: bool = False) -> tuple[str, ...]:
    """What a transform of a source of this size will warn of, as far as sizes tell. Raises as `shape` does."""
    if endpoint != "transform" or "trim" in values:
        return ()
    values = vectors.growing(values) if is_vector else values
    return geometry.warnings(_fitted(values, source), values)


def check_output(values: PictureValues, source: Size, limits: Limits, output_format: Format | None) -> None:
    """Raises output_too_large where the size of the source tells that not one frame of the transform may be made, or
    that the format cannot hold it (None: the format is not known yet). What `trim` leaves, only pixels tell."""
    if "trim" in values:
        return
    fit = geometry.fit(_fitted(values, source), values)
    scaled = fit.scaled if values.get("debug") == "crop" else fit.cut
    width, height = fit.canvas if values.get("fit") == "pad" else scaled
    margins = 2 * int(values.get("padding", 0))
    made = width + margins, height + margins
    for size in (scaled, made):
        geometry.check_output(size, 1, limits)
    if output_format is not None:
        geometry.check_sides(made, output_format)


def _fitted(values: PictureValues, source: Size) -> Size:
    """What is fitted into the box: the source after crop and rotate."""
    size = source
    if "crop" in values:
        left, top, right, bottom = geometry.crop_box(source, values["crop"])
        size = right - left, bottom - top
    return size[::-1] if values.get("rotate", 0) in (90, 270) else size


def identity(request: Spec, source: Size | None, sizes: tuple[int, ...], idle: Collection[str] = ()) -> tuple[str, ...]:
    """The picture's identity, but for its sources: as `spec.canonical`, with what the request came to in place of what
    was asked for. Equal identities of the same bytes are the same output, byte for byte, in every format.

    `sizes` are Output.shape (behind it the box that trim kept), or as `shape` foretells them; without them nothing is
    known, and what was asked for stands. `idle` are the parameters that changed nothing, which rendering tells
    (Output.idle)."""
    if not sizes or "debug" in request.values:
        return specs.canonical(request)
    values = picture_values.without(_settled(request, source, sizes), idle)
    mark = ("mark",) if request.mark is not None else ()
    return (
        request.endpoint,
        "x".join(map(str, sizes)),
        *(f"{name}={request_values.write(value)}" for name, value in sorted(values.items())),
        *mark,
    )


def perhaps_idle(values: PictureValues) -> Iterator[tuple[str, ...]]:
    """Every set of parameters that rendering may turn out to change nothing, the empty one first."""
    names = sorted(IDLE.intersection(values))
    return itertools.chain.from_iterable(itertools.combinations(names, count) for count in range(len(names) + 1))


def turned_once(values: PictureValues) -> PictureValues:
    """The values with one of the two spellings of each turn: flip is h or v alone, and half turns with one are none."""
    flip, turn = values.get("flip", ""), int(values.get("rotate", 0))
    across, down = (("h" in flip) != (turn >= 180)), (("v" in flip) != (turn >= 180))
    turn = turn % 180 + (180 if across and down else 0)
    settled = picture_values.without(values, ("flip", "rotate"))
    if turn:
        settled["rotate"] = turn
    if across != down:
        settled["flip"] = "h" if across else "v"
    return settled


def without_idle_crop(values: PictureValues, source: Size) -> PictureValues:
    """The values without a crop that is the whole source."""
    if "crop" not in values or geometry.crop_box(source, values["crop"]) != (0, 0, *source):
        return values
    return picture_values.without(values, ("crop",))


def _settled(request: Spec, source: Size | None, sizes: tuple[int, ...]) -> PictureValues:
    """The values that still matter beside the sizes, each as it takes effect."""
    folded = GRID_BOX if request.operation == "grid" else BOX
    values = picture_values.without(request.values, folded)
    if request.operation != "transform":
        return values
    values = turned_once(values)
    scaled, cut, canvas, trimmed = sizes[:2], sizes[2:4], sizes[4:6], sizes[6:]
    if scaled == cut == canvas and values.get("position") != "face":  # which decodes a larger picture to look at
        values.pop("position", None)
    elif "position" in values and values["position"] not in attention.WAYS:
        inner, outer = (scaled, canvas) if cut == scaled else (cut, scaled)
        values["position"] = geometry.placed((inner[0], inner[1]), (outer[0], outer[1]), geometry.position(values))
    if trimmed and "trim" in values:
        values = picture_values.of({**values, "trim": trimmed})
    if source is not None:
        values = {**without_idle_crop(values, source)}
        if "crop" in values:
            values["crop"] = ("px", *geometry.crop_box(source, values["crop"]))
    return values | _lengths(values, canvas)


def _lengths(values: PictureValues, canvas: tuple[int, ...]) -> PictureValues:
    """The lengths that the picture bounds, in pixels: as the steps radius and mark take them."""
    lengths: PictureValues = {}
    if "radius" in values:
        half = min(canvas) // 2
        lengths["radius"] = half if values["radius"] == "max" else min(int(values["radius"]), half)
    if "mark-padding" in values:
        lengths["mark-padding"] = min(int(values["mark-padding"]), (min(canvas) - 1) // 2)
    if "mark-w" in values:
        default = params.defaults(endpoints.TRANSFORM)["mark-padding"]
        available = canvas[0] - 2 * lengths.get("mark-padding", default)
        asked = values["mark-w"]
        lengths["mark-w"] = float(min(asked if isinstance(asked, int) else canvas[0] * asked, available))
    return lengths
