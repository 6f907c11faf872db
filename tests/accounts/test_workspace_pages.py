"""Workspaces over HTTP: created, renamed, switched, and their overview."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from accounts.models import Workspace, members
from accounts.models import workspaces as workspace_rows
from accounts.people import people
from accounts.workspaces import entitlements, namespaces, workspaces
from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests.accounts import teams
from tests.people import Browser, fresh_address, sign_in
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture(scope="module")
def owner(web) -> Browser:
    """The browser of a signed-in owner."""
    browser = Browser()
    browser.address = fresh_address("pages")
    sign_in(browser, browser.address)
    return browser


@pytest.fixture
def workspace(owner) -> Workspace:
    """A workspace of the owner's."""
    return teams.new_workspace(people.of_email(owner.address))


def free_namespace() -> str:
    """A namespace nobody has."""
    return f"new-{secrets.token_hex(5)}"


def settings_of(workspace: Workspace) -> str:
    return f"/w/{workspace.namespace}/settings"


def test_a_new_workspace_belongs_to_whoever_made_it(owner):
    namespace = free_namespace()
    page = owner.submit("/workspaces/new", {"business_name": "Zweite & Söhne", "namespace": f" {namespace.upper()} "})
    assert page.location == f"/w/{namespace}/"
    row = workspace_rows.of_namespace(namespace)
    (member,) = members.of_workspace(row.workspace_id)
    assert (member.person_id, member.role, int(row.owners)) == (people.of_email(owner.address).person_id, "owner", 1)
    assert "Zweite & Söhne" in owner.get("/workspaces").text


@pytest.mark.parametrize(
    ("business_name", "namespace", "message"),
    [
        ("", "good-name", "Type the name of your business"),
        ("B" * 101, "good-name", "1 to 100 characters"),
        ("B\x00", "good-name", "Null characters"),
        ("B", "", "Choose the first part"),
        ("B", "a b", "3 to 40 characters"),
        ("B", "-abc", "3 to 40 characters"),
        ("B", "admin", "reserved"),
        ("B", "demo.localhost", "3 to 40 characters"),
        ("B", "<script>", "3 to 40 characters"),
    ],
)
def test_a_wrong_answer_is_told_at_its_field_and_what_was_typed_stays(owner, business_name, namespace, message):
    page = owner.submit("/workspaces/new", {"business_name": business_name, "namespace": namespace})
    assert page.status == 400 and message in page.text and 'class="error"' in page.text
    for value in (business_name, namespace):
        assert not value or "\x00" in value or f'value="{value}"' in page.text
    assert b"<script>" not in page.body


def test_a_taken_namespace_is_told_at_its_field(owner, workspace):
    page = owner.submit("/workspaces/new", {"business_name": "B", "namespace": workspace.namespace})
    assert page.status == 400 and f"The namespace {workspace.namespace} is taken." in page.text


def test_after_a_renaming_both_names_serve_and_the_pages_move(owner, workspace):
    """The old namespace goes on serving images and leads to the new pages."""
    old_name, new_name = workspace.namespace, free_namespace()
    assert owner.submit(settings_of(workspace), {"business_name": "B", "namespace": new_name}).location.endswith(
        "/settings"
    )
    assert [ask(name, "/limits").status for name in (old_name, new_name)] == [200, 200]
    assert owner.get(f"/w/{old_name}/team").location == f"/w/{new_name}/team"
    assert owner.get(f"/w/{new_name}/team").status == 200


def test_an_old_namespace_tells_a_stranger_nothing_of_the_new_one(owner, workspace):
    """H24, A9: the pages move for members alone."""
    old_name, stranger = workspace.namespace, Browser()
    sign_in(stranger, fresh_address("stranger"))
    workspaces.rename(workspace, people.of_email(owner.address).person_id, free_namespace())
    page = stranger.get(f"/w/{old_name}/team")
    assert (page.status, page.location) == (404, "") and workspace.namespace not in page.text


def test_an_old_namespace_is_given_to_nobody_else_and_back_to_its_owner(workspace):
    person = people.create(fresh_address("renamer"))
    stranger = people.create(fresh_address("stranger"))
    own_workspace = teams.new_workspace(person)
    old_name = own_workspace.namespace
    workspaces.rename(own_workspace, person.person_id, free_namespace())
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.create(stranger.person_id, namespace=old_name, business_name="B")
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.rename(workspace, "p_x", old_name)
    own_workspace = workspace_rows.find(own_workspace.workspace_id)
    workspaces.rename(own_workspace, person.person_id, old_name)
    assert workspace_rows.of_namespace(old_name).namespace == old_name


def attempt(act, *args) -> str:
    """`done`, or the code of the refusal."""
    try:
        act(*args)
    except ApiError as refusal:
        return refusal.code
    return "done"


def test_one_namespace_claimed_by_a_renaming_and_a_founding_at_once_has_one_owner():
    for _ in range(5):
        first, second, third = (people.create(fresh_address("racer")) for _ in range(3))
        mine, theirs, name = teams.new_workspace(first), teams.new_workspace(second), free_namespace()
        acts = [
            lambda mine=mine, name=name: workspaces.rename(mine, "p_1", name),
            lambda theirs=theirs, name=name: workspaces.rename(theirs, "p_2", name),
            lambda third=third, name=name: workspaces.create(third.person_id, namespace=name, business_name="B"),
        ]
        with ThreadPoolExecutor(3) as threads:
            outcomes = list(threads.map(attempt, acts))
        assert sorted(outcomes) == ["done", "namespace_taken", "namespace_taken"]
        assert workspace_rows.of_namespace(name).namespace == name
        assert [int(row.owners) for row in workspace_rows.of_ids([mine.workspace_id, theirs.workspace_id])] == [1, 1]


def test_one_workspace_renamed_twice_at_once_has_one_name(workspace):
    names = [free_namespace(), free_namespace()]
    rows = [workspace_rows.find(workspace.workspace_id) for _ in names]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(attempt, [workspaces.rename] * 2, rows, ["p_1"] * 2, names))
    assert sorted(outcomes) == ["done", "overtaken"]
    winner, loser = names if outcomes[0] == "done" else names[::-1]
    assert workspace_rows.find(workspace.workspace_id).namespace == winner
    assert workspace_rows.of_namespace(loser) is None


def test_nobody_hoards_namespaces(monkeypatch):
    """They are never free again, so a day has a limit, for new workspaces and for renamings."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    person = people.create(fresh_address("hoarder"))
    rows = [teams.new_workspace(person) for _ in range(workspaces.CLAIMS_PER_DAY)]
    with pytest.raises(workspaces.TooManyNamespaces) as refusal:
        teams.new_workspace(person)
    assert (refusal.value.status, refusal.value.param) == (429, "namespace")
    outcomes = []
    for _ in range(workspaces.CLAIMS_PER_DAY + 1):
        rows[0] = workspace_rows.find(rows[0].workspace_id)
        outcomes.append(attempt(workspaces.rename, rows[0], "p_x", free_namespace()))
    assert outcomes == ["done"] * workspaces.CLAIMS_PER_DAY + ["too_many_namespaces"]
    monkeypatch.setattr(clock, "now", lambda: moment + 86_400)
    assert teams.new_workspace(person)


def test_nobody_takes_namespaces_without_end_day_after_day(monkeypatch):
    """H6: thirty new and thirty renamed ones a day, kept for ever, were anybody's. Names of one's own stay free."""
    monkeypatch.setattr(namespaces, "NAMESPACES_PER_PERSON", 4)
    monkeypatch.setattr(entitlements, "STARTING", replace(entitlements.STARTING, workspaces=100))
    person = people.create(fresh_address("hoarder"))
    row = teams.new_workspace(person)
    first_name = row.namespace
    teams.new_workspace(person)
    for name in (free_namespace(), first_name, free_namespace()):
        row = workspace_rows.find(row.workspace_id)
        workspaces.rename(row, "key:abc", name, person.person_id)
    for act in (
        lambda: teams.new_workspace(person),
        lambda: workspaces.rename(workspace_rows.find(row.workspace_id), person.person_id, free_namespace()),
    ):
        with pytest.raises(workspaces.NamespacesSpent, match="write to us") as refusal:
            act()
        assert (refusal.value.status, refusal.value.param) == (409, "namespace")
    workspaces.rename(workspace_rows.find(row.workspace_id), person.person_id, first_name)
    assert attempt(workspaces.rename, workspace_rows.find(row.workspace_id), "p_other", free_namespace()) == "done"


def test_the_last_namespace_is_taken_once_by_many_at_once(monkeypatch):
    """H6: the count is in the transaction."""
    monkeypatch.setattr(namespaces, "NAMESPACES_PER_PERSON", 5)
    monkeypatch.setattr(entitlements, "STARTING", replace(entitlements.STARTING, workspaces=100))
    person = people.create(fresh_address("hoarder"))
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: attempt(teams.new_workspace, person), range(8)))
    assert sorted(outcomes) == ["done"] * 5 + ["namespaces_spent"] * 3


def test_the_sidebar_switches_between_the_workspaces_of_the_person_alone(owner, workspace):
    other_workspace = teams.new_workspace(people.of_email(owner.address))
    foreign_workspace = teams.new_workspace(people.create(fresh_address("stranger")))
    page = owner.get(f"/w/{workspace.namespace}/")
    assert f'href="/w/{other_workspace.namespace}/"' in page.text and foreign_workspace.namespace not in page.text


def test_the_sample_source_makes_an_address_that_works(owner, workspace):
    page = owner.get(f"/w/{workspace.namespace}/")
    assert f"http://{workspace.namespace}.localhost" in page.text and "Used</dt><dd>0 of 1,000" in page.text
    for _ in range(2):  # twice is as once
        assert owner.post(f"/w/{workspace.namespace}/samples").location == f"/w/{workspace.namespace}/"
    page = owner.get(f"/w/{workspace.namespace}/")
    assert "/transform?src=samples/astronaut.png&w=800" in page.text and "Add the sample source" not in page.text


def test_the_last_owner_is_told_why_they_stay_and_leaves_by_one_click_once_there_is_another(owner):
    """A10, P20"""
    person = people.create(fresh_address("leaver"))
    browser = Browser()
    sign_in(browser, person.email)
    assert "You are in no workspace" in browser.get("/workspaces").text
    workspace = teams.new_workspace(person)
    browser.get(f"/w/{workspace.namespace}/team")
    page = browser.post(f"/w/{workspace.namespace}/team/leave")
    assert page.status == 409 and "keeps at least one owner" in page.text
    teams.add(workspace, people.of_email(owner.address), "owner")
    assert browser.post(f"/w/{workspace.namespace}/team/leave").location == "/workspaces"
    assert "You are in no workspace" in browser.get("/workspaces").text
    assert browser.get(f"/w/{workspace.namespace}/").status == 404
