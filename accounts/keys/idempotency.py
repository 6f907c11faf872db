"""Idempotency keys of the REST API: a request that is repeated under its key within a day does nothing twice (H11).

What is kept is a keyed digest of the request, its status, and the id of what it made: the answer is built anew.
"""

import json
import re

from django.conf import settings

from accounts.keys.apikeys import Caller
from accounts.models import IdempotentRequest
from accounts.models import idempotency as idempotency_rows
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError

LIFE_SECONDS = clock.DAY
RUNNING_SECONDS = 60  # longer than any request is served
KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?\Z")


class InvalidIdempotencyKey(ApiError):
    """The header holds no key."""

    code = "invalid_idempotency_key"

    def __init__(self) -> None:
        super().__init__("An Idempotency-Key is 1 to 255 printable ASCII characters.", param="Idempotency-Key")


class IdempotencyKeyReused(ApiError):
    """Another request came under the key before."""

    status = 422
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request within the last day. Send each new request under a key"
            " of its own.",
            param="Idempotency-Key",
        )


class RequestRunning(ApiError):
    """The first request under the key has no answer yet."""

    status = 409
    code = "request_running"

    def __init__(self) -> None:
        message = "The first request under this Idempotency-Key is still running. Repeat it in a moment."
        super().__init__(message, param="Idempotency-Key", retry_after=1)


class OutcomeUnknown(ApiError):
    """The first request under the key broke off, so that nobody knows whether it was carried out."""

    status = 409
    code = "outcome_unknown"

    def __init__(self) -> None:
        super().__init__(
            "The first request under this Idempotency-Key broke off, and may have been carried out or not. Look whether"
            " it was; if not, send it under another key.",
            param="Idempotency-Key",
        )


class ResultGone(ApiError):
    """The request was carried out, and what it made is there no longer."""

    status = 409
    code = "result_gone"

    def __init__(self) -> None:
        super().__init__(
            "This request was carried out before under its Idempotency-Key, and what it made has been deleted since."
        )


def begin(caller: Caller, key: str, request: tuple[str, str, bytes]) -> tuple[IdempotentRequest, bool]:
    """The row of a request, (method, path with query, body), and whether it is a repetition, whose answer is to be
    built anew. Raises InvalidIdempotencyKey, IdempotencyKeyReused, RequestRunning, OutcomeUnknown."""
    if not KEY.match(key):
        raise InvalidIdempotencyKey
    rows = [_row(server_key, caller, key, request) for server_key in _server_keys()]
    for row in rows:
        existing = idempotency_rows.find_live(row.workspace_id, row.request_id)
        if existing is not None:
            return _repetition(existing, row.body_digest), True
    if not idempotency_rows.add(rows[0]):
        raise RequestRunning
    return rows[0], False


def _repetition(existing: IdempotentRequest, body_digest: str) -> IdempotentRequest:
    if existing.body_digest != body_digest:
        raise IdempotencyKeyReused
    if not existing.status:
        raise RequestRunning if existing.started > clock.now() - RUNNING_SECONDS else OutcomeUnknown
    return existing


def finish(row: IdempotentRequest, status: int, made: str) -> None:
    """Keep what was answered, and the id of what was made."""
    idempotency_rows.finish(row, status, made)


def forget(row: IdempotentRequest) -> None:
    """Forget a request that was refused: nothing was done, and it may be sent again, corrected or not."""
    idempotency_rows.delete_unanswered(row)


def _server_keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _row(server_key: str, caller: Caller, key: str, request: tuple[str, str, bytes]) -> IdempotentRequest:
    digest_key, now = tokens.subkey(server_key.encode(), "accounts.idempotency"), clock.now()
    method, path, body = request
    return IdempotentRequest(
        caller.workspace_id,
        tokens.keyed_digest(digest_key, ("key", caller.prefix, key)),
        body_digest=tokens.keyed_digest(digest_key, ("request", method, path, _canonical(body))),
        started=now,
        expires=clock.utc(int(now) + LIFE_SECONDS),
    )


def _canonical(body: bytes) -> str:
    """A body without what does not change its meaning: spaces and the order of names."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return body.hex()
