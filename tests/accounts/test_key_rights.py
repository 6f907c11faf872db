"""H8: a key gives no role and no scope beyond its own, is owner of nothing, and takes what it made with it."""

import pytest

from accounts import audit
from accounts.keys import apikeys
from accounts.models import ApiKey, Member, workspaces
from accounts.models import keys as key_rows
from accounts.models import members as membership_rows
from accounts.teams import invites, members, roles, team_changes
from billing.charging import cap_settings
from billing.notifications import outgoing_webhooks
from imgapis.base import clock
from tests.accounts import teams
from tests.accounts.test_rest import ALL, Client
from tests.billing.test_alerts import send_due
from tests.people import fresh_address
from transforms.access import signing_keys
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("web")
DAY = clock.DAY


@pytest.fixture
def owner(dynamodb):
    """The client of an owner's key with every scope of the team."""
    return Client(scopes=[*ALL, "billing.manage"])


def key_of(owner: Client, scopes: list[str]) -> Client:
    """A client with another key of the same owner."""
    client = object.__new__(Client)
    client.person_id, client.workspace = owner.person_id, owner.workspace
    client.key, client.row = apikeys.create(
        owner.workspace.workspace_id, owner.person_id, "owner", name="narrow", scopes=scopes, days=30
    )
    return client


def acts_of(client: Client, act: str) -> list:
    """The entries of an act in the workspace's log, newest first."""
    return [entry for entry in audit.page(client.workspace.workspace_id).rows if entry.act == act]


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_key_with_one_scope_lets_nobody_in(owner, role):
    """H8: an owner's key with `members.manage` alone made an outsider an owner, who then read billing and audit."""
    narrow = key_of(owner, ["members.manage"])
    reply, problem = narrow.ask("POST", "/invites", {"email": fresh_address("outsider"), "role": role})
    assert (reply.status, problem["code"], problem["param"]) == (403, "out_of_scope", "role")
    assert invites.pending(owner.workspace.workspace_id) == []


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_key_gives_the_roles_whose_every_permission_it_has(owner, role):
    scopes = [name for name in roles.PERMISSIONS if roles.allows(role, name)]
    whole = key_of(owner, [*{*scopes, "members.manage"}])
    reply, _ = whole.ask("POST", "/invites", {"email": fresh_address("mate"), "role": role})
    assert reply.status == (403 if role == "owner" else 201)
    if role not in ("owner", "admin"):
        lacking = key_of(owner, [*{*scopes[1:], "members.manage"}])
        assert lacking.ask("POST", "/invites", {"email": fresh_address("mate"), "role": role})[0].status == 403


@pytest.mark.parametrize("role", ["owner", "admin", "developer", "billing"])
def test_a_key_raises_no_member_beyond_its_scopes(owner, role):
    narrow = key_of(owner, ["members.manage", "workspace.view"])
    mate = Client("viewer", ["workspace.view"], owner.workspace)
    reply, problem = narrow.ask("PUT", f"/members/{mate.person_id}", {"role": role})
    assert (reply.status, problem["code"]) == (403, "out_of_scope")
    assert members.role_of(owner.workspace.workspace_id, mate.person_id) == "viewer"


@pytest.mark.parametrize("act", [("PUT", {"role": "viewer"}), ("DELETE", None)])
def test_a_key_takes_nothing_from_an_owner(owner, act):
    """H8: nor gives it: an owner is changed by an owner in person."""
    method, body = act
    heir = Client("admin", ["workspace.view"], owner.workspace)
    team_changes.change_role(membership_rows.find(owner.workspace.workspace_id, heir.person_id), "owner")
    reply, problem = owner.ask(method, f"/members/{heir.person_id}", body)
    assert (reply.status, problem["code"]) == (403, "out_of_scope")
    assert members.role_of(owner.workspace.workspace_id, heir.person_id) == "owner"


def test_a_key_with_the_scope_still_removes_a_member_below_owner(owner):
    narrow = key_of(owner, ["members.manage"])
    mate = Client("admin", ["workspace.view"], owner.workspace)
    assert narrow.ask("DELETE", f"/members/{mate.person_id}")[0].status == 204


def test_the_log_names_the_key_that_changed_the_team(owner):
    """H8: the log named the person, as if it had been done by hand."""
    mate = Client("viewer", ["workspace.view"], owner.workspace)
    _, invite = owner.ask("POST", "/invites", {"email": fresh_address("mate"), "role": "viewer"})
    owner.ask("DELETE", f"/invites/{invite['invite_id']}")
    whole = key_of(owner, [name for name in roles.PERMISSIONS if roles.allows("admin", name)])
    assert whole.ask("PUT", f"/members/{mate.person_id}", {"role": "billing"})[0].status == 204
    assert whole.ask("DELETE", f"/members/{mate.person_id}")[0].status == 204
    for act, client in (
        ("invite.sent", owner),
        ("invite.revoked", owner),
        ("member.changed", whole),
        ("member.removed", whole),
    ):
        assert acts_of(owner, act)[0].actor == f"key:{client.row.prefix}", act


def test_the_log_names_the_key_that_changed_caps_and_webhook(owner):
    assert owner.ask("PUT", "/billing/caps/day", {"unit": "credits", "amount": 5})[0].status == 200
    assert owner.ask("DELETE", "/billing/caps/day")[0].status == 200
    assert owner.ask("PUT", "/billing/overage", {"allowed": False})[0].status == 200
    assert owner.ask("PUT", "/notices/webhook", {"address": "https://shop.example/x"})[0].status == 200
    assert owner.ask("DELETE", "/notices/webhook")[0].status == 204
    entries = acts_of(owner, "caps.changed") + acts_of(owner, "webhook.changed")
    assert len(entries) == 5 and {entry.actor for entry in entries} == {f"key:{owner.row.prefix}"}
    assert cap_settings.of(owner.workspace)


def made_by(client: Client, **fields) -> tuple[str, dict]:
    """(plaintext key, body) of a key that a key makes."""
    reply, body = client.ask("POST", "/keys", {"name": "child", "scopes": ["workspace.view", "keys.manage"]} | fields)
    assert reply.status == 201, body
    return body["key"], body


def test_a_key_that_a_key_makes_ends_no_later_than_it(owner):
    """H8: a key of 30 days made one without an end."""
    _, body = made_by(owner)
    assert body["expires"] == clock.stamp(owner.row.expires) and body["made_by"] == owner.row.prefix
    _, body = made_by(owner, days=7)
    assert body["expires"] < clock.stamp(owner.row.expires)
    reply, problem = owner.ask("POST", "/keys", {"name": "later", "scopes": ["workspace.view"], "days": 31})
    assert (reply.status, problem["code"], problem["param"]) == (400, "invalid_key_setting", "days")


def test_a_key_ends_with_the_key_that_made_it(owner):
    """H8: also a grandchild, at once, and none of them is left on the page."""
    parent = key_of(owner, ["keys.manage", "workspace.view"])
    child_key, _ = made_by(parent)
    grandchild_key, _ = made_by(_with(parent, child_key))
    assert owner.ask("GET", "/workspace", key=grandchild_key)[0].status == 200
    assert owner.ask("DELETE", f"/keys/{parent.row.prefix}")[0].status == 204
    for key in (parent.key, child_key, grandchild_key):
        assert owner.ask("GET", "/workspace", key=key)[0].status == 401
    assert [row.prefix for row in apikeys.of_workspace(owner.workspace.workspace_id)] == [owner.row.prefix]
    (entry,) = acts_of(owner, "key.revoked")
    assert entry.target == parent.row.prefix and len(entry.before["keys"]) == 2


def revoke(owner: Client, maker: Client, monkeypatch) -> None:
    assert owner.ask("DELETE", f"/keys/{maker.row.prefix}")[0].status == 204


def remove_maker(owner: Client, maker: Client, monkeypatch) -> None:
    assert owner.ask("DELETE", f"/members/{maker.person_id}")[0].status == 204


def let_expire(owner: Client, maker: Client, monkeypatch) -> None:
    monkeypatch.setattr(key_rows.clock, "now", lambda: maker.row.expires + 1)


@pytest.mark.parametrize("end", [revoke, remove_maker, let_expire])
def test_a_signing_key_and_a_webhook_end_with_the_key_that_made_them(owner, monkeypatch, end):
    """H8: who had the key went on signing pictures, and got the notices, after it was revoked."""
    workspace_id = owner.workspace.workspace_id
    maker = Client("admin", ["access.edit", "billing.manage", "workspace.view"], owner.workspace)
    ApiKey(maker.row.prefix).update(actions=[ApiKey.expires.set(clock.now() + 30 * DAY)])
    maker.row.refresh()
    signing_keys.rotate(workspaces.find(workspace_id), owner.person_id)
    (own,) = workspaces.find(workspace_id).signing_keys
    _, made = maker.ask("POST", "/signing/keys")
    assert made["keys"][0]["made_by"] == maker.row.prefix
    assert maker.ask("PUT", "/notices/webhook", {"address": "https://shop.example/x"})[0].status == 200
    assert owner.ask("GET", "/notices")[1]["webhook"]["made_by"] == maker.row.prefix
    assert outgoing_webhooks.send_test(workspace_id)

    end(owner, maker, monkeypatch)
    posted: list = []
    send_due(owner.workspace, lambda *request: posted.append(request) or 200)  # before anybody looks at the page
    assert posted == []
    row = workspaces.find(workspace_id)
    live = [key.key_id for key in tenants.of_row(row, row.namespace).signing_keys]
    assert live == [own["id"]]
    assert outgoing_webhooks.of(workspace_id) is None
    signing_keys.rotate(row, "person")
    assert [key["id"] for key in workspaces.find(workspace_id).signing_keys][1:] == live


def test_signatures_that_are_required_anew_get_a_key_where_the_only_one_has_ended(owner, monkeypatch):
    maker, other = key_of(owner, ["access.edit"]), key_of(owner, ["access.edit"])
    maker.ask("POST", "/signing/keys")
    revoke(owner, maker, monkeypatch)
    _, body = other.ask("PUT", "/signing", {"required": True})
    assert body["key"] and len(body["keys"]) == 1


def test_what_a_person_made_stays(owner):
    assert owner.ask("PUT", "/notices/webhook", {"address": "https://shop.example/x"})[0].status == 200
    outgoing_webhooks.configure(owner.workspace.workspace_id, owner.person_id, "https://shop.example/y")
    revoke(owner, owner, None)
    assert outgoing_webhooks.of(owner.workspace.workspace_id).address == "https://shop.example/y"


def _with(client: Client, key: str) -> Client:
    """The same client with another key."""
    other = object.__new__(Client)
    other.__dict__.update(client.__dict__, key=key)
    return other


def test_a_key_whose_maker_s_row_is_gone_is_dead_whatever_the_list_says(owner):
    """H8: the list of keys is an index, which may lag; the key itself asks for every key it descends from."""
    child_key, body = made_by(owner)
    grandchild_key, _ = made_by(_with(owner, child_key))
    ApiKey(body["prefix"]).delete()
    with pytest.raises(apikeys.InvalidKey):
        apikeys.authenticate(grandchild_key)
    assert apikeys.authenticate(owner.key)


def test_an_invitation_made_by_a_key_ends_with_it(owner):
    """H8: whoever revokes a key that was stolen has closed the door it opened."""
    guest = teams.new_person("guest")
    for fate, joins in (("revoked", False), ("lives", True)):
        narrow = key_of(owner, ["members.manage", "workspace.view"])
        assert narrow.ask("POST", "/invites", {"email": guest.email, "role": "viewer"})[0].status in (200, 201)
        if fate == "revoked":
            assert owner.ask("DELETE", f"/keys/{narrow.row.prefix}")[0].status == 204
        try:
            invites.accept(teams.newest_token(guest.email), guest)
        except invites.InvalidInvite:
            assert not joins
        else:
            assert joins


def test_an_invitation_made_by_a_key_ends_with_it_though_staff_sent_it_again(owner):
    """H24, H8: staff send it for the key, and vouch for nothing."""
    guest, narrow = teams.new_person("guest"), key_of(owner, ["members.manage", "workspace.view"])
    assert narrow.ask("POST", "/invites", {"email": guest.email, "role": "viewer"})[0].status == 201
    (invite,) = invites.pending(owner.workspace.workspace_id)
    invites.resend_as_staff(owner.workspace.workspace_id, invite.invite_id, "staff:x", "the guest asked for it")
    apikeys.revoke(owner.workspace.workspace_id, narrow.row.prefix, "person")
    with pytest.raises(invites.InvalidInvite):
        invites.accept(teams.newest_token(guest.email), guest)
    assert members.role_of(owner.workspace.workspace_id, guest.person_id) is None


def test_an_invitation_made_by_a_key_ends_when_the_key_expires(owner, monkeypatch):
    """H24, H8: an invitation that is sent on a key's last day lives a week, the key does not."""
    guest, narrow, now = teams.new_person("guest"), key_of(owner, ["members.manage", "workspace.view"]), clock.now()
    assert narrow.ask("POST", "/invites", {"email": guest.email, "role": "viewer"})[0].status == 201
    ApiKey(narrow.row.prefix).update(actions=[ApiKey.expires.set(now + DAY)])
    monkeypatch.setattr(clock, "now", lambda: now + DAY + 1)
    with pytest.raises(invites.InvalidInvite):
        invites.accept(teams.newest_token(guest.email), guest)
    assert members.role_of(owner.workspace.workspace_id, guest.person_id) is None


def test_a_key_of_somebody_who_was_removed_stays_ended_when_they_come_back(owner):
    """A12: it may have leaked, and its maker comes back without it."""
    workspace, mate = owner.workspace, teams.new_person("back")
    teams.add(workspace, mate, "developer")
    plaintext, _ = apikeys.create(
        workspace.workspace_id, mate.person_id, "developer", name="k", scopes=["sources.edit"]
    )
    assert apikeys.authenticate(plaintext).role == "developer"
    team_changes.remove(membership_rows.find(workspace.workspace_id, mate.person_id))
    Member(workspace.workspace_id, mate.person_id, role="developer", joined=clock.now()).save()
    with pytest.raises(apikeys.InvalidKey):
        apikeys.authenticate(plaintext)
