"""A refusal that a page view raises becomes an error page, with its status and its sentence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from imgapis.base.errors import ApiError
from imgapis.base.requests import GetResponse, TracedHttpRequest


class ApiErrorMiddleware:
    """Innermost: renders the refusals of every page view."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_exception(self, request: TracedHttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of a refusal; every other exception is our own fault and goes on."""
        if not isinstance(exception, ApiError):
            return None
        context = {"status": exception.status, "sentence": exception.message, "request_id": request.request_id}
        response = render(request, "site/sorry.html", context, status=exception.status)
        response["Cache-Control"] = "no-store"
        return response
