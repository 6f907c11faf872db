"""Billing mails and the webhook by API key, with the same rules as the page."""

import pytest

from billing.notifications import outgoing_webhooks, preferences
from tests.accounts.test_rest import Client

ADDRESS = "https://shop.example/imgapis"
pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def script(dynamodb):
    """An owner's API client."""
    return Client(scopes=["billing.manage"])


def test_it_works(script):
    reply, body = script.ask("GET", "/notices")
    assert (reply.status, body) == (200, {"mails": {"usage": True, "burst": True}, "webhook": None})


def test_a_kind_of_mail_is_turned_off_and_on_for_whoever_made_the_key(script):
    _, body = script.ask("PUT", "/notices/mails/usage", {"wanted": False})
    assert body["mails"] == {"usage": False, "burst": True}
    assert preferences.choices(script.workspace.workspace_id, "p_other")["usage"]
    _, body = script.ask("PUT", "/notices/mails/usage", {"wanted": True})
    assert body["mails"]["usage"]
    reply, problem = script.ask("PUT", "/notices/mails/receipts", {"wanted": False})
    assert (reply.status, problem["code"]) == (404, "unknown_notice")


def test_a_webhook_is_set_tested_once_a_minute_and_removed(script):
    reply, problem = script.ask("POST", "/notices/webhook/test")
    assert (reply.status, problem["code"]) == (404, "no_webhook")
    reply, first = script.ask("PUT", "/notices/webhook", {"address": ADDRESS})
    _, second = script.ask("PUT", "/notices/webhook", {"address": ADDRESS})
    assert reply.status == 200 and first["secret"].startswith("whsec_") and first["secret"] != second["secret"]
    reply, body = script.ask("GET", "/notices")
    assert body["webhook"] == {
        "address": ADDRESS,
        "last_tried": None,
        "last_outcome": "",
        "made_by": script.row.prefix,
    }
    assert second["secret"].encode() not in reply.body
    answers = [script.ask("POST", "/notices/webhook/test") for _ in range(3)]  # a minute may turn between two of them
    assert answers[0][0].status == 202 and answers[-1][1]["code"] == "tested_just_now"
    for _ in range(2):
        assert script.ask("DELETE", "/notices/webhook")[0].status == 204
    assert outgoing_webhooks.of(script.workspace.workspace_id) is None


@pytest.mark.parametrize(
    "address", ["http://hooks.example/", "ftp://x.example", "https://localhost/", "https://10.0.0.1/", "", "x" * 5_000]
)
def test_an_address_we_would_not_post_to_is_refused(script, address):
    """S1"""
    reply, problem = script.ask("PUT", "/notices/webhook", {"address": address})
    assert reply.status in (400, 422) and problem["param"] == "address"
    assert outgoing_webhooks.of(script.workspace.workspace_id) is None


def test_a_key_without_the_scope_sees_and_changes_nothing(script):
    """B17"""
    reader = Client("viewer", ["workspace.view"], workspace=script.workspace)
    for method, path, body in (
        ("GET", "/notices", None),
        ("PUT", "/notices/mails/usage", {"wanted": False}),
        ("PUT", "/notices/webhook", {"address": ADDRESS}),
        ("DELETE", "/notices/webhook", None),
        ("POST", "/notices/webhook/test", None),
    ):
        assert reader.ask(method, path, body)[0].status == 403
