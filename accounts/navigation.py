"""The links of a workspace's pages: those the member's role may open, the current one marked."""

from functools import partial

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts import requests
from accounts.models import Workspace
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from accounts.workspaces import workspaces

# (name of the URL, text of the link, the permission its page requires); pages of other apps are known by name alone
LINKS = (
    ("workspace", "Overview", "workspace.view"),
    ("workspace-playground", "Playground", "workspace.view"),
    ("usage", "Usage", "workspace.view"),
    ("billing", "Billing", "billing.manage"),
    ("sources", "Sources", "workspace.view"),
    ("access", "Access", "workspace.view"),
    ("signing", "Signing", "access.edit"),
    ("presets", "Presets", "workspace.view"),
    ("fallbacks", "Fallbacks", "workspace.view"),
    ("domains", "Domains", "workspace.view"),
    ("purge", "Purge", "cache.purge"),
    ("team", "Team", "workspace.view"),
    ("keys", "API keys", "keys.manage"),
    ("audit", "Audit log", "audit.view"),
    ("settings", "Settings", "workspace.edit"),
    ("data", "Data", "workspace.own"),
)


def navigation(request: HttpRequest) -> dict:
    """The context processor: `navigation` on pages of a workspace."""
    if not requests.is_of_workspace(request):
        return {}
    member = request.member
    links = [_link(request, *link) for link in LINKS if roles.allows(member.role, link[2])]
    other_workspaces = partial(_others, request)  # evaluated only where the template uses it
    return {"navigation": [link for link in links if link], "role": member.role, "other_workspaces": other_workspaces}


def _others(request: WorkspaceHttpRequest) -> list[Workspace]:
    """The person's other workspaces, for the switcher."""
    current_id = request.workspace.workspace_id
    return [row for row, _ in workspaces.of_person(request.user.person_id) if row.workspace_id != current_id]


def _link(request: WorkspaceHttpRequest, name: str, title: str, permission: str) -> dict | None:
    try:
        url = reverse(name, args=[request.workspace.namespace])
    except NoReverseMatch:
        return None
    is_current = request.path == url or (name != "workspace" and request.path.startswith(url.rstrip("/") + "/"))
    return {"url": url, "name": title, "here": is_current}
