"""Rotates the picture by 90, 180 or 270 degrees, clockwise."""

from PIL import Image

from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

# Pillow rotates anticlockwise.
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """rotate: degrees clockwise, after EXIF orientation."""
    turn = TURNS.get(values.get("rotate", 0))
    if turn is None:
        return picture
    nominal = picture.nominal if turn is Image.Transpose.ROTATE_180 else picture.nominal[::-1]
    return picture.mapped(lambda frame: frame.transpose(turn), nominal=nominal)
