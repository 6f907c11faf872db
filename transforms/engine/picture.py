"""A decoded picture as the steps take and return it: upright sRGB frames and the facts of their source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from PIL import Image, ImageChops

from transforms.engine.metadata.output_metadata import OutputMetadata
from transforms.engine.picture_values import PictureValues


@dataclass(frozen=True)
class Picture:
    """Frames are RGB or RGBA, all of one size, with empty `info`, so no metadata of the source can leak.

    `nominal` is the size the frames stand for in source pixels: a JPEG may be decoded smaller than it is.
    `durations` are milliseconds; `loop` is how often to play, 0 for ever; `source_size` is upright;
    `frame_count` is the source's, of which `frames` may hold only the first; `mark` is the file to overlay;
    `warnings` are for the caller, of the steps so far; `shape` is what fitting it to its box came to (geometry.Fit);
    `profile` is the ICC profile of the frames' colours where those are not sRGB; `idle` are the parameters so far that
    changed nothing, so that the same comes out without them, byte for byte in every format; `trimmed` is the box that
    trim kept, in the pixels it saw, where it is the same in every format.
    """

    frames: tuple[Image.Image, ...]
    durations: tuple[int, ...]
    loop: int
    has_alpha: bool
    source_format: str
    source_size: tuple[int, int]
    orientation: int
    frame_count: int
    nominal: tuple[int, int]
    rights: Mapping[int, bytes] = field(default_factory=dict)
    metadata: OutputMetadata = field(default_factory=OutputMetadata)
    mark: bytes | None = None
    warnings: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    profile: bytes | None = None
    idle: tuple[str, ...] = ()
    trimmed: tuple[int, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames in pixels."""
        return self.frames[0].size

    def warned(self, *warnings: str) -> "Picture":
        """The picture with further warnings for the caller."""
        return replace(self, warnings=(*self.warnings, *warnings))

    def unchanged_by(self, *names: str) -> "Picture":
        """The picture with further parameters that changed nothing."""
        return replace(self, idle=(*self.idle, *names))

    def is_whole(self, values: PictureValues) -> bool:
        """Whether no format shows frames beside these, as of an animation of which this one takes the first."""
        return len(self.frames) == self.frame_count or not values.get("animated", True)

    def looks_like(self, other: "Picture") -> bool:
        """Whether the frames are those of another picture, pixel by pixel. Two rows tell most that are not."""
        pairs = [(one, two) for one, two in zip(self.frames, other.frames, strict=True) if one is not two]
        if any((one.mode, one.size) != (two.mode, two.size) for one, two in pairs):
            return False
        rows = [(0, row, self.size[0], row + 1) for row in (0, self.size[1] // 2)]
        if any(one.crop(row).tobytes() != two.crop(row).tobytes() for one, two in pairs for row in rows):
            return False
        return all(ImageChops.difference(one, two).getbbox(alpha_only=False) is None for one, two in pairs)

    def mapped(self, change: Callable[[Image.Image], Image.Image], nominal: tuple[int, int] | None = None) -> "Picture":
        """The picture with every frame changed, with `nominal` as its size in source pixels if given."""
        return replace(self, frames=tuple(change(frame) for frame in self.frames), nominal=nominal or self.nominal)
