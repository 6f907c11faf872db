"""Requests as the middleware hands them on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]  # the next middleware, or the view


class TracedHttpRequest(HttpRequest):
    """A request with the id under which its response, its errors and the logs name it:
    `imgapis.server.middleware.HostMiddleware` gives one to every request."""

    request_id: str
