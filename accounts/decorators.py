"""Access to pages: a signed-in person, a member with a permission, somebody who has just proved their address again."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import requests
from accounts.models import members, workspaces
from accounts.requests import PersonHttpRequest, WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base import clock

FRESH_SECONDS = 600
LONGEST_NEXT = 1_000  # characters: until a code is asked for it lies in the cookie
P = ParamSpec("P")
SomeRequest = TypeVar("SomeRequest", bound=HttpRequest)
PlainView = TypeVar("PlainView", bound=Callable[..., HttpResponseBase])
View = Callable[Concatenate[SomeRequest, P], HttpResponseBase]
PublicView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def safe_next(url: str | None, default: str) -> str:
    """A path of our own to go on to; `default` for anything that could lead elsewhere (A13), or is longer than any
    page's path."""
    if not url or len(quote(url)) > LONGEST_NEXT:
        return default
    is_local = url.startswith("/") and url.isprintable() and "\\" not in url and not url.startswith("//")
    return url if is_local and url_has_allowed_host_and_scheme(url, None, require_https=True) else default


def _marked(view: PlainView, name: str, *, value: str | bool) -> PlainView:
    """A view with an attribute that says how it is guarded, for the tests that go through all views."""
    setattr(view, name, value)
    return view


def login_required(view: View[PersonHttpRequest, P]) -> PublicView[P]:
    """Only for a signed-in person; anybody else signs in first and comes back."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not requests.is_of_person(request):
            return redirect(f"{reverse('login')}?next={quote(request.path)}")
        return view(request, *args, **kwargs)

    return _marked(wrapper, "signed_in", value=True)


def workspace_page(
    permission: str,
) -> Callable[[View[WorkspaceHttpRequest, P]], PublicView[Concatenate[str, P]]]:
    """Only for a member whose role has the permission. A stranger gets the answer of a workspace that does not exist:
    404 (A9).

    The view's first argument is the request with `workspace` and `member` on it; the namespace is not passed on.
    """

    def decorator(view: View[WorkspaceHttpRequest, P]) -> PublicView[Concatenate[str, P]]:
        @login_required
        @wraps(view)
        def wrapper(request: PersonHttpRequest, namespace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            workspace = workspaces.of_namespace(namespace)
            if workspace is None:
                raise Http404
            member = members.find(workspace.workspace_id, request.user.person_id)
            if member is None:
                raise Http404
            if namespace != workspace.namespace and request.method == "GET":
                return redirect(request.path.replace(f"/w/{namespace}/", f"/w/{workspace.namespace}/", 1))
            workspace_request = requests.set_workspace(request, workspace, member)
            roles.require(member.role, permission)
            return view(workspace_request, *args, **kwargs)

        return _marked(wrapper, "permission", value=permission)

    return decorator


def is_fresh(request: HttpRequest) -> bool:
    """Whether this session proved its address again within the last ten minutes."""
    return request.session.get("fresh_until", 0) > clock.now()


def fresh_code(view: View[SomeRequest, P]) -> View[SomeRequest, P]:
    """Only after a fresh code by mail: for acts that cannot be undone, or that give access."""

    @wraps(view)
    def wrapper(request: SomeRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_fresh(request):
            return redirect(f"{reverse('confirm')}?next={quote(request.path)}")
        return view(request, *args, **kwargs)

    return _marked(wrapper, "fresh_code", value=True)
