"""The router of the REST API: every POST honours `Idempotency-Key`, and says how its answer is built again (H11)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpResponse
from ninja import Router

from accounts.keys import idempotency
from accounts.requests import ApiHttpRequest
from imgapis.base.errors import ApiError

HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A name of your own for this request, such as a UUID. Sent again under it within a day, the request"
    " is not carried out twice and gets the same answer, with `Idempotent-Replayed: true`; a secret that was shown is"
    " not shown again. Another request under it is refused with 422.",
}

View = TypeVar("View", bound=Callable[..., Any])
REPLAYED = {"Idempotent-Replayed": "true", "Cache-Control": "no-store"}


@dataclass(frozen=True)
class Repeat:
    """How a POST is answered again. `made` reads the id of what was made from the body of the first answer, and
    `rebuild(request, id, **arguments of the view)` makes the body from it; without `rebuild` the view runs again,
    because it changes nothing."""

    made: Callable[[Any], str] = lambda body: ""
    rebuild: Callable[..., Any] | None = None


CHANGES_NOTHING = Repeat()


class RestRouter(Router):
    """A router whose POST operations are idempotent under a key."""

    def post(  # type: ignore[override]  # narrower than Router.post on purpose: there is no POST without `repeat`
        self, path: str, *, repeat: Repeat, **options: Any
    ) -> Callable[[View], View]:
        """Register a POST, as `Router.post` does, with how it is answered again."""
        register = super().post(path, openapi_extra={"parameters": [HEADER]}, **options)

        def decorator(view: View) -> View:
            register(_idempotent(view, repeat))
            return view

        return decorator


def _idempotent(view: Callable[..., Any], repeat: Repeat) -> Callable[..., Any]:
    @wraps(view)
    def wrapper(request: ApiHttpRequest, **values: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(request, **values)
        sent = (request.method, request.get_full_path(), request.body)
        row, is_repetition = idempotency.begin(request.caller, key, sent)
        if not is_repetition:
            return _carry_out(row, lambda: view(request, **values), repeat)
        request.is_repetition = True
        if repeat.rebuild is None:
            return view(request, **values)
        status, body = int(row.status), repeat.rebuild(request, row.made, **values)
        return HttpResponse(status=status, headers=REPLAYED) if body is None else (status, body)

    return wrapper


def _carry_out(row: idempotency.IdempotentRequest, act: Callable[[], Any], repeat: Repeat) -> Any:
    """The result of an act, kept under its key. What our code refuses was not done; after any other error nobody knows,
    and the row says so."""
    try:
        result = act()
    except ApiError:
        idempotency.forget(row)
        raise
    status, body = result if isinstance(result, tuple) else (200, result)
    idempotency.finish(row, status, repeat.made(body))
    return result
