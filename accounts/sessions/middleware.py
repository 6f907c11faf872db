"""The paths with a session: stock Django's session, CSRF, user and messages run on these alone (P16, K8)."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin

from accounts.sessions.sessions import SessionStore

PREFIXES = ("/login", "/signup", "/logout", "/account", "/invites/", "/workspaces", "/w/", "/admin")


def is_private(request: HttpRequest) -> bool:
    """Whether a request is for a page with a session. Image hosts have none, whatever the path (A15)."""
    return not hasattr(request, "tenant") and request.path_info.startswith(PREFIXES)


class PrivatePathsOnly(MiddlewareMixin):
    """A stock middleware that steps aside on public paths, so that these neither read nor set a cookie."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Run the stock middleware, or pass by."""
        return super().__call__(request) if is_private(request) else self.get_response(request)


class PrivateSession(PrivatePathsOnly, SessionMiddleware):
    """Sessions on private pages; nothing with a session is ever cached (K8)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Forbid every cache, then save the session."""
        response["Cache-Control"] = "no-store"
        assert isinstance(request.session, SessionStore)  # SESSION_ENGINE
        request.session.mark_used()
        return super().process_response(request, response)


class PrivateCsrf(PrivatePathsOnly, CsrfViewMiddleware):
    """The token lives in the session, so that there is no second cookie."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        """Check the token, or pass by: Django calls this hook beside the middleware itself."""
        return super().process_view(request, callback, callback_args, callback_kwargs) if is_private(request) else None


class PrivateUser(PrivatePathsOnly, AuthenticationMiddleware):
    """`request.user` on private pages."""


class PrivateMessages(PrivatePathsOnly, MessageMiddleware):
    """Flash messages on private pages, kept in the session."""
