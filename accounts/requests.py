"""Requests by what has been proved about them: views and endpoints name the one that their decorator or key grants."""

from typing import TypeGuard, cast

from django.http import HttpRequest

from accounts.keys.apikeys import Caller
from accounts.models import Member, Staff, User, Workspace


class PersonHttpRequest(HttpRequest):
    """A request of somebody who is signed in: `accounts.decorators.login_required`."""

    user: User


class WorkspaceHttpRequest(PersonHttpRequest):
    """A request of a member of a workspace, with the permission that the page asks for:
    `accounts.decorators.workspace_page`."""

    workspace: Workspace
    member: Member


class StaffHttpRequest(PersonHttpRequest):
    """A request of a member of staff whose second factor stands in the session: what `imgapis.admin_site.StaffSite`
    lets through."""

    staff_member: Staff


class ApiHttpRequest(HttpRequest):
    """A request of the REST API by a valid key: `imgapis.rest.KeyAuth`."""

    method: str
    caller: Caller
    is_repetition: bool  # only of a POST that came before, under the same Idempotency-Key


def is_of_person(request: HttpRequest) -> TypeGuard[PersonHttpRequest]:
    """Whether somebody is signed in."""
    return request.user.is_authenticated


def is_of_workspace(request: HttpRequest) -> TypeGuard[WorkspaceHttpRequest]:
    """Whether a request is of a page of a workspace, by a member."""
    return hasattr(request, "member")


def set_workspace(request: PersonHttpRequest, workspace: Workspace, member: Member) -> WorkspaceHttpRequest:
    """Put a workspace and the member who asks on a request; returns it as what it is then."""
    workspace_request = cast(WorkspaceHttpRequest, request)  # Django makes the object, so no other type can say it
    workspace_request.workspace, workspace_request.member = workspace, member
    return workspace_request
