"""A workspace with one person of every role, and a stranger with a workspace of their own: rows alone, no pages."""

import itertools
import os

from accounts import invites, people, store, team_store, workspaces
from accounts.models import Person, Workspace
from accounts.roles import ROLES
from accounts.rows.teams import Member
from tests.people import mails

_numbers = itertools.count(1)


def new_person(who: str) -> Person:
    """Somebody with an account."""
    return people.create(f"{who}-{next(_numbers)}-{os.getpid()}-t@example.com")


def new_workspace(owner: Person) -> Workspace:
    """A workspace that belongs to somebody."""
    namespace = f"team-{next(_numbers)}-{os.getpid()}"
    row = workspaces.found(owner.person_id, namespace=namespace, business_name="Shoes & Co")
    store.change_workspace(row, limits={"seats": 100, "workspaces": 100})
    return row


def add(workspace: Workspace, person: Person, role: str) -> Member:
    """Make somebody a member; an owner only by a change of role, which counts owners."""
    first = "admin" if role == "owner" else role
    row = Member(workspace.workspace_id, person.person_id, role=first, joined=1)
    row.save(condition=Member.person_id.does_not_exist())
    if role == "owner":
        team_store.change_role(row, "owner")
    return place(workspace, person)


def place(workspace: Workspace, person: Person) -> Member | None:
    """Somebody's place in a workspace, as it is now."""
    return team_store.member(workspace.workspace_id, person.person_id)


def whole_team() -> tuple[Workspace, dict[str, Person]]:
    """A workspace and its people by role."""
    staff = {role: new_person(role) for role in ROLES}
    workspace = new_workspace(staff["owner"])
    for role in ROLES[1:]:
        add(workspace, staff[role], role)
    return workspace, staff


def owners(workspace: Workspace) -> tuple[int, int]:
    """How many owners the workspace counts, and how many it has: always the same."""
    rows = team_store.members(workspace.workspace_id)
    return int(store.workspace(workspace.workspace_id).owners), sum(row.role == "owner" for row in rows)


def invited(workspace: Workspace, by: Person, email: str, role: str = "developer") -> str:
    """Invite an address; the token of the mail."""
    invites.invite(place(workspace, by), email, role)
    return newest_token(email)


def newest_token(email: str) -> str:
    """The token of the link in the newest mail to an address."""
    text = mails(email)[-1].get_body().get_content()
    return text.partition("/invites/")[2].split()[0]
