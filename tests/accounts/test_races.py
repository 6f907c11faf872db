"""Limits hold however many act at once (H10): workspaces of a person, seats of a workspace, owners who hand over,
sources, domains and keys."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.keys import apikeys
from accounts.models import Member, NamespaceCount, Ownership
from accounts.models import keys as key_rows
from accounts.models import members as membership_rows
from accounts.models import workspaces as workspace_rows
from accounts.teams import invites, members
from accounts.workspaces import entitlements, namespaces, ownership, workspaces
from imgapis.base import dynamo
from imgapis.base.errors import ApiError
from tests import environment
from tests.accounts import teams
from tests.faults.dynamo_proxy import DynamoProxy
from tests.people import fresh_address, mails
from transforms.domains import custom_domains
from transforms.models import domains
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("dynamodb")
CROWD = 12


def outcomes_at_once(acts) -> list[str]:
    """`done`, or the code of the refusal, of each act; all begin together."""
    start = threading.Barrier(len(acts))

    def run(act) -> str:
        start.wait()
        try:
            act()
        except ApiError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as threads:
        return sorted(threads.map(run, acts))


def create(person, name: str = ""):
    """Another workspace of a person."""
    namespace = name or fresh_address("raced").partition("@")[0]
    return workspaces.create(person.person_id, namespace=namespace, business_name="B")


def free_owner():
    """A person with one workspace on the free plan, and the workspace."""
    person = teams.new_person("owner")
    return person, create(person)


def owned_count(person) -> int:
    """How many workspaces a person owns, by the members' own table."""
    rows = Member.scan(Member.person_id == person.person_id, consistent_read=True)
    return sum(row.role == "owner" for row in rows)


def test_of_twelve_workspaces_with_two_places_left_two_are_created():
    person, _ = free_owner()
    outcomes = outcomes_at_once([lambda: create(person)] * CROWD)
    assert outcomes == ["done"] * 2 + ["too_many_workspaces"] * (CROWD - 2)
    assert owned_count(person) == entitlements.STARTING.workspaces


def test_of_twelve_invitations_with_two_seats_left_two_are_sent():
    workspace, staff = teams.whole_team()
    workspace_rows.change(workspace, limits={"seats": 7})
    owner = teams.place(workspace, staff["owner"])
    addresses = [fresh_address("raced") for _ in range(CROWD)]
    outcomes = outcomes_at_once([lambda email=email: invites.invite(owner, email, "viewer") for email in addresses])
    assert outcomes == ["done"] * 2 + ["too_many_seats"] * (CROWD - 2)
    assert len(invites.pending(workspace.workspace_id)) == 2
    assert sum(len(mails(email)) for email in addresses) == 2


def test_of_six_who_accept_with_two_seats_left_two_join():
    workspace, staff = teams.whole_team()
    guests = [teams.new_person("guest") for _ in range(6)]
    tokens = [teams.invited(workspace, staff["owner"], guest.email) for guest in guests]
    workspace_rows.change(workspace, limits={"seats": 7})
    pairs = zip(tokens, guests, strict=True)
    outcomes = outcomes_at_once([lambda pair=pair: invites.accept(*pair) for pair in pairs])
    assert outcomes == ["done"] * 2 + ["too_many_seats"] * 4
    assert len(membership_rows.of_workspace(workspace.workspace_id)) == 7


def test_expired_invitations_renewed_at_once_take_no_more_seats_than_there_are(monkeypatch):
    workspace, staff = teams.whole_team()
    owner = teams.place(workspace, staff["owner"])
    rows = [invites.invite(owner, fresh_address("late"), "viewer") for _ in range(6)]
    workspace_rows.change(workspace, limits={"seats": 7})
    moment = rows[-1].ends + 1
    monkeypatch.setattr(invites.clock, "now", lambda: moment)
    outcomes = outcomes_at_once([lambda row=row: invites.resend(owner, row.invite_id) for row in rows])
    assert outcomes == ["done"] * 2 + ["too_many_seats"] * 4


def test_who_owns_enough_becomes_the_owner_of_nothing_else_in_any_way():
    """A workspace that is handed over counts as its new owner's."""
    accomplice, _ = free_owner()
    for _ in range(entitlements.STARTING.workspaces - 1):
        create(accomplice)
    person, workspace = free_owner()
    teams.add(workspace, accomplice, "viewer")
    owner = teams.place(workspace, person)
    acts = [
        lambda: members.transfer(owner, accomplice.person_id),
        lambda: members.change_role(owner, accomplice.person_id, "owner"),
    ]
    for act in acts:
        with pytest.raises(ownership.TooManyWorkspaces) as refusal:
            act()
        assert refusal.value.status == 409 and "new owner" in refusal.value.message
    members.remove(owner, accomplice.person_id)
    token = teams.invited(workspace, person, accomplice.email, "owner")
    with pytest.raises(ownership.TooManyWorkspaces):
        invites.accept(token, accomplice)
    assert owned_count(accomplice) == entitlements.STARTING.workspaces and teams.owners(workspace) == (1, 1)


def test_of_six_workspaces_handed_over_at_once_to_one_person_as_many_arrive_as_they_may_own():
    receiver = teams.new_person("receiver")
    jobs = []
    for _ in range(6):
        person, workspace = free_owner()
        teams.add(workspace, receiver, "viewer")
        jobs.append((teams.place(workspace, person), receiver.person_id))
    outcomes = outcomes_at_once([lambda job=job: members.transfer(*job) for job in jobs])
    assert outcomes == ["done"] * 3 + ["too_many_workspaces"] * 3
    assert owned_count(receiver) == 3


def test_a_workspace_that_is_handed_over_or_left_frees_its_place():
    person, workspace = free_owner()
    heir = teams.new_person("heir")
    teams.add(workspace, heir, "viewer")
    create(person), create(person)
    with pytest.raises(ownership.TooManyWorkspaces):
        create(person)
    members.transfer(teams.place(workspace, person), heir.person_id)
    assert create(person)
    assert {row.workspace_id for row in Ownership.query(heir.person_id)} == {workspace.workspace_id}
    assert workspace.workspace_id not in {row.workspace_id for row in Ownership.query(person.person_id)}
    third = teams.new_person("third")
    teams.add(workspace, third, "owner")
    members.leave(teams.place(workspace, heir))
    assert list(Ownership.query(heir.person_id)) == [], "kept until the member leaves, and no longer (P02)"


def test_owners_from_before_ownerships_were_listed_are_counted():
    person, _ = free_owner()
    create(person)
    for row in Ownership.query(person.person_id):
        row.delete()
    NamespaceCount(person.person_id).update(actions=[NamespaceCount.owner_revision.remove()])
    outcomes = outcomes_at_once([lambda: create(person)] * 4)
    assert outcomes == ["done"] + ["too_many_workspaces"] * 3


def test_a_workspace_from_before_seats_were_counted_takes_members():
    workspace, staff = teams.whole_team()
    workspace.update(actions=[type(workspace).team_revision.remove()])
    guest = teams.new_person("guest")
    assert invites.accept(teams.invited(workspace, staff["owner"], guest.email), guest) == workspace.namespace


def test_of_twelve_sources_domains_and_keys_with_two_places_left_two_of_each_are_added(monkeypatch):
    """The lists of domains and of keys are indexes, which lag."""
    workspace, staff = teams.whole_team()
    workspace_id, owner_id = workspace.workspace_id, staff["owner"].person_id
    workspace_rows.change(workspace, limits={"sources": 2, "domains": 2})
    monkeypatch.setattr(apikeys, "MOST_KEYS", 2)
    monkeypatch.setattr(key_rows, "of_workspace", lambda workspace_id: [])
    monkeypatch.setattr(domains, "of_workspace", lambda workspace_id: [])
    acts = {
        "too_many_sources": lambda name: named_sources.create(
            workspace_id, name=name, kind="http", prefix=f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
        ),
        "too_many_domains": lambda name: custom_domains.add(workspace_id, f"{name}.example.com", "system"),
        "invalid_key_setting": lambda name: apikeys.create(
            workspace_id, owner_id, "owner", name=name, scopes=["workspace.view"]
        ),
    }
    for code, act in acts.items():
        names = [fresh_address("raced").partition("@")[0] for _ in range(CROWD)]
        outcomes = outcomes_at_once([lambda act=act, name=name: act(name) for name in names])
        assert outcomes == sorted(["done"] * 2 + [code] * (CROWD - 2))


def test_what_was_deleted_a_moment_ago_holds_no_place():
    workspace, _ = teams.whole_team()
    workspace_rows.change(workspace, limits={"domains": 1})
    for number in range(2):
        name = f"{number}.{workspace.namespace}.example.com"
        domains.delete(custom_domains.add(workspace.workspace_id, name, "system"))


@pytest.fixture
def losing():
    """DynamoDB behind a proxy that loses no reply before it is told to."""
    proxy = DynamoProxy(environment.DYNAMODB_PORT, environment.free_port())
    proxy.start()
    events = dynamo.connection().client.meta.events

    def redirect(request, **kwargs) -> None:
        request.url = f"http://127.0.0.1:{proxy.port}/"

    events.register("before-send.dynamodb", redirect)
    yield proxy
    events.unregister("before-send.dynamodb", redirect)
    proxy.stop()


def test_a_workspace_whose_creation_got_no_answer_is_ones_own(losing):
    person = teams.new_person("unlucky")
    losing.fail("lost", 0.9)
    row = create(person)
    assert losing.seen["lost"] and teams.place(row, person).role == "owner"
    losing.fail("lost", 0.9)
    name = f"{row.namespace}-2"
    workspaces.rename(row, person.person_id, name)
    assert losing.seen["lost"] and workspace_rows.find(row.workspace_id).namespace == row.namespace == name


def test_a_form_that_is_sent_twice_creates_one_workspace():
    person, name = teams.new_person("twice"), fresh_address("twice").partition("@")[0]
    rows = []
    outcomes = outcomes_at_once([lambda: rows.append(create(person, name))] * 2)
    assert outcomes == ["done"] * 2 and len({row.workspace_id for row in rows}) == 1
    other, member = teams.new_person("other"), teams.new_person("member")
    teams.add(rows[0], member, "admin")
    for stranger in (other, member):  # a teammate who is no owner of it has not made it (H24)
        with pytest.raises(namespaces.NamespaceTaken):
            create(stranger, name)


def test_a_workspace_of_the_shell_whose_answer_was_lost_is_there_once(losing):
    """H10"""
    name = f"shell-{secrets.token_hex(4)}"
    losing.fail("lost", 1.0)
    row = workspaces.create_unowned(namespace=name, allowance=2_000)
    assert losing.seen["lost"] and workspace_rows.of_namespace(name).workspace_id == row.workspace_id
    losing.fail("lost", 0.0)
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.create_unowned(namespace=name, allowance=2_000)
