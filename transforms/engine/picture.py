"""A decoded picture on its way through the steps: upright sRGB frames and what is known of their source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from PIL import Image


@dataclass(frozen=True)
class Picture:
    """Frames are RGB or RGBA, all of one size, with empty `info`, so nothing of the source can leak through them.

    `nominal` is the size the frames stand for in source pixels: a JPEG may be decoded smaller than it is.
    `durations` are milliseconds; `loop` is how often to play, 0 for ever; `source_size` is upright;
    `frame_count` is the source's, of which `frames` may hold only the first; `mark` is the file to lay over them;
    `warnings` are what the caller should know of the steps so far.
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
    rights: Mapping[int, str] = field(default_factory=dict)
    mark: bytes | None = None
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames in pixels."""
        return self.frames[0].size

    def mapped(self, change: Callable[[Image.Image], Image.Image], nominal: tuple[int, int] | None = None) -> "Picture":
        """The picture with every frame changed, now standing for `nominal` source pixels if given."""
        return replace(self, frames=tuple(change(frame) for frame in self.frames), nominal=nominal or self.nominal)
