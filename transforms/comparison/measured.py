"""What was measured of two drawings of a picture, and the sentences that say what it means."""

from dataclasses import dataclass

# ΔE2000 of about 1 is just visible side by side. A difference is visible where more than one pixel in a hundred is
# beyond that, or more than one in ten thousand is beyond 2: a patch of ten by ten in a picture of a megapixel.
JUST_VISIBLE = 1.0
LARGEST_UNSEEN_SHARE = 0.0001


@dataclass(frozen=True)
class Drawing:
    """A picture as a version of the engine drew it; `fault` says why it cannot be read back, and is empty where it can:
    then its sides (pixels) and frames are known. `preview` is a smaller WebP (base64) of a large file."""

    engine: int
    body: bytes
    content_type: str
    address: str
    width: int = 0
    height: int = 0
    frames: int = 0
    fault: str = ""
    is_preview: bool = False

    @property
    def format(self) -> str:
        """The name of its format."""
        return self.content_type.partition("/")[2].partition("+")[0].upper()

    @property
    def size(self) -> str:
        """Its bytes."""
        return f"{len(self.body):,} bytes"

    @property
    def sides(self) -> str:
        """Its pixels, and the frames of an animation."""
        if self.fault:
            return "unknown"
        frames = f", {self.frames} frames" if self.frames > 1 else ""
        return f"{self.width} × {self.height} pixels{frames}"


@dataclass(frozen=True)
class Difference:
    """CIEDE2000 of the pixels; `visible` is the share of those above 2, `step` says that every step-th pixel was
    measured across and down, `address` is of the difference picture."""

    median: float
    p99: float
    greatest: float
    visible: float
    step: int
    address: str

    @property
    def is_visible(self) -> bool:
        """Whether somebody who looks at both can see it."""
        return self.p99 > JUST_VISIBLE or self.visible > LARGEST_UNSEEN_SHARE

    @property
    def share(self) -> str:
        """The share of pixels above 2, as a percentage; never 0 where there is one."""
        return percentage(self.visible)


@dataclass(frozen=True)
class Comparison:
    """Two drawings; `difference` is None where they cannot be laid over each other. `same_source`: whether both were
    made from the same bytes, None where that is not known."""

    stored: Drawing
    newest: Drawing
    difference: Difference | None
    same_source: bool | None

    @property
    def is_same(self) -> bool:
        """Whether moving to the newest version changes nothing that can be seen."""
        if self.stored.body == self.newest.body:
            return True
        is_animation_kept = self.stored.frames == self.newest.frames
        return self.difference is not None and not self.difference.is_visible and is_animation_kept

    @property
    def verdict(self) -> str:
        """Whether the two are the same, in a sentence or two."""
        stored, newest, difference = self.stored, self.newest, self.difference
        if stored.body == newest.body:
            return "The same picture: both files are the same, byte for byte."
        if stored.fault or newest.fault:
            which, fault = ("stored", stored.fault) if stored.fault else ("new", newest.fault)
            return f"No pixels were compared, since the {which} picture cannot be read back. {fault}"
        if difference is None:
            return (
                f"The sizes differ: {stored.width} × {stored.height} pixels before, {newest.width} × {newest.height}"
                " now. So no pixels were compared."
            )
        return f"{self._verdict_on_pixels(difference)}{self._verdict_on_frames()}"

    def _verdict_on_pixels(self, difference: Difference) -> str:
        where = " of the first frame" if max(self.stored.frames, self.newest.frames) > 1 else ""
        if not difference.greatest:
            return f"No visible difference: every pixel{where} that was compared is the same."
        if not difference.is_visible:
            return f"No visible difference{where}."
        return f"A visible difference: {difference.share} of the pixels{where} differ by more than ΔE 2."

    def _verdict_on_frames(self) -> str:
        before, now = self.stored.frames, self.newest.frames
        if before != now:
            return f" The number of frames differs: {before} before, {now} now. The first frames were compared."
        return f" The first of {now} frames was compared." if now > 1 else ""

    @property
    def remarks(self) -> list[str]:
        """What else to know about the figures."""
        notes = []
        if self.same_source is False:
            notes.append(
                "The source has changed since the stored picture was made, or not all of it could be read: not all of"
                " the difference is the engine's."
            )
        if self.same_source is None:
            notes.append("It is not known whether the source has changed since the stored picture was made.")
        if self.difference and self.difference.step > 1:
            notes.append(
                f"The picture is large: one pixel in {self.difference.step**2} was measured, evenly over the picture."
            )
        return notes


def percentage(share: float) -> str:
    """A share from 0 to 1 in words, with what is below a hundredth of a percent said so."""
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    return f"{100 * share:.2f} %"
