"""Least rights: every page and every action of the admin by staff role, and the records of an action (A17, A9)."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote

from accounts import audit
from accounts.keys import apikeys
from accounts.models import people, workspaces
from accounts.sessions import sessions
from accounts.staff import staff_rights
from accounts.staff.staff_rights import RIGHTS, ROLES
from accounts.teams import invites
from billing.models import grants
from imgapis.base import clock
from imgapis.base.dynamo import declaration_of
from imgapis.policy import requests
from imgapis.support import audit_log, pages
from tests.accounts import teams
from tests.people import Browser, fresh_address, mails, sign_in
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web")
WHY = {"reason": "The customer asked by mail"}
# the whole table once more, so that a change of it is a change of two files
EXPECTED = {
    "support": "customers.see trail.see doctor.run address.reveal code.resend invite.resend sessions.end keys.revoke"
    " pictures.block cache.purge credits.grant requests.see requests.work erasure.ask",
    "billing": "customers.see trail.see credits.grant credits.take_back stripe.replay",
    "admin": " ".join(RIGHTS),
}
PAGES = {
    "support-find": None,
    "support-workspace": "customers.see",
    "support-person": "customers.see",
    "support-request": "requests.see",
    "support-record": "requests.work",
    "support-doctor": "doctor.run",
    "support-notice": "notice.send",
    "support-act": None,
}


@pytest.fixture(scope="module")
def world(web):
    """The ids of a workspace with one object for every action, of its owner, and of a request."""
    owner = teams.new_person("cared")
    row = teams.new_workspace(owner)
    member = teams.place(row, owner)
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix="https://shop.example/")
    invites.invite(member, fresh_address("guest"), "viewer")
    apikeys.create(row.workspace_id, owner.person_id, "owner", name="deploy", scopes=["workspace.view"])
    request = requests.record(law="gdpr", kind="access", address=owner.email, received=clock.now())
    return {"workspace": row.workspace_id, "person": owner.person_id, "request": request.request_id}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_the_rights_of_the_table_and_no_other(role):
    assert {right for right in RIGHTS if staff_rights.allows(role, right)} == set(EXPECTED[role].split())


def test_every_page_of_ours_is_listed_with_its_right():
    assert {name for _, _, name in pages.ROUTES} == set(PAGES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [name for name, right in PAGES.items() if right])
def test_a_page_opens_for_the_roles_that_have_its_right(name, role, team, world):
    route = next(route for route, _, route_name in pages.ROUTES if route_name == name)
    kind = name.removeprefix("support-").replace("doctor", "workspace")
    page = team[role].get("/admin/" + route.replace("<str:subject>", world.get(kind, "")))
    assert page.status == (200 if staff_rights.allows(role, PAGES[name]) else 403)


def grant_id() -> dict[str, str]:
    """The field with a new grant id, as the form for credits has it."""
    return {"grant_id": str(uuid.uuid4())}


ACTS = [(kind, act) for kind, entry in pages.KINDS.items() for act in entry.acts.values()]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("kind", "act"), ACTS, ids=lambda value: getattr(value, "name", value))
def test_an_act_is_refused_to_a_role_without_its_right_and_without_a_reason(kind, act, role, team, world):
    path = f"/admin/act/{kind}/{world[kind]}/{act.name}/"
    allowed = staff_rights.allows(role, act.right)
    entry_count = len(audit.newest(world["workspace"], 500))
    team[role].get("/admin/")
    assert team[role].get(path).status == (200 if allowed else 403)
    page = team[role].post(path, {"reason": "", "credits": "1", **grant_id(), "scope": "workspace", "outcome": "done"})
    assert page.status == (400 if allowed else 403)
    assert len(audit.newest(world["workspace"], 500)) == entry_count


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model.__name__)
def test_a_table_opens_for_the_roles_that_have_its_right(model, role, team):
    right = admin.site._registry[model].right
    page = team[role].get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")
    assert page.status == (200 if staff_rights.allows(role, right) else 403)


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_added_changed_or_deleted_on_a_stock_page(role, team, world):
    for path in (
        "/admin/accounts/workspacepage/add/",
        f"/admin/accounts/workspacepage/{quote(world['workspace'])}/delete/",
        f"/admin/accounts/workspacepage/{quote(world['workspace'])}/change/",
    ):
        values_before = workspaces.find(world["workspace"]).attribute_values
        team[role].get("/admin/")
        assert team[role].post(path, {"plan": "scale", "post": "yes"}).status == 403
        assert workspaces.find(world["workspace"]).attribute_values == values_before


@pytest.mark.parametrize(
    ("role", "amount", "status"),
    [
        ("support", "1000", 302),
        ("support", "1000.5", 403),
        ("billing", "1000.5", 302),
        ("admin", "1000000.5", 403),
        ("support", "0", 400),
        ("support", "0.3", 400),
        ("support", "-5", 400),
    ],
)
def test_credits_are_given_up_to_the_limit_of_the_role(role, amount, status, team, world):
    path = f"/admin/act/workspace/{world['workspace']}/grant/"
    grants_before = [entry for entry in audit.newest(world["workspace"], 500) if entry.act == "credits.granted"]
    assert team[role].submit(path, {"credits": amount, **grant_id(), **WHY}).status == status
    grants_after = [entry for entry in audit.newest(world["workspace"], 500) if entry.act == "credits.granted"]
    assert len(grants_after) - len(grants_before) == (status == 302)
    if status == 302:
        assert grants_after[0].actor.startswith("staff:") and grants_after[0].reason == WHY["reason"]


def test_a_form_sent_twice_gives_once(team, world):
    path = f"/admin/act/workspace/{world['workspace']}/grant/"
    form = {"credits": "3", **grant_id(), **WHY}
    assert [team["support"].submit(path, form).status for _ in range(3)] == [302, 409, 409]
    assert [int(row.halves) for row in grants.of_workspace(world["workspace"]) if row.grant_id == form["grant_id"]] == [
        6
    ]


def test_suspending_and_resuming_stand_in_the_log_with_before_and_after(team, world):
    for act, suspended in (("suspend", True), ("resume", False)):
        assert team["admin"].submit(f"/admin/act/workspace/{world['workspace']}/{act}/", WHY).status == 302
        assert bool(workspaces.find(world["workspace"]).suspended) is suspended
        entry = audit.newest(world["workspace"], 1)[0]
        assert (entry.before, entry.after) == ({"suspended": not suspended}, {"suspended": suspended})


def test_the_customer_reads_what_support_did_and_why(team, world):
    owner = Browser()
    sign_in(owner, people.find(world["person"]).email)
    namespace = workspaces.find(world["workspace"]).namespace
    team["support"].submit(f"/admin/act/workspace/{world['workspace']}/grant/", {"credits": "1", **grant_id(), **WHY})
    page = owner.get(f"/w/{namespace}/audit")
    assert "support" in page.text and WHY["reason"] in page.text and "staff:" not in page.text


def test_a_revoked_key_and_a_purge_and_an_invite_are_done_and_recorded(team, world):
    workspace_id = world["workspace"]
    key = apikeys.of_workspace(workspace_id)[0].prefix
    invite = invites.pending(workspace_id)[0]
    path = f"/admin/act/workspace/{workspace_id}/"
    assert team["support"].submit(path + "revoke-key/", {"key": key, **WHY}).status == 302
    assert apikeys.of_workspace(workspace_id) == []
    assert team["support"].submit(path + "purge/", {"scope": "workspace", **WHY}).status == 302
    mail_count = len(mails(invite.email))
    assert team["support"].submit(path + "resend-invite/", {"invite": invite.invite_id, **WHY}).status == 302
    assert len(mails(invite.email)) == mail_count + 1
    assert invites.pending(workspace_id)[0].invited_by == world["person"]
    acts = [entry.act for entry in audit.newest(workspace_id, 3)]
    assert acts == ["invite.resent", "cache.purged", "key.revoked"]


def test_sessions_end_and_the_person_s_log_says_so(team, world):
    owner = Browser()
    sign_in(owner, people.find(world["person"]).email)
    assert team["support"].submit(f"/admin/act/person/{world['person']}/end-sessions/", WHY).status == 302
    assert owner.get("/account").status == 302 and sessions.of_person(world["person"]) == []
    assert audit.newest(audit.log_of_person(world["person"]), 1)[0].act == "sessions.ended"


def test_an_address_is_masked_until_it_is_asked_for_with_a_reason(team, world):
    address = people.find(world["person"]).email
    row_path = f"/admin/accounts/personpage/{quote(world['person'])}/change/"
    paths = (f"/admin/person/{world['person']}/", f"/admin/workspace/{world['workspace']}/")
    for path in (*paths, row_path, "/admin/accounts/personpage/"):
        page = team["support"].get(path)
        assert page.status == 200 and address not in page.text
    revealed_page = team["support"].follow(team["support"].submit(f"/admin/act/person/{world['person']}/reveal/", WHY))
    assert address in revealed_page.text
    assert address not in team["support"].get(f"/admin/person/{world['person']}/").text
    assert audit.newest(audit.log_of_person(world["person"]), 1)[0].act == "address.revealed"


def test_codes_go_through_again(team, world):
    person = people.find(world["person"])
    assert team["support"].submit(f"/admin/act/person/{person.person_id}/send-code/", WHY).status == 302
    assert "/login" in mails(person.email)[-1].get_body().get_content()


def test_a_request_is_recorded_confirmed_extended_and_closed(team):
    """P21"""
    answers = {"law": "ccpa", "kind": "access", "address": fresh_address("asker"), "received": clock.day(clock.now())}
    page = team["support"].submit("/admin/requests/new/", answers)
    request_id = page.location.rstrip("/").rpartition("/")[2]
    assert requests.of_id(request_id).state == "open"
    assert team["support"].get("/admin/").text.count(request_id) == 1
    for act, fields in (("confirm", {}), ("extend", {}), ("close", {"outcome": "done"})):
        assert team["support"].submit(f"/admin/act/request/{request_id}/{act}/", {**WHY, **fields}).status == 302
    row = requests.of_id(request_id)
    assert row.state == "done" and row.address is None and row.confirmed and row.extended
    sentences = [entry["said"] for entry in audit_log.of_row(row)]
    assert sentences[::-1] == [audit.ACTS[f"request.{act}"] for act in ("recorded", "confirmed", "extended", "closed")]
    assert team["support"].submit(f"/admin/act/request/{request_id}/close/", {**WHY, "outcome": "done"}).status == 409


@pytest.mark.parametrize(
    "path",
    [
        "/admin/workspace/ws_none/",
        "/admin/person/p_none/",
        "/admin/request/pr_none/",
        "/admin/doctor/ws_none/",
        "/admin/act/workspace/ws_none/grant/",
        "/admin/act/nothing/x/grant/",
        "/admin/nowhere",
        "/admin/accounts/workspacepage/none/history/",
    ],
)
def test_what_is_not_there_is_404(path, team):
    assert team["admin"].get(path).status == 404


def test_no_page_shows_a_secret(team, world):
    """A17: every registered table, list and form."""
    row = workspaces.find(world["workspace"])
    staff_secrets = [row.sealed_key, *(team["admin"].recovery), team["admin"].secret]
    form_count = 0
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for obj in [model.of(stored_row) for stored_row in model.row_class.scan(limit=5)]:
            page = team["admin"].get(f"{base}{quote(obj.key)}/change/")
            secrets = [
                str(getattr(obj.row, name))
                for name, attribute in model.row_class.get_attributes().items()
                if not declaration_of(attribute).exported
                and declaration_of(attribute).category != "none"
                and len(str(getattr(obj.row, name))) > 12
            ]
            assert page.status == 200, (base, obj.key)
            assert not [secret for secret in (*staff_secrets, *secrets) if secret in page.text], (base, obj.key)
            form_count += 1
    assert form_count > 10
