"""The REST API `/api/v1`: one ninja API with the router of each app, problem+json, rate limits."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyHeader

from accounts import api as accounts_api
from accounts.keys import apikeys
from accounts.keys.apikeys import Caller
from billing import api as billing_api
from billing import notifications_api
from imgapis import rest_limits
from imgapis.base import errors
from imgapis.base.errors import ApiError
from imgapis.base.requests import TracedHttpRequest
from telemetry import api as telemetry_api
from transforms import api as transforms_api


class KeyAuth(APIKeyHeader):
    """`Authorization: Bearer img_…`; never in the URL (A12)."""

    param_name = "Authorization"

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        """The caller, put on the request, which becomes an ApiHttpRequest, with what is left of its rate limit."""
        scheme, _, api_key = (key or "").partition(" ")
        caller = apikeys.authenticate(api_key.strip() if scheme.lower() == "bearer" else None)
        vars(request)["caller"] = caller
        vars(request)["allowance"] = rest_limits.spend(caller.prefix)
        return caller


class RestApi(NinjaAPI):
    """Every answer is private, uncached, and says how much of the rate limit is left."""

    def create_response(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The answer with its headers."""
        return _finish(request, super().create_response(request, *args, **kwargs))


api = RestApi(
    title="img apis: accounts",
    version="1",
    urls_namespace="rest",
    docs_url=None,
    auth=KeyAuth(),
    description="Everything of the dashboard that is not the sign-in. Keys are made under API keys in the dashboard.",
)


def _finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    if getattr(request, "is_repetition", False):
        response["Idempotent-Replayed"] = "true"
    for name, value in rest_limits.headers(getattr(request, "allowance", None)).items():
        response[name] = value
    return response


def problem(request: HttpRequest, refusal: ApiError) -> HttpResponse:
    """A refusal as problem+json."""
    response = errors.problem_response(request, refusal)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="img apis"'
    return _finish(request, response)


@api.exception_handler(ApiError)
def _api_error(request: HttpRequest, refusal: ApiError) -> HttpResponse:
    return problem(request, refusal)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, apikeys.InvalidKey())


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body or query that does not fit its schema: the first fault, by name."""
    first_error = error.errors[0]
    name = ".".join(str(part) for part in first_error["loc"][1:] if part != "payload") or "body"
    return problem(request, ApiError(f"{name}: {first_error['msg']}.", code="invalid_field", status=422, param=name))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, ApiError("The body could not be read as JSON.", code="invalid_body", status=400))


@api.exception_handler(Exception)
def _server_error(request: TracedHttpRequest, error: Exception) -> HttpResponse:
    rest_limits.log.exception("rest_failed", extra={"request_id": request.request_id})
    return problem(request, ApiError("Something broke on our side.", code="internal_error", status=500))


api.add_router("", accounts_api.router)
api.add_router("", telemetry_api.router)
api.add_router("", billing_api.router)
api.add_router("", notifications_api.router)
api.add_router("", transforms_api.router)
