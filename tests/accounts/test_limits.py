"""The limits of a plan where rows are created: seats and workspaces, refused with a message that says what to do."""

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.teams import invites
from accounts.workspaces import entitlements, ownership, workspaces
from imgapis.base import clock
from tests.accounts import teams
from tests.people import fresh_address

pytestmark = pytest.mark.usefixtures("dynamodb")


def test_a_workspace_has_the_starting_limits_until_billing_writes_others():
    workspace, _ = teams.whole_team()
    workspace_rows.change(workspace, limits=None)
    assert entitlements.of(workspace_rows.find(workspace.workspace_id)) == entitlements.STARTING
    workspace_rows.change(workspace, limits={"seats": 7, "long_gone": 1})
    assert entitlements.of_id(workspace.workspace_id).seats == 7
    assert entitlements.of_id(workspace.workspace_id).domains == entitlements.STARTING.domains


def test_members_and_open_invitations_hold_a_seat_each(monkeypatch):
    workspace, staff = teams.whole_team()
    owner = teams.place(workspace, staff["owner"])
    workspace_rows.change(workspace, limits={"seats": 6})
    row = invites.invite(owner, fresh_address("sixth"), "viewer")
    with pytest.raises(invites.TooManySeats) as refusal:
        invites.invite(owner, fresh_address("seventh"), "viewer")
    assert refusal.value.status == 409 and "6 seats" in refusal.value.message
    invites.resend(owner, row.invite_id)
    invites.revoke(owner, row.invite_id)
    late_invite = invites.invite(owner, fresh_address("sixth"), "viewer")
    moment = clock.now() + invites.LIFE_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: moment)
    invites.invite(owner, fresh_address("seventh"), "viewer")  # an invitation that is over holds none
    with pytest.raises(invites.TooManySeats):
        invites.resend(owner, late_invite.invite_id)


def test_nobody_joins_past_a_plan_that_became_smaller():
    workspace, staff = teams.whole_team()
    guest = teams.new_person("guest")
    token = teams.invited(workspace, staff["owner"], guest.email)
    workspace_rows.change(workspace, limits={"seats": 5})
    with pytest.raises(invites.TooManySeats):
        invites.accept(token, guest)
    workspace_rows.change(workspace, limits={"seats": 6})
    assert invites.accept(token, guest) == workspace.namespace


def test_a_person_owns_as_many_workspaces_as_the_best_of_their_plans_allows():
    person = teams.new_person("founder")

    def create_workspace():
        namespace = fresh_address("found").partition("@")[0]
        return workspaces.create(person.person_id, namespace=namespace, business_name="B")

    rows = [create_workspace() for _ in range(entitlements.STARTING.workspaces)]
    with pytest.raises(ownership.TooManyWorkspaces):
        create_workspace()
    workspace_rows.change(rows[0], limits={"workspaces": entitlements.STARTING.workspaces + 1})
    assert create_workspace()
    with pytest.raises(ownership.TooManyWorkspaces):
        create_workspace()
