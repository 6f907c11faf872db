"""One decoded picture for several jobs in a row that have the same source (R4)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from transforms.engine import geometry
from transforms.engine.codecs import source_file
from transforms.engine.codecs.decode import Facts
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture

Target = Callable[[Facts], geometry.Size | None]


@dataclass(frozen=True)
class Options:
    """What the pixels that are decoded depend on, beside the source and the size that is needed."""

    limits: Limits
    animated: bool = False
    cut: bool = False
    keeps_profile: bool = False
    keeps_metadata: bool = False


@dataclass(frozen=True)
class _Decoded:
    data: bytes
    options: Options
    facts: Facts
    reduction: int
    picture: Picture


class Decodings:
    """The picture that was decoded last, for the jobs that follow with the very same bytes and need it at the same
    scale; any other takes its place. What comes out is the same, byte for byte, as without it."""

    def __init__(self) -> None:
        self._last: _Decoded | None = None

    def open_picture(self, data: bytes, options: Options, target: Target) -> Picture:
        """The picture as `source_file.open_picture` gives it, and raises what that and `target` raise. Its frames are
        read-only: whoever changes one gets a copy."""
        picture = self._again(data, options, target) or self._decoded(data, options, target)
        return picture.mapped(_read_only)

    def forget(self) -> None:
        """Let go of the picture and of its source."""
        self._last = None

    def _again(self, data: bytes, options: Options, target: Target) -> Picture | None:
        last = self._last
        if last is None or last.data is not data:
            return None
        is_still = last.facts.frame_count == 1
        if last.options != (replace(options, animated=last.options.animated) if is_still else options):
            return None
        return last.picture if last.reduction == _reduction(last.facts, target(last.facts)) else None

    def _decoded(self, data: bytes, options: Options, target: Target) -> Picture:
        self.forget()  # before the next: one decoded picture is in memory at a time
        noted: list[tuple[Facts, geometry.Size | None]] = []

        def noted_target(facts: Facts) -> geometry.Size | None:
            noted.append((facts, target(facts)))
            return noted[-1][1]

        picture = source_file.open_picture(
            data,
            options.limits,
            target=noted_target,
            animated=options.animated,
            cut=options.cut,
            keeps_profile=options.keeps_profile,
            keeps_metadata=options.keeps_metadata,
        )
        facts, size = noted[-1]
        self._last = _Decoded(data, options, facts, _reduction(facts, size), picture)
        return picture


def _reduction(facts: Facts, size: geometry.Size | None) -> int:
    """By how much the sides are smaller when it is decoded for a size."""
    return geometry.reduction(facts.size, size) if size and facts.source_format == "jpeg" else 1


def _read_only(frame: Image.Image) -> Image.Image:
    """Another picture of the same pixels, which Pillow copies before it changes them."""
    other = frame._new(frame.im)
    other.readonly = 1
    return other
