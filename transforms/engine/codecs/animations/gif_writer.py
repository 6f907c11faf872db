"""Reduces frames to GIF's 256 colours, one of them transparent, and writes them."""

from io import BytesIO

from PIL import Image

from transforms.engine import colour
from transforms.engine.codecs.animations import gif_file, gif_times
from transforms.engine.picture import Picture

COLOURS = 255
HALF = 128


def write(picture: Picture) -> bytes:
    """The bytes of a GIF; pixels become transparent below half opacity, opaque from there.

    An animation lasts as long as its frames do, to a hundredth of a second: see `gif_times`.
    """
    if len(picture.frames) == 1:
        buffer = BytesIO()
        _reduced(picture.frames[0]).save(buffer, "GIF", optimize=False)
        return buffer.getvalue()
    shown = gif_times.shown(picture.durations)
    frames = [gif_file.Frame(_reduced(picture.frames[index]), hundredths) for index, hundredths in shown]
    return gif_file.written(frames, picture.loop)


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
        # The clear index is the one after the colours in use, within the palette: not every reader looks beyond.
        clear = int(colour.levels_of(reduced)[1]) + 1
        reduced.putpalette(colour.palette_of(reduced).tobytes()[: 3 * clear] + bytes(3))
        reduced.paste(clear, mask=frame.getchannel("A").point(lambda level: 255 if level < HALF else 0))
        reduced.info["transparency"] = clear
    return reduced
