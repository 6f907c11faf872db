"""EXIF fields of the camera and the exposure: a closed list without location, name, serial number or comment."""

import math
from collections.abc import Callable
from typing import Any

from PIL import ExifTags, Image

EXPOSURE = ExifTags.IFD.Exif
TEXT_CHARACTERS = 100
FLASH_FIRED = 1


def facts(exif: Image.Exif) -> dict[str, object]:
    """The known fields that are there and readable, in the order of FIELDS; empty when there is no EXIF."""
    try:
        tags = {**exif.get_ifd(EXPOSURE), **dict(exif)}
    except Exception:
        # A damaged block has no fields; the picture itself is unaffected.
        tags = {}
    values = {name: reader(tags[tag]) for name, (tag, reader) in FIELDS.items() if tag in tags}
    return {name: value for name, value in values.items() if value is not None}


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = "".join(character for character in value if character.isprintable()).strip()
    return text[:TEXT_CHARACTERS] or None


def _number(value: Any) -> int | float | None:
    """A finite number rounded to six digits, more than a camera's precision; None for anything else."""
    value = value[0] if isinstance(value, tuple) and value else value
    try:
        number = float(f"{float(value):.6g}")
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _flash(value: object) -> bool | None:
    return bool(value & FLASH_FIRED) if isinstance(value, int) else None


# Left out on purpose: position, serial numbers, owner, artist, comments, thumbnails, time zone, maker's notes.
FIELDS: dict[str, tuple[int, Callable[[object], object]]] = {
    "make": (ExifTags.Base.Make, _text),
    "model": (ExifTags.Base.Model, _text),
    "lens": (ExifTags.Base.LensModel, _text),
    "takenAt": (ExifTags.Base.DateTimeOriginal, _text),
    "exposureTime": (ExifTags.Base.ExposureTime, _number),
    "fNumber": (ExifTags.Base.FNumber, _number),
    "iso": (ExifTags.Base.ISOSpeedRatings, _number),
    "exposureBias": (ExifTags.Base.ExposureBiasValue, _number),
    "focalLength": (ExifTags.Base.FocalLength, _number),
    "focalLengthIn35mm": (ExifTags.Base.FocalLengthIn35mmFilm, _number),
    "flash": (ExifTags.Base.Flash, _flash),
}
