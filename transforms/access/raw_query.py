"""A raw query as its pieces, exactly as sent, each with its decoded name and value."""

from collections.abc import Iterable
from dataclasses import dataclass

from imgapis.base.errors import ApiError
from transforms.engine.errors import EngineError
from transforms.engine.request import query


@dataclass(frozen=True)
class RawParameter:
    """`raw` as sent; `name` and `value` decoded. A piece that cannot be decoded has no name: the parser refuses it."""

    raw: str
    name: str
    value: str


def read(raw: str) -> list[RawParameter]:
    """The pieces in order; empty ones are skipped, as by the engine's parser."""
    return [_piece(item) for item in raw.split("&") if item]


def write(pieces: Iterable[RawParameter]) -> str:
    """The raw query of pieces."""
    return "&".join(piece.raw for piece in pieces)


def one(pieces: list[RawParameter], name: str) -> str | None:
    """The value of a parameter that may be given once; None where it is absent. Raises ApiError."""
    values = [piece.value for piece in pieces if piece.name == name]
    if len(values) > 1:
        raise ApiError(f"{name} is given twice; it may be given once.", code="duplicate_parameter", param=name)
    return values[0] if values else None


def without(pieces: list[RawParameter], names: Iterable[str]) -> list[RawParameter]:
    """The pieces with other names."""
    excluded = frozenset(names)
    return [piece for piece in pieces if piece.name not in excluded]


def _piece(item: str) -> RawParameter:
    try:
        [(name, value)] = query.pairs(item)
    except EngineError:
        return RawParameter(item, "", "")
    return RawParameter(item, name, value)
