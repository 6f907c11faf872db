"""The one error type that reaches a person, and its two forms: problem+json and a page."""

import json
from http import HTTPStatus


class ApiError(Exception):
    """A request refused for a reason its sender can act on.

    `status` is the HTTP status, `code` the stable name of the cause, the message a sentence for the customer.
    Subclasses are declared beside the code that raises them.
    """

    status = 400
    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int | None = None,
        retry_after: int | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.code
        self.status = status or self.status
        self.retry_after = retry_after


class EditConflict(ApiError):
    """A concurrent change of the same thing won: nothing was written."""

    status = 409
    code = "overtaken"

    def __init__(self):
        super().__init__("Somebody changed this meanwhile. Look at it again, and repeat what is still needed.")


def problem(refusal: ApiError, request_id: str, site_url: str) -> bytes:
    """The body of an `application/problem+json` response (RFC 9457)."""
    body = {
        "type": f"{site_url}/docs/errors#{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.message,
        "code": refusal.code,
        "request_id": request_id,
    }
    if refusal.param:
        body["param"] = refusal.param
    return json.dumps(body, ensure_ascii=True).encode()
