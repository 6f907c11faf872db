"""Charts made on the server: SVG without script or inline style, coloured by classes, with a table behind each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 180
LEFT, BOTTOM, TOP = 92, 26, 12
NICE = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Bar:
    """A step of a chart: its name, and its value stacked as (lower, upper)."""

    name: str
    lower: float
    upper: float = 0


Point = tuple[str, Sequence[float | None]]


@dataclass(frozen=True)
class _Spot:
    """A value in its place; `row` tells which line it is on."""

    x: float
    y: float
    row: int
    name: str
    value: float


def bars(title: str, values: Sequence[Bar], *, unit: str = "") -> str:
    """A bar chart as SVG; the title and the table beside it hold the same data for readers who do not see it."""
    top = ceiling(max((bar.lower + bar.upper for bar in values), default=0))
    plot_width, plot_height = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
    step = plot_width / max(1, len(values))
    shapes = [_bar(bar, LEFT + step * index, step, plot_height / top) for index, bar in enumerate(values)]
    grid = _grid(top, plot_height, lambda value: short(value) + unit)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{grid}{''.join(shapes)}{_names([bar.name for bar in values], step)}</svg>"
    )


def lines(title: str, names: Sequence[str], points: Sequence[Point], *, said: Callable[[float], str]) -> str:
    """A line chart as SVG, a line for each name; a point without a value leaves a gap. `said` formats a value."""
    top = ceiling(max((value for _, values in points for value in values if value is not None), default=0))
    plot_height, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / max(1, len(points))
    spots = [
        _Spot(LEFT + step * (index + 0.5), HEIGHT - BOTTOM - value / top * plot_height, row, f"{label} {name}", value)
        for row, name in enumerate(names)
        for index, (label, values) in enumerate(points)
        if (value := values[row]) is not None
    ]
    paths = "".join(_line([spot for spot in spots if spot.row == row], step) for row in range(len(names)))
    dots = "".join(_dot(spot, said(spot.value)) for spot in spots)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{_grid(top, plot_height, said)}{paths}{dots}{_names([name for name, _ in points], step)}</svg>"
    )


def ceiling(value: float) -> float:
    """The round number at or above a value, where an axis ends."""
    if value <= 0:
        return 1
    power = 10 ** (len(str(int(value))) - 1) if value >= 1 else 1
    return next(step * power for step in NICE if step * power >= value)


def short(value: float) -> str:
    """A number for an axis: 1500 → 1.5k."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def _line(spots: Sequence[_Spot], step: float) -> str:
    """One line through neighbouring spots, begun anew after each gap."""
    path = ""
    for index, spot in enumerate(spots):
        continues = index and spot.x - spots[index - 1].x < step * 1.5
        path += f"{'L' if continues else 'M'}{spot.x:.1f} {spot.y:.1f}"
    return f'<path class="line-{spots[0].row + 1}" d="{path}"/>' if spots else ""


def _dot(spot: _Spot, value: str) -> str:
    text = escape(f"{spot.name}: {value}")
    return (
        f'<circle class="dot-{spot.row + 1}" cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="2.5"><title>{text}</title></circle>'
    )


def _bar(bar: Bar, left: float, step: float, scale: float) -> str:
    width, base = max(1.0, step * 0.8), HEIGHT - BOTTOM
    lower, upper = bar.lower * scale, bar.upper * scale
    text = escape(f"{bar.name}: {short(bar.lower + bar.upper)}")
    x_attributes = f'x="{left:.1f}" width="{width:.1f}"'
    return (
        f"<g><title>{text}</title>"
        f'<rect class="lower" {x_attributes} y="{base - lower:.1f}" height="{lower:.1f}"/>'
        f'<rect class="upper" {x_attributes} y="{base - lower - upper:.1f}" height="{upper:.1f}"/></g>'
    )


def _grid(top: float, plot_height: float, format_value: Callable[[float], str]) -> str:
    elements = []
    for fraction in (0, 0.5, 1):
        y = HEIGHT - BOTTOM - plot_height * fraction
        text = escape(format_value(top * fraction))
        elements.append(f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        elements.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    return "".join(elements)


def _names(names: Sequence[str], step: float) -> str:
    stride = max(1, -(-len(names) // 4))  # four at most: they are to be read on a phone
    indexes = range(0, len(names), stride)
    return "".join(
        f'<text x="{LEFT + step * index:.1f}" y="{HEIGHT - 6}">{escape(_short_name(names[index]))}</text>'
        for index in indexes
    )


def _short_name(name: str) -> str:
    """The label of a step on an axis: the hour of an hour, month and day of a day, a month in full."""
    if len(name) == len("2026-11"):
        return name
    return f"{name[-2:]}:00" if "T" in name else name[-5:]
