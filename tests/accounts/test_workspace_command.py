"""`manage.py workspace`: workspaces made, shown and changed from the shell."""

import secrets

import pytest
from django.core.management import CommandError
from pynamodb.exceptions import PynamoDBConnectionError

from accounts import audit
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from tests.commands import run

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def namespace() -> str:
    """A namespace that nobody has."""
    return f"shell-{secrets.token_hex(6)}"


@pytest.fixture
def row(namespace):
    """A workspace of the shell's."""
    run("workspace", "create", namespace, "--business-name", "Shoes")
    return workspace_rows.of_namespace(namespace)


def test_a_workspace_is_made_with_what_is_named(namespace):
    text = run(
        *("workspace", "create", namespace, "--business-name", "Shoes & Co", "--credits", "1000"),
        *("--origin", "https://shop.example", "--origin", "https://blog.example", "--allow-source", "cdn.example"),
        *("--refused", "original"),
    )
    row = workspace_rows.of_namespace(namespace)
    assert (row.business_name, row.allowance, row.refused) == ("Shoes & Co", 2_000, "original")
    assert row.allowed_origins == ["https://shop.example", "https://blog.example"]
    assert row.allowed_sources == ["cdn.example"]
    assert text == (
        f"{namespace} ({row.workspace_id}): 1000 credits a period, origins ['https://shop.example',"
        " 'https://blog.example'], sources ['cdn.example'], suspended False\n"
    )


def test_a_workspace_of_which_nothing_is_named_has_the_free_plans_credits(namespace):
    run("workspace", "create", namespace)
    row = workspace_rows.of_namespace(namespace)
    assert (row.business_name, row.allowance) == ("", workspaces.default_allowance())


def test_a_change_is_of_what_is_named_and_of_nothing_else(row):
    run("workspace", "change", row.namespace, "--suspended", "1")
    changed = workspace_rows.of_namespace(row.namespace)
    assert changed.suspended and (changed.business_name, changed.allowance) == ("Shoes", row.allowance)
    assert "suspended True" in run("workspace", "show", row.namespace)
    run("workspace", "change", row.namespace, "--suspended", "0", "--credits", "7")
    changed = workspace_rows.of_namespace(row.namespace)
    assert not changed.suspended and changed.allowance == 14


def test_a_change_stands_in_the_audit_log_by_its_kind_in_the_same_transaction(row, monkeypatch):
    run(
        *("workspace", "change", row.namespace, "--suspended", "1", "--credits", "7", "--business-name", "Boots"),
        *("--allow-source", "cdn.example"),
    )
    entries = {entry.act: entry for entry in audit.newest(row.workspace_id, 9)}
    assert entries.keys() >= {"workspace.suspended", "workspace.changed", "access.changed"}
    assert {entry.actor for entry in entries.values()} == {"system"}
    assert entries["access.changed"].after["allowed_sources"] == ["cdn.example"]
    assert entries["workspace.changed"].before == {"allowance": int(row.allowance)}
    assert entries["workspace.changed"].after == {"allowance": 14}, "and no name: it is personal"
    count = len(audit.newest(row.workspace_id, 99))
    run("workspace", "change", row.namespace, "--suspended", "1", "--credits", "7")
    assert len(audit.newest(row.workspace_id, 99)) == count, "what is so already is no change"

    def fail(transaction, entry):
        raise PynamoDBConnectionError

    monkeypatch.setattr(audit, "add_to_transaction", fail)
    with pytest.raises(PynamoDBConnectionError):
        run("workspace", "change", row.namespace, "--credits", "9")
    assert int(workspace_rows.of_namespace(row.namespace).allowance) == 14


def test_that_cache_control_is_followed_from_now_on_stands_in_the_audit_log(row):
    """It changes what pictures cost, as the same change on the page does, which is written down too."""
    run("workspace", "change", row.namespace, "--origin-cache-control", "1")
    entry = audit.newest(row.workspace_id, 1)[0]
    changed = {"origin_cache_control": True}
    assert (entry.act, entry.actor, entry.after) == ("access.changed", "system", changed)
    assert workspace_rows.of_namespace(row.namespace).origin_cache_control


@pytest.mark.parametrize("action", ["create", "change"])
def test_that_any_source_is_read_is_confirmed_with_what_it_can_cost(namespace, action):
    """H5"""
    if action == "change":
        run("workspace", "create", namespace, "--credits", "1000")
    words = ("workspace", action, namespace, "--credits", "1000", "--allow-source", "*")
    with pytest.raises(CommandError, match=r"pays for each.*1,000 credits.*--confirm-any-source"):
        run(*words)
    row = workspace_rows.of_namespace(namespace)
    assert row is None or row.allowed_sources == []
    run(*words, "--confirm-any-source")
    row = workspace_rows.of_namespace(namespace)
    assert row.allowed_sources == ["*"] and row.any_source_confirmed
    run("workspace", "change", namespace, "--allow-source", "*", "--allow-source", "cdn.example")
    run("workspace", "change", namespace, "--allow-source", "cdn.example")
    assert not workspace_rows.of_namespace(namespace).any_source_confirmed


@pytest.mark.parametrize("action", ["show", "change"])
def test_a_workspace_that_there_is_not_is_refused_by_name(namespace, action):
    with pytest.raises(CommandError, match=f"There is no workspace {namespace}"):
        run("workspace", action, namespace)


def test_a_namespace_that_is_taken_or_cannot_be_is_refused(row):
    with pytest.raises(CommandError, match=row.namespace):
        run("workspace", "create", row.namespace, "--business-name", "Another")
    assert workspace_rows.of_namespace(row.namespace).business_name == "Shoes"
    with pytest.raises(CommandError, match="A namespace is 3 to 40"):
        run("workspace", "create", "No Namespace")


BAD = [
    (("--credits", "-1"), "--credits"),
    (("--origin", "https://shop.example/path"), "https://shop.example/path"),
    (("--allow-source", "not a host"), "not a host"),
    (("--business-name", "x" * 101), "1 to 100 characters"),
    (("--refused", "410"), "410"),
    (("--suspended", "2"), "2"),
]


@pytest.mark.parametrize(("words", "reason"), BAD)
def test_a_value_that_cannot_be_changes_nothing(row, words, reason):
    before = row.serialize()
    with pytest.raises(CommandError, match=reason):
        run("workspace", "change", row.namespace, *words)
    assert workspace_rows.of_namespace(row.namespace).serialize() == before


@pytest.mark.parametrize(("words", "reason"), BAD)
def test_a_value_that_cannot_be_makes_no_workspace(namespace, words, reason):
    with pytest.raises(CommandError, match=reason):
        run("workspace", "create", namespace, *words)
    assert workspace_rows.of_namespace(namespace) is None


def test_show_changes_nothing_and_refuses_to_be_asked_to(row):
    with pytest.raises(CommandError, match="show changes nothing"):
        run("workspace", "show", row.namespace, "--credits", "5")
    assert workspace_rows.of_namespace(row.namespace).allowance == row.allowance
