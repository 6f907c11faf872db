"""The one error type that reaches a person, and its two forms: problem+json and a page."""

import json
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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

    def __init__(self) -> None:
        super().__init__("Somebody changed this meanwhile. Look at it again, and repeat what is still needed.")


def problem_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """An error as `application/problem+json` (RFC 9457), never cached; its `type` is the page of its code."""
    body = {
        "type": f"{settings.SITE_URL}/docs/errors#{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "request_id": getattr(request, "request_id", ""),
    }
    if error.param:
        body["param"] = error.param
    content = json.dumps(body, ensure_ascii=True).encode()
    response = HttpResponse(content, status=error.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response
