"""Several pictures in one: rows or columns of cells, each covered by its picture, with gaps between them."""

import itertools
import math
from dataclasses import dataclass

from PIL import Image

from transforms.engine import colour, exhaustion, resampling
from transforms.engine.codecs import source_file
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.operations import drawn
from transforms.engine.request import endpoints, params
from transforms.engine.stopwatch import Stopwatch

# Without w and h a sheet is as large as its pictures, but not larger than this.
LONGEST_SIDE = 2048
# type=auto by the number of pictures: side by side, one large beside two, two by two, two above three.
AUTO = {1: (1,), 2: (2,), 3: (1, 2), 4: (2, 2), 5: (2, 3)}
AUTO_IN_COLUMNS = 3

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Layout:
    """The number of cells in each line; the lines are rows from top to bottom, or columns from left to right."""

    lines: tuple[int, ...]
    columns: bool = False

    @property
    def cells(self) -> tuple[int, int]:
        """The largest number of cells across and down."""
        sides = max(self.lines), len(self.lines)
        return sides[::-1] if self.columns else sides


def render(job: Job) -> Output:
    """Compose the sources that can be read; Output.used says which. Raises no_source_left where none can."""
    watch = Stopwatch()
    readable = {
        index: (data, size)
        for index, data in enumerate(job.sources)
        if data is not None and (size := _header(data, job.limits)) is not None
    }
    while readable:
        _, natural = next(iter(readable.values()))
        sheet_size, boxes = _plan(job, len(readable), natural)
        cells = [_cell(data, size, box, job.limits) for (data, size), box in zip(readable.values(), boxes, strict=True)]
        watch.lap("decode")
        decoded = [cell for cell in cells if cell is not None]
        if len(decoded) == len(cells):
            sheet = _compose(job, sheet_size, boxes, decoded)
            shape, idle = _shape(job, natural), _idle(job, sheet_size, boxes, decoded)
            used = tuple(readable)
            return drawn.finish(sheet, job.output_format, job.values, watch, shape=shape, used=used, idle=idle)
        # A picture failed to decode behind a valid header: lay out the others again without it.
        readable = {index: readable[index] for index, cell in zip(readable, cells, strict=True) if cell is not None}
    raise EngineError("no_source_left", "None of the sources could be fetched and read as a picture.", "src")


def _idle(job: Job, size: tuple[int, int], boxes: list[Box], cells: list[Image.Image]) -> tuple[str, ...]:
    """The background, where opaque pictures cover the whole sheet."""
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    is_idle = "background" in job.values and covered == size[0] * size[1] and all(map(colour.is_opaque, cells))
    return ("background",) if is_idle else ()


def _shape(job: Job, natural: tuple[int, int]) -> tuple[int, ...]:
    """The sheet and the boxes of the whole grid, whichever of its sources are there; none where it has no room."""
    try:
        size, boxes = _plan(job, len(job.sources), natural)
    except EngineError:
        return ()
    return (*size, *itertools.chain(*boxes))


def layout(job: Job, count: int) -> Layout:
    """The lines for `count` pictures, by `type` and `cols`."""
    layout_type = job.values.get("type", params.defaults(endpoints.GRID)["type"])
    cols = job.values.get("cols")
    if layout_type == "row":
        return Layout((count,))
    if layout_type == "column":
        return Layout(_dealt(count, cols or 1), columns=True)
    if layout_type == "auto" and cols is None:
        return Layout(AUTO[count], columns=count == AUTO_IN_COLUMNS)
    cols = cols or params.defaults(endpoints.GRID)["cols"]
    return Layout(tuple(min(cols, count - start) for start in range(0, count, cols)))


def _dealt(count: int, lines: int) -> tuple[int, ...]:
    """`count` distributed over at most `lines` lines, the first ones longer by one where there is a remainder."""
    lines = min(lines, count)
    return tuple(count // lines + (index < count % lines) for index in range(lines))


def _plan(job: Job, count: int, natural: tuple[int, int]) -> tuple[tuple[int, int], list[Box]]:
    """The sheet's size and the box of every cell, in the order of the sources."""
    shape = layout(job, count)
    gap = round(job.values.get("gap", 0) * job.values.get("dpr", 1))
    size = _sheet_size(job, shape, gap, natural)
    if size[0] * size[1] > job.limits.output_pixels:
        raise EngineError("output_too_large", f"The grid is larger than {job.limits.output_pixels} pixels.")
    across, along = (size[1], size[0]) if not shape.columns else size
    boxes = []
    for line, (near, far) in zip(shape.lines, spread(across, len(shape.lines), gap), strict=True):
        for start, end in spread(along, line, gap):
            boxes.append((near, start, far, end) if shape.columns else (start, near, end, far))
    return size, boxes


def _sheet_size(job: Job, shape: Layout, gap: int, natural: tuple[int, int]) -> tuple[int, int]:
    """w x h in pixels; a missing side follows from cells of the first picture's aspect ratio, or from its size."""
    (columns, rows), (natural_width, natural_height) = shape.cells, natural
    gaps = (columns - 1) * gap, (rows - 1) * gap
    width, height = job.values.get("w"), job.values.get("h")
    if width and height:
        return width, height
    if width:
        scale = max(1, width - gaps[0]) / columns / natural_width
    elif height:
        scale = max(1, height - gaps[1]) / rows / natural_height
    else:
        scale = float(job.values.get("dpr", 1))
        scale = min(scale, *(LONGEST_SIDE / (cells * side) for cells, side in zip(shape.cells, natural, strict=True)))
    max_side = job.limits.output_side
    return (
        width or min(max_side, max(columns, round(columns * natural_width * scale)) + gaps[0]),
        height or min(max_side, max(rows, round(rows * natural_height * scale)) + gaps[1]),
    )


def spread(length: int, count: int, gap: int) -> list[tuple[int, int]]:
    """`count` stretches that fill `length` with `gap` between them, equal to within a pixel: (start, end) each.

    Raises invalid_parameter for `gap` where a stretch would be less than a pixel.
    """
    available = length - gap * (count - 1)
    if available < count:
        raise EngineError("invalid_parameter", f"gap leaves no room for {count} pictures in {length} pixels.", "gap")
    edges = [available * index // count for index in range(count + 1)]
    return [(edges[index] + index * gap, edges[index + 1] + index * gap) for index in range(count)]


def _header(data: bytes, limits: Limits) -> tuple[int, int] | None:
    """The upright size; None for bytes that are not a supported picture."""
    try:
        return source_file.probe(data, limits).size
    except EngineError:
        return None


def _cell(data: bytes, source_size: tuple[int, int], box: Box, limits: Limits) -> Image.Image | None:
    """The picture cropped to its box around its centre; None when it cannot be decoded."""
    size = box[2] - box[0], box[3] - box[1]
    scale = max(size[0] / source_size[0], size[1] / source_size[1])
    target = math.ceil(source_size[0] * scale), math.ceil(source_size[1] * scale)
    try:
        frame = source_file.open_picture(data, limits, target=target).frames[0]
    except EngineError as error:
        if exhaustion.is_behind(error):
            # A grid without this picture would be cached for a year.
            raise
        return None
    return _cover(frame, size)


def _cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = min(image.width / size[0], image.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left, top = max(0.0, (image.width - width) / 2), max(0.0, (image.height - height) / 2)
    box = (left, top, min(image.width, left + width), min(image.height, top + height))
    return resampling.resized(image, size, Image.Resampling.LANCZOS, box, reducing_gap=2.0)


def _compose(job: Job, size: tuple[int, int], boxes: list[Box], cells: list[Image.Image]) -> Image.Image:
    """The cells on the background; without one, the gaps stay transparent."""
    background = job.values.get("background")
    fill = colour.hex_to_rgba(background) if background else (0, 0, 0, 0)
    sheet = Image.new("RGBA", size, fill)
    for box, cell in zip(boxes, cells, strict=True):
        sheet.alpha_composite(cell.convert("RGBA"), box[:2])
    return sheet
