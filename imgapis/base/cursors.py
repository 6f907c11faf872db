"""Opaque cursors of lists: the key of the last row, sealed, so that no client builds one."""

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cryptography.fernet import InvalidToken
from pynamodb.pagination import ResultIterator

from imgapis.base import tokens
from imgapis.base.errors import ApiError

T = TypeVar("T")


class InvalidCursor(ApiError):
    """The cursor was not issued here, or belongs to another list."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        super().__init__("The cursor is none that a list has given you.", param="cursor")


@dataclass(frozen=True)
class ResultPage(Generic[T]):
    """Some rows of a list and the cursor to the next; None at the end."""

    rows: list[T]
    cursor: str | None


def decode(name: str, cursor: str | None) -> dict[str, Any] | None:
    """The `last_evaluated_key` inside a cursor of the list `name`; None without a cursor. Raises InvalidCursor."""
    if not cursor:
        return None
    try:
        payload = json.loads(tokens.unseal(cursor))
    except (InvalidToken, ValueError) as error:
        raise InvalidCursor from error
    if payload["list"] != name:
        raise InvalidCursor
    return payload["place"]


def page_of(name: str, rows: ResultIterator[T]) -> ResultPage[T]:
    """The rows of one query page (the query has a `limit`) and the cursor to the rows after them."""
    page_rows = list(rows)
    return ResultPage(page_rows, encode(name, rows.last_evaluated_key))


def encode(name: str, last_key: dict[str, Any] | None) -> str | None:
    """The cursor of the list `name` to the rows after `last_key`; None at the end of the list."""
    return tokens.seal(json.dumps({"list": name, "place": last_key}).encode()) if last_key else None
