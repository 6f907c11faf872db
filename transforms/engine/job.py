"""The input and output of a rendering: plain values that are sent between processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture_values import PictureValues


@dataclass(frozen=True)
class Job:
    """One rendering: source bytes and canonical parameter values in, no addresses and no customers.

    Where `values` have `mark` (True), the second of the sources is the mark. `focal` (x, y from 0 to 1) may be among
    the canonical values: the focal point of the upright source, used where there is no `position`. `is_negotiated`:
    nobody asked for the output format by name, so that another stands in for one that cannot hold the picture.
    """

    endpoint: str
    values: PictureValues
    output_format: str
    sources: tuple[bytes | None, ...]
    limits: Limits = field(default_factory=Limits)
    is_negotiated: bool = False

    @property
    def source(self) -> bytes:
        """The first source. Raises missing_parameter where there is none."""
        data = self.sources[0] if self.sources else None
        if data is None:
            raise EngineError("missing_parameter", "There is no source to transform.", "src")
        return data


@dataclass(frozen=True)
class Output:
    """The finished picture (or JSON), its size in pixels, and the milliseconds each stage took.

    `shape` are the sizes the request came to, as `effective.identity` takes them; `used` the indices of the sources
    that a grid shows; `is_vector`: the source is a drawing, which fills any box; `idle` the parameters that changed
    nothing (Picture.idle).
    """

    body: bytes
    content_type: str
    width: int
    height: int
    source_size: tuple[int, int] | None = None
    warnings: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    used: tuple[int, ...] = (0,)
    is_vector: bool = False
    idle: tuple[str, ...] = ()

    @property
    def composed(self) -> int:
        """How many sources are in it."""
        return len(self.used)
