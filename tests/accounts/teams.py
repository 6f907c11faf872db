"""Workspaces and their members in every role, made as rows without the pages."""

import itertools
import os

from accounts.models import Member, Person, Workspace
from accounts.models import members as membership_rows
from accounts.models import workspaces as workspace_rows
from accounts.people import people
from accounts.teams import invites, team_changes
from accounts.teams.roles import ROLES
from accounts.workspaces import workspaces
from tests.people import mails

_numbers = itertools.count(1)


def new_person(who: str) -> Person:
    """A person with an account."""
    return people.create(f"{who}-{next(_numbers)}-{os.getpid()}-t@example.com")


def new_workspace(owner: Person) -> Workspace:
    """A workspace of the owner's, limited to 100 seats and workspaces."""
    namespace = f"team-{next(_numbers)}-{os.getpid()}"
    row = workspaces.create(owner.person_id, namespace=namespace, business_name="Shoes & Co")
    workspace_rows.change(row, limits={"seats": 100, "workspaces": 100})
    return row


def add(workspace: Workspace, person: Person, role: str) -> Member:
    """Make a person a member; an owner by a change of role, which keeps the count of owners."""
    initial_role = "admin" if role == "owner" else role
    row = Member(workspace.workspace_id, person.person_id, role=initial_role, joined=1)
    row.save(condition=Member.is_absent())
    if role == "owner":
        team_changes.change_role(row, "owner")
    return place(workspace, person)


def place(workspace: Workspace, person: Person) -> Member | None:
    """The person's current membership of a workspace; None for a person who is not a member."""
    return membership_rows.find(workspace.workspace_id, person.person_id)


def whole_team() -> tuple[Workspace, dict[str, Person]]:
    """A workspace and its people by role."""
    staff = {role: new_person(role) for role in ROLES}
    workspace = new_workspace(staff["owner"])
    for role in ROLES[1:]:
        add(workspace, staff[role], role)
    return workspace, staff


def owners(workspace: Workspace) -> tuple[int, int]:
    """How many owners the workspace counts, and how many it has: always the same."""
    members = membership_rows.of_workspace(workspace.workspace_id)
    return int(workspace_rows.find(workspace.workspace_id).owners), sum(row.role == "owner" for row in members)


def invited(workspace: Workspace, inviter: Person, email: str, role: str = "developer") -> str:
    """Invite an address; returns the token in the mail."""
    invites.invite(place(workspace, inviter), email, role)
    return newest_token(email)


def newest_token(email: str) -> str:
    """The token of the link in the newest mail to an address."""
    text = mails(email)[-1].get_body().get_content()
    return text.partition("/invites/")[2].split()[0]
