"""Reduces frames to GIF's 256 colours, one of them transparent, and writes them."""

from io import BytesIO

from PIL import Image

from transforms.engine.picture import Picture

COLOURS = 255
CLEAR = 255
HALF = 128
DISPOSE_TO_CLEAR = 2


def write(picture: Picture) -> bytes:
    """The bytes of a GIF; pixels become transparent below half opacity, opaque from there."""
    frames = [_reduced(frame) for frame in picture.frames]
    options: dict[str, object] = {"optimize": False}
    if any("transparency" in frame.info for frame in frames):
        options["disposal"] = DISPOSE_TO_CLEAR
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:], "duration": list(picture.durations)}
        if picture.loop != 1:
            # The file counts repetitions after the first run, 0 for ever.
            options["loop"] = max(0, picture.loop - 1)
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", **options)
    return buffer.getvalue()


def is_exact(picture: Picture) -> bool:
    """Whether GIF can hold the picture without changing a pixel."""
    return all(_fits(frame) for frame in picture.frames)


def _fits(frame: Image.Image) -> bool:
    if frame.mode == "RGBA" and any(frame.getchannel("A").histogram()[1:255]):
        return False
    return frame.convert("RGB").getcolors(COLOURS) is not None


def _reduced(frame: Image.Image) -> Image.Image:
    plain = frame.convert("RGB")
    reduced = plain.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    if plain.getcolors(COLOURS) is None:
        reduced = plain.quantize(palette=reduced, dither=Image.Dither.FLOYDSTEINBERG)
    reduced.info = {}
    if frame.mode == "RGBA":
        clear_mask = frame.getchannel("A").point(lambda level: 255 if level < HALF else 0)
        reduced.paste(CLEAR, mask=clear_mask)
        reduced.info["transparency"] = CLEAR
    return reduced
