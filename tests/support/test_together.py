"""A staff action and its audit entry are one transaction: neither is written without the other (A17)."""

import uuid

import pytest

from accounts import audit
from accounts.keys import apikeys
from accounts.models import workspaces as workspace_rows
from accounts.teams import invites
from accounts.workspaces import workspaces
from billing.charging import grants
from billing.models import grants as grant_rows
from imgapis.base import clock
from imgapis.policy import requests
from tests.accounts import teams
from tests.people import fresh_address
from transforms.models import blocks as block_rows
from transforms.models import purges as purge_rows
from transforms.serving import blocks, purges
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("dynamodb")
WHY = "The customer asked by mail"
STAFF = "staff:p_somebody"


@pytest.fixture
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"


@pytest.fixture
def row(mail_folder):
    """A workspace row with the ids of a key, an invitation and a request of its owner's as attributes."""
    owner = teams.new_person("whole")
    workspace = teams.new_workspace(owner)
    workspace.owner = owner
    workspace.invite = invites.invite(teams.place(workspace, owner), fresh_address("guest"), "viewer").invite_id
    _, key = apikeys.create(workspace.workspace_id, owner.person_id, "owner", name="ci", scopes=["workspace.view"])
    workspace.key = key.prefix
    named_sources.create(workspace.workspace_id, name="shop", kind="http", prefix="https://shop.example/")
    workspace.request_id = requests.record(
        law="gdpr", kind="access", address=owner.email, received=clock.now()
    ).request_id
    return workspace


# name → (the action, the state it changes)
ACTS = {
    "credits.granted": (
        lambda row: grants.grant(row.workspace_id, 20, WHY, STAFF, grant_id=str(uuid.uuid4())),
        lambda row: len(list(grant_rows.of_workspace(row.workspace_id))),
    ),
    "credits.taken_back": (
        lambda row: grants.take_back(row.workspace_id, 20, WHY, STAFF, grant_id=str(uuid.uuid4())),
        lambda row: len(list(grant_rows.of_workspace(row.workspace_id))),
    ),
    "workspace.suspended": (
        lambda row: workspaces.set_suspended(workspace_rows.find(row.workspace_id), STAFF, suspended=True, reason=WHY),
        lambda row: bool(workspace_rows.find(row.workspace_id).suspended),
    ),
    "key.revoked": (
        lambda row: apikeys.revoke(row.workspace_id, row.key, STAFF, WHY),
        lambda row: apikeys.of_prefix(row.key) is None,
    ),
    "invite.resent": (
        lambda row: invites.resend_as_staff(row.workspace_id, row.invite, STAFF, WHY),
        lambda row: invites.pending(row.workspace_id)[0].token_digest,
    ),
    "cache.purged": (
        lambda row: purges.purge(workspace_rows.find(row.workspace_id), STAFF, "workspace", "", WHY),
        lambda row: len(purge_rows.of_workspace(row.workspace_id)),
    ),
    "picture.blocked": (
        lambda row: blocks.block(workspace_rows.find(row.workspace_id), STAFF, "source", "shop", WHY),
        lambda row: len(block_rows.of_workspace(row.workspace_id)),
    ),
    "request.confirmed": (
        lambda row: requests.confirm(row.request_id, STAFF, WHY),
        lambda row: bool(requests.of_id(row.request_id).confirmed),
    ),
    "request.extended": (
        lambda row: requests.extend(row.request_id, STAFF, WHY),
        lambda row: requests.of_id(row.request_id).due,
    ),
    "request.closed": (
        lambda row: requests.close(row.request_id, "done", "", STAFF, WHY),
        lambda row: requests.of_id(row.request_id).state,
    ),
}


def log_of(act: str, row) -> str:
    """The id of the log that records an action."""
    return requests.log_of(row.request_id) if act.startswith("request.") else row.workspace_id


@pytest.mark.parametrize("act", ACTS)
def test_an_act_whose_entry_cannot_be_written_is_not_done(act, row, monkeypatch):
    """A17: the entry's id is in use, so DynamoDB refuses it; the change it records is then not written either."""
    do, state_of = ACTS[act]
    existing_entry = audit.record(log_of(act, row), "system", "row.changed")
    state_before = state_of(row)
    monkeypatch.setattr("accounts.audit.tokens.time_ordered_id", lambda moment: existing_entry.entry_id)
    outcome = None
    try:
        outcome = do(row)
    except Exception as error:  # each act has a refusal of its own
        outcome = error
    assert state_of(row) == state_before and (outcome is False or isinstance(outcome, Exception)), outcome
    assert [entry.act for entry in audit.newest(log_of(act, row), 1)] == ["row.changed"]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_and_its_entry_are_there_together(act, row):
    """A17: who, what and why."""
    do, state_of = ACTS[act]
    state_before = state_of(row)
    do(row)
    entry = audit.newest(log_of(act, row), 1)[0]
    assert state_of(row) != state_before
    assert (entry.act, entry.actor, entry.reason) == (act, STAFF, WHY)
