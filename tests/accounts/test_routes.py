"""Every page of a workspace, from the URLconf: role by role, and with objects of another workspace (A9, A10).

A new route makes this file fail until it is listed here with the permissions it asks for.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.urls import URLPattern, get_resolver

from accounts.keys import apikeys
from accounts.models import Workspace, members, workspaces
from accounts.people import people
from accounts.teams import invites, roles
from accounts.teams.roles import ROLES
from imgapis.base import clock
from telemetry import events
from tests.accounts import teams
from tests.people import Browser, Page, fresh_address, sign_in
from tests.telemetry.made_events import some
from tests.transforms.domain_world import fresh_domain
from transforms.access import fallbacks, presets
from transforms.domains import custom_domains
from transforms.models import domains, sources
from transforms.sources import named_sources

# name of the route → (the permission to see it, the permission to change by it); None where it has no such method
ROUTES = {
    "workspace": ("workspace.view", None),
    "workspace-playground": ("workspace.view", None),
    "samples-add": (None, "sources.edit"),
    "settings": ("workspace.edit", "workspace.edit"),
    "team": ("workspace.view", "members.manage"),
    "team-leave": (None, "workspace.view"),
    "team-transfer": ("workspace.own", "workspace.own"),
    "member-role": (None, "members.manage"),
    "member-remove": (None, "members.manage"),
    "invite-resend": (None, "members.manage"),
    "invite-revoke": (None, "members.manage"),
    "audit": ("audit.view", None),
    "keys": ("keys.manage", "keys.manage"),
    "key-revoke": (None, "keys.manage"),
    "usage": ("workspace.view", None),
    "usage-csv": ("workspace.view", None),
    "usage-json": ("workspace.view", None),
    "receipt": ("workspace.view", None),
    "billing": ("billing.manage", None),
    "billing-cap-day": (None, "billing.manage"),
    "billing-cap-period": (None, "billing.manage"),
    "billing-overage": (None, "billing.manage"),
    "billing-plan": (None, "billing.manage"),
    "billing-cancel": (None, "billing.manage"),
    "billing-resume": (None, "billing.manage"),
    "billing-portal": (None, "billing.manage"),
    "billing-return": ("billing.manage", None),
    "billing-invoices": ("billing.manage", None),
    "notices": ("billing.manage", None),
    "notices-choose": (None, "billing.manage"),
    "notices-hook": (None, "billing.manage"),
    "notices-hook-remove": (None, "billing.manage"),
    "notices-hook-test": (None, "billing.manage"),
    "sources": ("workspace.view", None),
    "source-new": ("sources.edit", "sources.edit"),
    "source": ("sources.edit", "sources.edit"),
    "source-delete": ("sources.edit", "sources.edit"),
    "source-doctor": ("sources.edit", "sources.edit"),
    "access": ("workspace.view", "access.edit"),
    "signing": ("access.edit", "access.edit"),
    "presets": ("workspace.view", "access.edit"),
    "presets-only": (None, "access.edit"),
    "preset-delete": (None, "access.edit"),
    "fallbacks": ("workspace.view", "access.edit"),
    "fallback-defaults": (None, "access.edit"),
    "fallback-delete": (None, "access.edit"),
    "purge": ("cache.purge", "cache.purge"),
    "engine": (None, "access.edit"),
    "engine-comparison": ("workspace.view", "workspace.view"),
    "domains": ("workspace.view", "domains.edit"),
    "domain": ("workspace.view", None),
    "domain-check": (None, "domains.edit"),
    "domain-remove": ("domains.edit", "domains.edit"),
    "data": ("workspace.own", None),
    "data-export": ("workspace.own", None),
    "data-export-mail": ("workspace.own", "workspace.own"),
    "data-erase": ("workspace.own", "workspace.own"),
    "data-keep": (None, "workspace.own"),
}
# parameter of a route → a function that creates such an object in a workspace and returns its id
THINGS = {
    "person_id": lambda workspace, owner: new_member_id(workspace),
    "invite_id": lambda workspace, owner: invites.invite(owner, fresh_address("guest"), "viewer").invite_id,
    "prefix": lambda workspace, owner: (
        apikeys.create(workspace.workspace_id, owner.person_id, "owner", name="k", scopes=["workspace.view"])[1].prefix
    ),
    "source": lambda workspace, owner: source_of(workspace),
    "preset": lambda workspace, owner: preset_of(workspace),
    "fallback": lambda workspace, owner: fallback_of(workspace),
    "event_id": lambda workspace, owner: event_of(workspace),
    "domain": lambda workspace, owner: (
        custom_domains.add(workspace.workspace_id, fresh_domain(), owner.person_id).domain
    ),
}


def routes(patterns=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route below /w/, with its whole pattern."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            if path.startswith("w/"):
                yield path, entry
        else:
            yield from routes(entry.url_patterns, path)


URL_PATTERNS = {entry.name or path: entry for path, entry in routes()}
ROUTE_NAMES = [name for name in URL_PATTERNS if name in ROUTES]
PARAMETER_ROUTES = [name for name in ROUTE_NAMES if len(URL_PATTERNS[name].pattern.converters) > 1]


def new_member_id(workspace: Workspace) -> str:
    """The id of a new viewer of a workspace."""
    person = teams.new_person("viewer")
    teams.add(workspace, person, "viewer")
    return person.person_id


def preset_of(workspace: Workspace) -> str:
    """The name of a new preset, which no other workspace has."""
    return presets.save(workspace.workspace_id, "system", f"card-{workspace.namespace}", "w=9").name


def fallback_of(workspace: Workspace) -> str:
    """The name of a new fallback, which no other workspace has."""
    workspace_id, name = workspace.workspace_id, f"none-{workspace.namespace}"
    named_sources.create(workspace_id, name=name, kind="http", prefix="https://shop.example/")
    return fallbacks.save(workspace_id, "system", name, f"{name}/none.png").name


def event_of(workspace: Workspace) -> str:
    """The id of an image request of the workspace."""
    (event,) = some(workspace.workspace_id, 1, clock.now() - 60, clock.now(), seed=random.randrange(10**9))
    events.write([event])
    return event.event_id


def source_of(workspace: Workspace) -> str:
    """The name of a new source, which no other workspace has."""
    name = workspace.namespace[:60]
    return named_sources.create(workspace.workspace_id, name=name, kind="http", prefix="https://shop.example/").name


@dataclass(frozen=True)
class Place:
    """A workspace and one object for every parameter of its routes; `things` has its id by parameter."""

    workspace: Workspace
    things: dict[str, str]

    def path(self, name: str, foreign: "Place | None" = None) -> str:
        """The path of a route in this workspace, with the ids of its own objects or of a foreign workspace's."""
        path = "/" + next(path for path, entry in routes() if (entry.name or path) == name)
        things = {"namespace": self.workspace.namespace, **(foreign or self).things}
        for parameter, converter in URL_PATTERNS[name].pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            placeholder = f"<{'' if kind == 'string' else kind + ':'}{parameter}>"
            path = path.replace(placeholder, things[parameter]).replace(f"<str:{parameter}>", things[parameter])
        return path

    def state(self) -> list[str]:
        """The values of all its rows, to compare before and after."""
        workspace_id = self.workspace.workspace_id
        rows = [workspaces.find(workspace_id), *members.of_workspace(workspace_id), *invites.pending(workspace_id)]
        rows += [*sources.of_workspace(workspace_id), *domains.of_workspace(workspace_id)]
        return [str(row.attribute_values) for row in [*rows, *apikeys.of_workspace(workspace_id)]]


@pytest.fixture(scope="module")
def visitors(web) -> dict[str, Browser]:
    """Browsers by name: one signed in for each role, the stranger's, and `nobody`'s, which is not signed in."""
    browsers = {"nobody": Browser()}
    for who in (*ROLES, "stranger"):
        browser = browsers[who] = Browser()
        browser.address = fresh_address(f"routes-{who}")
        sign_in(browser, browser.address)
        assert browser.get("/account").status == 200
    return browsers


def full_place(owner_address: str) -> Place:
    """A new workspace of the owner's with one object of every kind."""
    owner = people.of_email(owner_address)
    workspace = teams.new_workspace(owner)
    member = teams.place(workspace, owner)
    return Place(workspace, {name: make(workspace, member) for name, make in THINGS.items()})


@pytest.fixture(scope="module")
def home(visitors) -> Place:
    """The team's workspace."""
    place = full_place(visitors["owner"].address)
    for role in ROLES[1:]:
        teams.add(place.workspace, people.of_email(visitors[role].address), role)
    return place


@pytest.fixture(scope="module")
def abroad(visitors) -> Place:
    """The stranger's workspace."""
    return full_place(visitors["stranger"].address)


def send(visitor: Browser, method: str, path: str) -> Page:
    """A request with a good form token, so that 403 is never about the token."""
    return visitor.get(path) if method == "GET" else visitor.post(path)


def test_every_route_is_listed_with_its_permissions():
    assert set(URL_PATTERNS) == set(ROUTES), "list the new route in ROUTES, with what it asks for"


@pytest.mark.parametrize("name", URL_PATTERNS)
def test_a_route_without_a_permission_is_a_door_without_a_lock(name):
    permission = getattr(URL_PATTERNS[name].callback, "permission", None)
    assert permission in roles.PERMISSIONS, f"{name} is not decorated with workspace_page"
    assert permission in ROUTES[name]


@pytest.mark.parametrize("name", PARAMETER_ROUTES)
def test_every_parameter_is_a_thing_we_know_how_to_make(name):
    assert set(URL_PATTERNS[name].pattern.converters) - {"namespace"} <= set(THINGS), "list the new parameter in THINGS"


@pytest.mark.parametrize("name", ROUTE_NAMES)
def test_a_stranger_finds_nothing(name, visitors, home):
    """A9"""
    state_before = home.state()
    for method, permission in zip(("GET", "POST"), ROUTES[name], strict=True):
        page = send(visitors["stranger"], method, home.path(name))
        assert page.status == (404 if permission else 405)
        assert "/w/" not in page.text and home.workspace.namespace not in page.text
    assert home.state() == state_before


@pytest.mark.parametrize("name", ROUTE_NAMES)
def test_nobody_is_asked_to_sign_in_and_told_nothing(name, visitors, home):
    see, change = ROUTES[name]
    path = home.path(name)
    absent_path = path.replace(home.workspace.namespace, "there-is-none")
    pages = [send(visitors["nobody"], "GET", address) for address in (path, absent_path)]
    assert {page.status for page in pages} == {302 if see else 405}
    if see:
        assert pages[0].location.startswith("/login?next=")
    if change:
        assert send(visitors["nobody"], "POST", path).status == 403  # no form token without a session


@pytest.mark.parametrize("name", ROUTE_NAMES)
def test_a_role_without_the_permission_is_refused_and_told_so(name, visitors, home):
    """A10"""
    state_before = home.state()
    for method, permission in zip(("GET", "POST"), ROUTES[name], strict=True):
        for role in ROLES:
            if permission is None:
                assert send(visitors[role], method, home.path(name)).status == 405
            elif not roles.allows(role, permission):
                page = send(visitors[role], method, home.path(name))
                assert page.status == 403 and f"Your role, {role}, does not allow you" in page.text
    assert home.state() == state_before


@pytest.mark.parametrize("name", [name for name in ROUTE_NAMES if name not in PARAMETER_ROUTES and ROUTES[name][0]])
def test_a_role_with_the_permission_sees_the_page(name, visitors, home):
    for role in ROLES:
        if roles.allows(role, ROUTES[name][0]):
            assert send(visitors[role], "GET", home.path(name)).status == 200


@pytest.mark.parametrize("name", PARAMETER_ROUTES)
def test_what_belongs_to_another_workspace_is_not_there(name, visitors, home, abroad):
    """A9: a foreign id below one's own namespace, and a foreign namespace, are both 404."""
    state_before = abroad.state()
    for method, permission in zip(("GET", "POST"), ROUTES[name], strict=True):
        for role in ROLES if permission else ():
            if roles.allows(role, permission):
                assert send(visitors[role], method, home.path(name, abroad)).status == 404
                assert send(visitors[role], method, abroad.path(name)).status == 404
    assert abroad.state() == state_before


@pytest.mark.parametrize("role", ROLES)
def test_links_lead_only_where_the_role_may_go(role, visitors, home):
    page = visitors[role].get(home.path("workspace"))
    sidebar = page.text.partition('aria-label="Workspace"')[2].partition("</nav>")[0]
    links = [part.partition('"')[0] for part in sidebar.split('href="')[1:]]
    linked_names = {name for name in ROUTE_NAMES if name not in PARAMETER_ROUTES and home.path(name) in links}
    assert {"workspace", "team"} <= linked_names
    assert all(roles.allows(role, ROUTES[name][0]) for name in linked_names)
    assert all(visitors[role].get(link).status == 200 for link in links)


@pytest.mark.parametrize(
    "fields",
    [{"role": "owner"}, {"role": "owner", "person_id": "x"}, {"workspace_id": "ws_x", "owners": "9", "allowance": "9"}],
)
def test_what_a_form_does_not_ask_for_changes_nothing(fields, visitors, home):
    """A10: mass assignment."""
    row_before = workspaces.find(home.workspace.workspace_id)
    required_fields = {"business_name": "Shoes & Co", "namespace": home.workspace.namespace}
    assert visitors["admin"].submit(home.path("settings"), required_fields | fields).status == 302
    row_after = workspaces.find(home.workspace.workspace_id)
    assert row_after.attribute_values == row_before.attribute_values
    assert teams.place(home.workspace, people.of_email(visitors["admin"].address)).role == "admin"
