"""A workspace or an account that is erased while a request of it runs: the request ends as 410, and writes nothing."""

import secrets

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.people import people
from transforms.access import fallbacks, presets
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows

pytestmark = pytest.mark.usefixtures("dynamodb")
EDITS = {
    "fallback": lambda workspace_id: fallbacks.save(workspace_id, "p_gone", "none-yet", "shop/none.png"),
    "defaults": lambda workspace_id: fallbacks.change_defaults(workspace_id, "p_gone", "none-yet"),
    "preset": lambda workspace_id: presets.save(workspace_id, "p_gone", "hero", "w=80"),
    "no fallback": lambda workspace_id: fallbacks.delete(workspace_id, "p_gone", "none-yet"),
    "no preset": lambda workspace_id: presets.delete(workspace_id, "p_gone", "hero"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_a_workspace_that_is_gone_is_refused_and_leaves_nothing(edit):
    workspace_id = f"ws_{secrets.token_hex(8)}"
    with pytest.raises(workspace_rows.WorkspaceGone) as refusal:
        edit(workspace_id)
    assert (refusal.value.status, refusal.value.code) == (410, "workspace_gone")
    assert not fallback_rows.of_workspace(workspace_id) and not preset_rows.of_workspace(workspace_id)


def test_an_act_of_an_account_that_is_gone_is_refused():
    with pytest.raises(people.PersonGone) as refusal:
        people.require(f"p_{secrets.token_hex(8)}")
    assert (refusal.value.status, refusal.value.code) == (410, "account_gone")
