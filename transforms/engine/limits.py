"""The limits of the engine: bytes, pixels, sides, frames, sources."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the input and output of one rendering. `Limits()` are the published defaults; a plain, picklable value.

    Pixels are width x height, a source's summed over its frames; sides are pixels; scans are the passes of a
    progressive JPEG.
    """

    source_bytes: int = 30_000_000
    source_pixels: int = 50_000_000
    source_side: int = 65_535
    source_frames: int = 256
    source_scans: int = 100
    output_pixels: int = 50_000_000
    output_side: int = 8_192
    grid_sources: int = 5
