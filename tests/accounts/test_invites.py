"""Invites: to one address, for a week, used once by a POST of the person who proved that address (A11, A20)."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import audit
from accounts.models import Invite, workspaces
from accounts.sessions import throttles
from accounts.teams import invites, members, offers, team_changes
from accounts.teams.roles import ROLES, NotPermitted
from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests.accounts import teams
from tests.people import mails

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def world():
    """(workspace, its people by role, a guest invited as developer, the token in the mail)."""
    workspace, staff = teams.whole_team()
    guest = teams.new_person("guest")
    return workspace, staff, guest, teams.invited(workspace, staff["owner"], guest.email)


def joins(token: str, person) -> bool:
    """Whether the person joins by the token."""
    try:
        invites.accept(token, person)
    except invites.InvalidInvite:
        return False
    return True


def test_it_works(world):
    workspace, _, guest, token = world
    assert invites.preview(token, guest).role == "developer"
    assert invites.accept(token, guest) == workspace.namespace
    assert teams.place(workspace, guest).role == "developer"
    assert invites.pending(workspace.workspace_id) == []


def test_the_mail_names_the_workspace_and_links_to_the_site_of_the_settings(world, settings):
    """A14"""
    _, _, guest, token = world
    text = mails(guest.email)[-1].get_body().get_content()
    assert f"{settings.SITE_URL}/invites/{token}" in text and "Shoes & Co" in text and "as developer" in text


def test_only_a_digest_of_the_token_is_at_rest(world):
    """A11: at least 128 random bits, which are in the mail alone."""
    workspace, _, _, token = world
    secret = token.rsplit(".", 1)[1]
    (row,) = invites.pending(workspace.workspace_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", secret)  # 192 bits
    assert secret not in str(row.attribute_values) and row.token_digest not in token


def test_another_address_cannot_use_it(world):
    """A11: another address, forwarded."""
    workspace, _, guest, token = world
    thief = teams.new_person("thief")
    assert not joins(token, thief) and teams.place(workspace, thief) is None
    assert joins(token, guest)


def test_it_is_used_once(world):
    """A11: replay, also after the member has left."""
    workspace, _, guest, token = world
    assert joins(token, guest)
    members.leave(teams.place(workspace, guest))
    assert not joins(token, guest) and teams.place(workspace, guest) is None


def test_it_ends_after_a_week(world, monkeypatch):
    """A11: the row is swept later."""
    workspace, _, guest, token = world
    later = clock.now() + invites.LIFE_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert not joins(token, guest) and len(invites.pending(workspace.workspace_id)) == 1


def test_a_revoked_one_is_over(world):
    """A11"""
    workspace, staff, guest, token = world
    (row,) = invites.pending(workspace.workspace_id)
    invites.revoke(teams.place(workspace, staff["admin"]), row.invite_id)
    assert not joins(token, guest) and invites.pending(workspace.workspace_id) == []


def test_a_role_that_was_edited_meanwhile_is_not_given(world):
    """A11: the role of the offer is the role of the member, or nobody joins."""
    workspace, _, guest, _ = world
    invite = invites.pending(workspace.workspace_id)[0]
    Invite(workspace.workspace_id, invite.invite_id).update(actions=[Invite.role.set("owner")])
    assert not team_changes.join(invite, team_changes.team(workspace.workspace_id), guest.person_id)
    assert teams.place(workspace, guest) is None and teams.owners(workspace) == (1, 1)


@pytest.mark.parametrize("fate", ["leaves", "is removed", "is demoted"])
def test_it_ends_with_the_rights_of_whoever_sent_it(world, fate):
    """A11: the invites of a removed admin end too."""
    workspace, staff, _, _ = world
    guest = teams.new_person("guest")
    token = teams.invited(workspace, staff["admin"], guest.email, "admin")
    owner, admin = (teams.place(workspace, staff[role]) for role in ("owner", "admin"))
    fates = {
        "leaves": lambda: members.leave(admin),
        "is removed": lambda: members.remove(owner, admin.person_id),
        "is demoted": lambda: members.change_role(owner, admin.person_id, "viewer"),
    }
    fates[fate]()
    assert not joins(token, guest) and teams.place(workspace, guest) is None


def test_sending_again_ends_the_old_link_and_gives_another_week(world, monkeypatch):
    workspace, staff, guest, old_token = world
    (row,) = invites.pending(workspace.workspace_id)
    later = clock.now() + invites.LIFE_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    invites.resend(teams.place(workspace, staff["owner"]), row.invite_id)
    new_token = teams.newest_token(guest.email)
    assert new_token != old_token and not joins(old_token, guest) and joins(new_token, guest)


def test_sending_again_is_vouching_for_it():
    """A11: it depends on the rights of the member who sent it last."""
    workspace, staff = teams.whole_team()
    guest = teams.new_person("guest")
    teams.invited(workspace, staff["admin"], guest.email)
    (row,) = invites.pending(workspace.workspace_id)
    members.leave(teams.place(workspace, staff["admin"]))
    assert not joins(teams.newest_token(guest.email), guest)
    invites.resend(teams.place(workspace, staff["owner"]), row.invite_id)
    assert joins(teams.newest_token(guest.email), guest)


def test_two_accepts_at_once_are_one_membership():
    """A11"""
    workspace, staff = teams.whole_team()
    for role in ("viewer", "owner"):
        guest = teams.new_person("guest")
        token = teams.invited(workspace, staff["owner"], guest.email, role)
        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(lambda _, t=token, g=guest: joins(t, g), range(4))) == 1
        assert teams.place(workspace, guest).role == role
    assert teams.owners(workspace) == (2, 2)


def test_an_accept_and_a_revocation_at_once_leave_one_truth(world):
    workspace, staff, guest, token = world
    (row,) = invites.pending(workspace.workspace_id)
    owner = teams.place(workspace, staff["owner"])
    with ThreadPoolExecutor(2) as threads:
        accept_future = threads.submit(joins, token, guest)
        revoke_future = threads.submit(outcome, invites.revoke, owner, row.invite_id)
    acts = {entry.act for entry in audit.page(workspace.workspace_id).rows}
    assert accept_future.result() is (teams.place(workspace, guest) is not None)
    assert accept_future.result() is ("member.joined" in acts)
    assert (revoke_future.result() == "done") is ("invite.revoked" in acts) is not accept_future.result()


def outcome(act, *args) -> str:
    """`done`, or the code of the refusal."""
    try:
        act(*args)
    except ApiError as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize("template", ["", ".", "..", "a.b.c", "{0}x", "x{0}", "{1}.{2}.", "{1}..{3}", ".{2}.{3}"])
def test_what_is_no_token_is_over_like_any_other(world, template):
    _, _, guest, token = world
    assert not joins(template.format(token, *token.split(".")), guest)


def test_a_token_of_one_workspace_opens_no_other(world):
    """A9"""
    workspace, _, guest, token = world
    other_workspace, _ = teams.whole_team()
    assert not joins(token.replace(workspace.workspace_id, other_workspace.workspace_id), guest)


def test_an_invite_of_another_workspace_is_neither_revoked_nor_sent_again(world):
    """A9"""
    workspace, _, guest, token = world
    (row,) = invites.pending(workspace.workspace_id)
    other_workspace, other_staff = teams.whole_team()
    for act in (invites.revoke, invites.resend):
        assert outcome(act, teams.place(other_workspace, other_staff["owner"]), row.invite_id) == "invite_over"
    assert joins(token, guest)


@pytest.mark.parametrize("inviter", ROLES)
def test_nobody_invites_above_their_own_role(inviter):
    """A10"""
    workspace, staff = teams.whole_team()
    allowed_roles = {"owner": ROLES, "admin": ROLES[1:]}.get(inviter, ())
    for role in ROLES:
        result = outcome(invites.invite, teams.place(workspace, staff[inviter]), f"{role}@example.com", role)
        assert result == ("done" if role in allowed_roles else "not_permitted")


@pytest.mark.parametrize("act", [invites.resend, invites.revoke])
def test_only_who_manages_members_sends_again_or_revokes(world, act):
    workspace, staff, _, _ = world
    (row,) = invites.pending(workspace.workspace_id)
    with pytest.raises(NotPermitted):
        act(teams.place(workspace, staff["developer"]), row.invite_id)


def test_an_admin_does_not_send_an_owner_s_invite_again(world):
    """A10: the admin would read the new link as little as the old, but would vouch for a role above their own."""
    workspace, staff, _, _ = world
    guest = teams.new_person("guest")
    teams.invited(workspace, staff["owner"], guest.email, "owner")
    row = next(row for row in invites.pending(workspace.workspace_id) if row.email == guest.email)
    assert outcome(invites.resend, teams.place(workspace, staff["admin"]), row.invite_id) == "not_permitted"


@pytest.mark.parametrize("text", ["", "x", "a@b.com\nBcc: x@y.zz", "a b@example.com", "@example.com"])
def test_what_is_no_address_is_refused_at_the_field_and_mails_nothing(world, text):
    """A5"""
    workspace, staff, _, _ = world
    mail_count = len(mails())
    with pytest.raises(ApiError) as refusal:
        invites.invite(teams.place(workspace, staff["owner"]), text, "viewer")
    assert refusal.value.param == "email" and len(mails()) == mail_count


@pytest.fixture
def noon(monkeypatch) -> float:
    """The clock is stopped, so that no counter starts again in the middle of a test."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    return moment


def test_a_workspace_sends_fifty_invites_a_day(noon, monkeypatch):
    """A20: sending again counts too."""
    workspace, staff = teams.whole_team()
    owner = teams.place(workspace, staff["owner"])
    row = invites.invite(owner, f"first-{workspace.namespace}@example.com", "viewer")
    invites.resend(owner, row.invite_id)
    for number in range(invites.INVITES_PER_DAY - 2):
        invites.invite(owner, f"mass-{number}-{workspace.namespace}@example.com", "viewer")
    assert outcome(invites.invite, owner, "one-more@example.com", "viewer") == "too_many_invites"
    assert outcome(invites.resend, owner, row.invite_id) == "too_many_invites"
    admin = teams.place(workspace, staff["admin"])
    assert outcome(invites.invite, admin, "one-more@example.com", "viewer") == "too_many_invites"
    other_workspace, other_staff = teams.whole_team()
    assert (
        outcome(invites.invite, teams.place(other_workspace, other_staff["owner"]), "one-more@example.com", "viewer")
        == "done"
    )
    monkeypatch.setattr(clock, "now", lambda: noon + 86_400)
    assert outcome(invites.invite, owner, "one-more@example.com", "viewer") == "done"


def test_an_address_gets_five_mails_an_hour_and_one_a_day_of_each_inviter_beyond_them(noon):
    """A20"""
    guest = teams.new_person("bombed")
    for _ in range(throttles.MAILS_PER_ADDRESS + 1):
        workspace, staff = teams.whole_team()
        for _ in range(2):
            assert outcome(invites.invite, teams.place(workspace, staff["owner"]), guest.email, "viewer") == "done"
    assert len(mails(guest.email)) == throttles.MAILS_PER_ADDRESS + 4


def test_the_audit_log_has_the_role_and_not_the_address(world):
    workspace, _, guest, token = world
    joins(token, guest)
    entries = audit.page(workspace.workspace_id).rows
    assert {"invite.sent", "member.joined"} <= {entry.act for entry in entries}
    assert guest.email not in str([entry.attribute_values for entry in entries])


SPELLINGS = ("Bob{0}@Example.com", "bob{0}@EXAMPLE.com", " BOB{0}@example.com ", "ｂｏｂ{0}@example.com")


def test_an_address_that_is_invited_again_however_it_is_spelt_is_sent_the_same_invitation():
    """H11: it holds one seat."""
    workspace, staff = teams.whole_team()
    workspaces.change(workspace, limits={"seats": 6})
    owner = teams.place(workspace, staff["owner"])
    number = workspace.namespace
    rows = [invites.invite(owner, spelling.format(number), "viewer") for spelling in SPELLINGS]
    assert len({row.invite_id for row in rows}) == 1 and len(invites.pending(workspace.workspace_id)) == 1
    assert len(mails(f"bob{number}@example.com")) == len(SPELLINGS)
    assert {entry.act for entry in audit.page(workspace.workspace_id).rows} >= {"invite.sent", "invite.resent"}


def test_inviting_again_with_another_role_changes_the_role_of_the_open_invitation(world):
    """H11: the old link is over, and the new mail says the new role."""
    workspace, staff, guest, old_token = world
    row = invites.invite(teams.place(workspace, staff["admin"]), guest.email, "billing")
    assert row.sent > row.created and [row.role for row in invites.pending(workspace.workspace_id)] == ["billing"]
    assert "as billing" in mails(guest.email)[-1].get_body().get_content()
    (entry,) = [row for row in audit.page(workspace.workspace_id).rows if row.act == "invite.changed"]
    assert (entry.before, entry.after) == ({"role": "developer"}, {"role": "billing"})
    assert not joins(old_token, guest) and joins(teams.newest_token(guest.email), guest)
    assert teams.place(workspace, guest).role == "billing"


def test_only_an_owner_changes_the_open_invitation_of_an_owner_to_be():
    """H8"""
    workspace, staff = teams.whole_team()
    guest = teams.new_person("heir")
    invites.invite(teams.place(workspace, staff["owner"]), guest.email, "owner")
    with pytest.raises(NotPermitted):
        invites.invite(teams.place(workspace, staff["admin"]), guest.email, "viewer")
    assert [row.role for row in invites.pending(workspace.workspace_id)] == ["owner"]


def test_an_address_invited_by_six_at_once_holds_one_seat():
    """H10, H11"""
    workspace, staff = teams.whole_team()
    owner, guest = teams.place(workspace, staff["owner"]), teams.new_person("guest")
    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(lambda _: outcome(invites.invite, owner, guest.email, "viewer"), range(6)))
    assert set(outcomes) == {"done"} and len(invites.pending(workspace.workspace_id)) == 1


def test_several_open_invitations_of_before_to_one_address_become_one(world):
    """H11"""
    workspace, staff, guest, _ = world
    (row,) = invites.pending(workspace.workspace_id)
    for number in range(3):
        values = row.attribute_values | {"invite_id": f"{row.invite_id}-{number}"}
        Invite(**values).save()
    invites.invite(teams.place(workspace, staff["owner"]), guest.email, "viewer")
    assert len(invites.pending(workspace.workspace_id)) == 1
    assert joins(teams.newest_token(guest.email), guest)


@pytest.mark.parametrize("who", ["owner", "viewer"])
def test_a_member_is_not_invited_and_nor_is_oneself(who):
    """H11"""
    workspace, staff = teams.whole_team()
    with pytest.raises(invites.AlreadyMember) as refusal:
        invites.invite(teams.place(workspace, staff["owner"]), staff[who].email.upper(), "viewer")
    assert (refusal.value.status, refusal.value.param) == (409, "email")
    assert invites.pending(workspace.workspace_id) == [] and mails(staff[who].email) == []


def test_an_account_elsewhere_is_invited_like_an_address_without_one(world):
    """A4, H11: who is not a member of this workspace is nobody here."""
    workspace, staff, _, _ = world
    _, others = teams.whole_team()
    for email in (others["owner"].email, "nobody@example.com"):
        assert outcome(invites.invite, teams.place(workspace, staff["owner"]), email, "viewer") == "done"


def test_an_invitation_of_somebody_who_is_a_member_by_now_ends_when_it_is_opened(world):
    """H11: as after a change of address; the role stays, and the seat is free."""
    workspace, _, guest, token = world
    teams.add(workspace, guest, "viewer")
    assert invites.preview(token, guest).member_role == "viewer"
    assert offers.page(guest).rows == [], "nobody is offered what they have"
    assert len(invites.pending(workspace.workspace_id)) == 1
    assert invites.accept(token, guest) == workspace.namespace
    assert teams.place(workspace, guest).role == "viewer" and invites.pending(workspace.workspace_id) == []
    entry = audit.newest(workspace.workspace_id, 1)[0]
    assert (entry.act, entry.actor) == ("invite.revoked", guest.person_id)
