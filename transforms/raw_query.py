"""A raw query as its pieces, exactly as sent, each with its decoded name and value."""

from collections.abc import Iterable
from dataclasses import dataclass

from imgapis.base.errors import Refusal
from transforms.engine import query
from transforms.engine.errors import EngineError


@dataclass(frozen=True)
class Piece:
    """`raw` as sent; `name` and `value` decoded. A piece that cannot be decoded has no name: the parser refuses it."""

    raw: str
    name: str
    value: str


def read(raw: str) -> list[Piece]:
    """The pieces in order; empty ones are skipped, as by the engine's parser."""
    return [_piece(item) for item in raw.split("&") if item]


def write(pieces: Iterable[Piece]) -> str:
    """The raw query of pieces."""
    return "&".join(piece.raw for piece in pieces)


def one(pieces: list[Piece], name: str) -> str | None:
    """The value of a parameter that may be given once; None where it is absent. Raises Refusal."""
    values = [piece.value for piece in pieces if piece.name == name]
    if len(values) > 1:
        raise Refusal(f"{name} is given twice; it may be given once.", code="duplicate_parameter", param=name)
    return values[0] if values else None


def without(pieces: list[Piece], names: Iterable[str]) -> list[Piece]:
    """The pieces with other names."""
    excluded = frozenset(names)
    return [piece for piece in pieces if piece.name not in excluded]


def _piece(item: str) -> Piece:
    try:
        [(name, value)] = query.pairs(item)
    except EngineError:
        return Piece(item, "", "")
    return Piece(item, name, value)
