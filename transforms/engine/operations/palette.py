"""The colours of a picture: its areas by size, and six named swatches.

Swatch targets and weights are those of Android's Palette: the distance of a colour to a target saturation and
lightness, and the share of the picture it fills.
"""

import colorsys
from dataclasses import dataclass

import numpy as np
from PIL import Image

from transforms.engine.colour import palette_of

SAMPLED_SIDE = 128
QUANTISED = 64
MOST_COLOURS = 10
# Two colours nearer than this in RGB (of 441) look the same in a list of colours.
NEAR = 48.0
LEAST_AREA = 0.005
OPAQUE = 128
SATURATION_WEIGHT, LIGHTNESS_WEIGHT, AREA_WEIGHT = 3, 6, 1


@dataclass(frozen=True)
class Colour:
    """A colour and the share of the opaque pixels it fills, 0–1."""

    rgb: tuple[int, int, int]
    area: float

    @property
    def hex(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)

    @property
    def intensity(self) -> float:
        """Chroma, 0 (grey) to 1 (pure)."""
        return (max(self.rgb) - min(self.rgb)) / 255

    @property
    def lightness_and_saturation(self) -> tuple[float, float]:
        return colorsys.rgb_to_hls(*(level / 255 for level in self.rgb))[1:]


@dataclass(frozen=True)
class Swatch:
    """The lightness and saturation of a swatch: minimum, target, maximum."""

    name: str
    lightness: tuple[float, float, float]
    saturation: tuple[float, float, float]


_LIGHT, _NORMAL, _DARK = (0.55, 0.74, 1.0), (0.3, 0.5, 0.7), (0.0, 0.26, 0.45)
_VIBRANT, _MUTED = (0.35, 1.0, 1.0), (0.0, 0.3, 0.4)
SWATCHES = (
    Swatch("vibrant", _NORMAL, _VIBRANT),
    Swatch("lightVibrant", _LIGHT, _VIBRANT),
    Swatch("darkVibrant", _DARK, _VIBRANT),
    Swatch("muted", _NORMAL, _MUTED),
    Swatch("lightMuted", _LIGHT, _MUTED),
    Swatch("darkMuted", _DARK, _MUTED),
)


def sample(image: Image.Image) -> tuple[Colour, ...]:
    """Up to 64 colours of an RGB or RGBA picture, largest area first; none when nothing is opaque."""
    small = image.convert("RGBA")
    small.thumbnail((SAMPLED_SIDE, SAMPLED_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small).reshape(-1, 4)
    opaque = np.ascontiguousarray(pixels[pixels[:, 3] >= OPAQUE][:, :3])
    if not len(opaque):
        return ()
    quantised = Image.fromarray(opaque[np.newaxis]).quantize(QUANTISED, Image.Quantize.MEDIANCUT)
    table = palette_of(quantised).tobytes()
    counts = [(count, index) for index, count in enumerate(quantised.histogram()) if count]
    counts.sort(key=lambda count_and_index: (-count_and_index[0], count_and_index[1]))
    return tuple(
        Colour((table[3 * index], table[3 * index + 1], table[3 * index + 2]), count / len(opaque))
        for count, index in counts
    )


def areas(colours: tuple[Colour, ...]) -> tuple[Colour, ...]:
    """At most ten colours, similar ones merged into the larger, by descending area."""
    merged: list[Colour] = []
    for colour in colours:
        near_index = next((index for index, other in enumerate(merged) if _distance(other, colour) < NEAR), None)
        if near_index is None:
            merged.append(colour)
        else:
            merged[near_index] = Colour(merged[near_index].rgb, merged[near_index].area + colour.area)
    merged.sort(key=lambda colour: -colour.area)
    visible = [colour for colour in merged if colour.area >= LEAST_AREA]
    return tuple(visible[:MOST_COLOURS])


def dominant(image: Image.Image) -> tuple[int, int, int] | None:
    """The colour that fills most of the picture; None when nothing in it is opaque."""
    largest = areas(sample(image))[:1]
    return largest[0].rgb if largest else None


def swatches(colours: tuple[Colour, ...]) -> dict[str, Colour | None]:
    """The best colour for each swatch, each colour used once; None where none is in range."""
    used: set[Colour] = set()
    best_by_name: dict[str, Colour | None] = {}
    for swatch in SWATCHES:
        candidates = [colour for colour in colours if colour not in used and _fits(swatch, colour)]
        best = max(candidates, key=lambda colour: _score(swatch, colour, colours[0].area), default=None)
        best_by_name[swatch.name] = best
        if best is not None:
            used.add(best)
    return best_by_name


def _fits(swatch: Swatch, colour: Colour) -> bool:
    lightness, saturation = colour.lightness_and_saturation
    return (
        swatch.lightness[0] <= lightness <= swatch.lightness[2]
        and swatch.saturation[0] <= saturation <= swatch.saturation[2]
    )


def _score(swatch: Swatch, colour: Colour, largest: float) -> float:
    lightness, saturation = colour.lightness_and_saturation
    return (
        SATURATION_WEIGHT * (1 - abs(saturation - swatch.saturation[1]))
        + LIGHTNESS_WEIGHT * (1 - abs(lightness - swatch.lightness[1]))
        + AREA_WEIGHT * colour.area / largest
    )


def _distance(one: Colour, other: Colour) -> float:
    return sum((a - b) ** 2 for a, b in zip(one.rgb, other.rgb, strict=True)) ** 0.5
