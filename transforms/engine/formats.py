"""The output formats: what each can hold, and how it is encoded. A new one is a row here and a writer in
`codecs.encode`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Format:
    """An output format, named as in `format=`.

    `longest_side` is in pixels. `is_negotiated`: chosen without `format=` where the client's Accept header names it, in
    the order of FORMATS. `ssim_target`: what `ssim.worst` must reach for quality=auto, of lossy formats alone; over
    thirty photographs these give the mean SSIM of quality 80 (docs/performance.md). `tuned` are the encoder's options
    of quality=auto, fewer bytes at equal quality for two to four times the work; `smallest` those of placeholders.
    """

    name: str
    longest_side: int
    is_negotiated: bool = False
    is_animated: bool = True
    is_placeholder: bool = True
    holds_profile: bool = True
    holds_metadata: bool = True
    holds_iptc: bool = False
    keeps_lossless_sources: bool = False
    ssim_target: float | None = None
    tuned: Mapping[str, object] = field(default_factory=dict)
    smallest: Mapping[str, object] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """The media type."""
        return f"image/{self.name}"

    @property
    def is_lossy(self) -> bool:
        """Whether `quality` means something."""
        return self.ssim_target is not None


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        # The longest side of AVIF is what its encoder takes.
        Format("avif", 65_535, is_negotiated=True, ssim_target=0.943, tuned={"speed": 8}, smallest={"speed": 6}),
        # A progressive JPEG carries more tables than a tiny picture has data.
        Format("jpeg", 65_500, is_animated=False, holds_iptc=True, ssim_target=0.938, smallest={"progressive": False}),
        Format("png", 2**31 - 1),
        Format(
            "webp",
            16_383,
            is_negotiated=True,
            keeps_lossless_sources=True,
            ssim_target=0.93,
            tuned={"method": 6},
            smallest={"method": 6},
        ),
        Format(
            "gif",
            65_535,
            is_placeholder=False,
            holds_profile=False,
            holds_metadata=False,
            keeps_lossless_sources=True,
        ),
    )
}
# A source that is drawn at the size that is asked for; as an output it is passed on, sanitised, and never negotiated.
SVG, SVG_TYPE = "svg", "image/svg+xml"
LOSSY = tuple(name for name, row in FORMATS.items() if row.is_lossy)
