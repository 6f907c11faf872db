"""Requests by what has been proved about them: views and endpoints name the one that their decorator or key grants."""

from django.http import HttpRequest

from accounts.keys.apikeys import Caller
from accounts.models import Member, User, Workspace


class PersonHttpRequest(HttpRequest):
    """A request of somebody who is signed in: `accounts.decorators.login_required`."""

    user: User


class WorkspaceHttpRequest(PersonHttpRequest):
    """A request of a member of a workspace, with the permission that the page asks for:
    `accounts.decorators.workspace_page`."""

    workspace: Workspace
    member: Member


class ApiHttpRequest(HttpRequest):
    """A request of the REST API by a valid key: `imgapis.rest.KeyAuth`."""

    caller: Caller
