"""Members: which role changes which, leaving, and the owner a workspace always keeps."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import members as membership_rows
from accounts.teams import members, team_changes
from accounts.teams.roles import ROLES, NotPermitted
from imgapis.base.errors import ApiError
from tests.accounts import teams

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def team():
    """A workspace and its people by role."""
    return teams.whole_team()


def outcome(act, *args) -> str:
    """`done`, or the code of the refusal."""
    try:
        act(*args)
    except ApiError as refusal:
        return refusal.code
    return "done"


# role → whom it may change, and into what
REACH = {"owner": ROLES, "admin": ROLES[1:], "developer": (), "billing": (), "viewer": ()}


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("target", ROLES)
def test_a_role_is_changed_within_reach_alone(team, actor, target):
    """A10: nobody but an owner touches an owner, or makes one."""
    workspace, staff = team
    other = teams.new_person("other")
    teams.add(workspace, other, target)
    for role in ROLES:
        role_before = teams.place(workspace, other).role
        allowed = role_before in REACH[actor] and role in REACH[actor]
        result = outcome(members.change_role, teams.place(workspace, staff[actor]), other.person_id, role)
        assert result == ("done" if allowed else "not_permitted")
        assert teams.place(workspace, other).role == (role if allowed else role_before)
    owner_count, owner_rows = teams.owners(workspace)
    assert owner_count == owner_rows


@pytest.mark.parametrize("role", ROLES[1:])
def test_nobody_raises_themselves(team, role):
    """A10"""
    workspace, staff = team
    me = teams.place(workspace, staff[role])
    assert outcome(members.change_role, me, staff[role].person_id, "owner") == "not_permitted"
    assert teams.place(workspace, staff[role]).role == role


@pytest.mark.parametrize("text", ["", "Owner", "root", "owner ", "admin,owner"])
def test_what_is_no_role_is_refused_at_the_field(team, text):
    workspace, staff = team
    with pytest.raises(ApiError, match="A role is one of") as refusal:
        members.change_role(teams.place(workspace, staff["owner"]), staff["viewer"].person_id, text)
    assert (refusal.value.code, refusal.value.param) == ("invalid_role", "role")


@pytest.mark.parametrize("act", [members.remove, members.transfer])
def test_somebody_of_another_workspace_is_not_a_member(team, act):
    """A9"""
    workspace, staff = team
    other_workspace, other_staff = teams.whole_team()
    with pytest.raises(members.NoSuchMember) as refusal:
        act(teams.place(workspace, staff["owner"]), other_staff["viewer"].person_id)
    assert refusal.value.status == 404 and teams.place(other_workspace, other_staff["viewer"]).role == "viewer"


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("target", ROLES)
def test_a_member_is_removed_within_reach_alone(team, actor, target):
    workspace, staff = team
    other = teams.new_person("other")
    teams.add(workspace, other, target)
    allowed = target in REACH[actor]
    assert outcome(members.remove, teams.place(workspace, staff[actor]), other.person_id) == (
        "done" if allowed else "not_permitted"
    )
    assert (teams.place(workspace, other) is None) is allowed
    owner_count, owner_rows = teams.owners(workspace)
    assert owner_count == owner_rows


@pytest.mark.parametrize("act", ["leave", "remove", "demote"])
def test_the_last_owner_stays(team, act):
    """A10"""
    workspace, staff = team
    me, own_id = teams.place(workspace, staff["owner"]), staff["owner"].person_id
    acts = {
        "leave": lambda: members.leave(me),
        "remove": lambda: members.remove(me, own_id),
        "demote": lambda: members.change_role(me, own_id, "viewer"),
    }
    with pytest.raises(team_changes.LastOwner) as refusal:
        acts[act]()
    assert refusal.value.status == 409 and teams.owners(workspace) == (1, 1)


@pytest.mark.parametrize("role", ROLES[1:])
def test_everybody_else_leaves_at_once(team, role):
    """P20"""
    workspace, staff = team
    members.leave(teams.place(workspace, staff[role]))
    assert teams.place(workspace, staff[role]) is None


def test_of_two_owners_who_leave_at_once_one_stays():
    """A10"""
    for _ in range(8):
        owners = [teams.new_person("owner"), teams.new_person("owner")]
        workspace = teams.new_workspace(owners[0])
        teams.add(workspace, owners[1], "owner")
        owner_members = [teams.place(workspace, person) for person in owners]
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(lambda member: outcome(members.leave, member), owner_members))
        assert sorted(outcomes) in (["done", "last_owner"], ["done", "overtaken"])
        assert teams.owners(workspace) == (1, 1)


def test_two_owners_who_demote_each_other_at_once_leave_one():
    """A10"""
    for _ in range(8):
        owners = [teams.new_person("owner"), teams.new_person("owner")]
        workspace = teams.new_workspace(owners[0])
        teams.add(workspace, owners[1], "owner")
        jobs = [(teams.place(workspace, actor), target.person_id) for actor, target in (owners, owners[::-1])]
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(lambda job: outcome(members.change_role, job[0], job[1], "viewer"), jobs))
        assert outcomes.count("done") == 1 and teams.owners(workspace) == (1, 1)


def test_one_member_changed_by_two_at_once_has_one_of_the_two_roles_and_the_count_is_right(team):
    workspace, staff = team
    me, target = teams.place(workspace, staff["owner"]), staff["viewer"]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(
            threads.map(lambda role: outcome(members.change_role, me, target.person_id, role), ("owner", "admin"))
        )
    assert "done" in outcomes and teams.place(workspace, target).role in ("owner", "admin")
    owner_count, owner_rows = teams.owners(workspace)
    assert owner_count == owner_rows


def test_ownership_is_handed_over_at_once(team):
    workspace, staff = team
    members.transfer(teams.place(workspace, staff["owner"]), staff["developer"].person_id)
    assert teams.place(workspace, staff["developer"]).role == "owner"
    assert teams.place(workspace, staff["owner"]).role == "admin"
    assert teams.owners(workspace) == (1, 1)


@pytest.mark.parametrize("role", ROLES[1:])
def test_only_an_owner_hands_ownership_over(team, role):
    workspace, staff = team
    with pytest.raises(NotPermitted):
        members.transfer(teams.place(workspace, staff[role]), staff["viewer"].person_id)
    assert teams.owners(workspace) == (1, 1)


def test_ownership_is_not_handed_to_somebody_who_has_it(team):
    workspace, staff = team
    members.change_role(teams.place(workspace, staff["owner"]), staff["admin"].person_id, "owner")
    answer = outcome(members.transfer, teams.place(workspace, staff["owner"]), staff["admin"].person_id)
    assert answer == "already_owner" and teams.owners(workspace) == (2, 2)


def test_ownership_handed_to_two_at_once_reaches_one(team):
    workspace, staff = team
    me = teams.place(workspace, staff["owner"])
    target_ids = [staff["admin"].person_id, staff["viewer"].person_id]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda target_id: outcome(members.transfer, me, target_id), target_ids))
    assert outcomes.count("done") == 1 and teams.owners(workspace) == (1, 1)


def test_a_workspace_made_in_the_shell_has_no_member(workspace):
    assert membership_rows.of_workspace(workspace.workspace_id) == [] and teams.owners(workspace) == (0, 0)
