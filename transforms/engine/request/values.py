"""Parses one parameter's text to a typed value, and serializes a value to its one canonical text."""

import difflib
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from transforms.engine import errors
from transforms.engine.picture_values import Crop
from transforms.engine.request import blurhash_text, param, picture_parameters, query_text

WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
NUMBER_CHARACTERS = 20
HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
VERSION = re.compile(r"[A-Za-z0-9._-]+")
MIDDLE = (0.5, 0.5)
POSITION_NAMES = {point: name for name, point in picture_parameters.POSITIONS.items()}


def read(row: param.Param, spelling: str, text: str) -> Any:
    """The typed value of `text`; `spelling` is the name in the query, for the error. Raises invalid_parameter."""
    try:
        return READERS[row.kind](row, text)
    except ValueError as fault:
        reason = str(fault) or f"{query_text.shown(text)} is not"
        message = f"{spelling} must be {param.accepts(row)}: {reason}.{_nearest(row, text)}"
        raise errors.EngineError("invalid_parameter", message, spelling) from None


def write(value: object) -> str:
    """The canonical text of a value: read() gives the same value back."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return format(Decimal(repr(int(value) if value.is_integer() else value)), "f")
    if isinstance(value, tuple):
        return ",".join(write(part) for part in value if part not in ("px", "fr"))
    return str(value)


def point(text: str) -> tuple[float, float] | None:
    """A point as `x,y` from 0 to 1; None for any other text."""
    try:
        x, y = (float(_unit(part)) for part in _parts(text, 2))
    except ValueError:
        return None
    return x, y


def number(value: Decimal) -> int | float:
    """The value as an int where it is whole, else a float."""
    as_float = float(value)
    return int(as_float) if as_float.is_integer() else as_float


def _nearest(row: param.Param, text: str) -> str:
    words = [word for word in row.choices if isinstance(word, str)]
    matches = difflib.get_close_matches(text.lower(), words, n=1)
    return f" Did you mean {matches[0]}?" if matches else ""


def _integer(row: param.Param, text: str) -> int | str:
    return text if text in row.choices else _whole(row, text)


def _whole(row: param.Param, text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise ValueError
    value = int(text)
    if row.least is None:
        is_allowed = value in row.choices
    else:
        is_allowed = row.least <= value and (row.most is None or value <= row.most)
    if not is_allowed:
        raise ValueError
    return value


def _decimal(text: str) -> Decimal:
    if len(text) > NUMBER_CHARACTERS:
        raise ValueError(f"it has more than {NUMBER_CHARACTERS} characters")
    if not NUMBER.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _ranged(row: param.Param, text: str) -> Decimal:
    value = _decimal(text)
    least, most = row.bounds
    if not Decimal(str(least)) <= value <= Decimal(str(most)):
        raise ValueError
    return value


def _number(row: param.Param, text: str) -> int | float:
    return number(_ranged(row, text))


def _length(row: param.Param, text: str) -> int | float:
    """Pixels as an int, a share of the picture as a float: 1 is the whole, since a length of one pixel is useless."""
    value = _decimal(text)
    share = float(value)
    if 0 < share <= 1:
        return share
    return _whole(row, text)


def _angle(row: param.Param, text: str) -> int | float:
    value = number((_ranged(row, text) % 360 + 360) % 360)
    return 0 if value == 360 else value


def _switch(row: param.Param, text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError
    return text == "1"


def _choice(row: param.Param, text: str) -> str:
    word = dict(row.spelled).get(text, text)
    if word not in row.choices:
        raise ValueError
    return word


def _colour(row: param.Param, text: str) -> str:
    match = HEX.fullmatch(text.lower()) if text.isascii() else None
    if not match:
        raise ValueError
    digits = match[1] if len(match[1]) > 4 else "".join(digit * 2 for digit in match[1])
    return digits[:6] if digits[6:] == "ff" else digits


def _position(row: param.Param, text: str) -> str | tuple[float, float]:
    if text in row.choices:
        return text
    x, y = (float(_unit(part)) for part in _parts(text, 2))
    return POSITION_NAMES.get((x, y), (x, y))


def _focus(row: param.Param, text: str) -> str | tuple[float, float]:
    """A position where 0.5,0.5 is not the default: only the default gives way to a focal point."""
    position = _position(row, text)
    return MIDDLE if position == row.default and text != row.default else position


def _crop(row: param.Param, text: str) -> Crop:
    parts = _parts(text, 4)
    decimals = [_decimal(part) for part in parts]
    if "." in text or all(value <= 1 for value in decimals):
        return _crop_fractions([_unit(part) for part in parts])
    x, y, w, h = (_pixels(row, part) for part in parts)
    if not (w and h):
        raise ValueError("its width or its height is 0")
    return ("px", x, y, w, h)


def _crop_fractions(parts: list[Decimal]) -> Crop:
    """Clipped to the picture, so that one part of a picture has one canonical value."""
    # Through float first: the compared values must be the stored ones, or parsing them again could differ.
    x, y, w, h = (Decimal(repr(float(part))) for part in parts)
    w, h = min(w, 1 - x), min(h, 1 - y)
    if not (w and h):
        raise ValueError("nothing of the picture is in it")
    return ("fr", float(x), float(y), float(w), float(h))


def _pixels(row: param.Param, text: str) -> int:
    _, most = row.bounds
    if not WHOLE.fullmatch(text) or int(text) > most:
        raise ValueError(f"{query_text.shown(text)} is not a whole number from 0 to {most}")
    return int(text)


def _unit(text: str) -> Decimal:
    value = _decimal(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{query_text.shown(text)} is not from 0 to 1")
    return abs(value)


def _parts(text: str, count: int) -> list[str]:
    parts = text.split(",")
    if len(parts) != count:
        raise ValueError
    return parts


def _select(row: param.Param, text: str) -> tuple[str, ...]:
    names = text.split(",")
    unknown = next((word for word in names if word not in row.choices), None)
    if unknown is not None:
        raise ValueError(f"{query_text.shown(unknown)} is none of them")
    return tuple(word for word in row.choices if word in names)


def _blurhash(row: param.Param, text: str) -> str:
    fault = blurhash_text.fault(text)
    if fault:
        raise ValueError(fault)
    return text


def _is_within_bounds(row: param.Param, text: str) -> bool:
    least, most = row.bounds
    return least <= len(text) <= most


def _source(row: param.Param, text: str) -> str:
    if not _is_within_bounds(row, text):
        raise ValueError(f"it has {len(text)}")
    return text


def _filename(row: param.Param, text: str) -> str:
    if not _is_within_bounds(row, text) or set(text) & set("/\\") or text.strip(" .") == "":
        raise ValueError
    return text


def _version(row: param.Param, text: str) -> str:
    if not _is_within_bounds(row, text) or not VERSION.fullmatch(text):
        raise ValueError
    return text


READERS: dict[str, Callable[[param.Param, str], object]] = {
    "integer": _integer,
    "number": _number,
    "length": _length,
    "angle": _angle,
    "switch": _switch,
    "choice": _choice,
    "colour": _colour,
    "position": _position,
    "focus": _focus,
    "crop": _crop,
    "select": _select,
    "blurhash": _blurhash,
    "source": _source,
    "filename": _filename,
    "version": _version,
}
