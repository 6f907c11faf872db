"""The page of billing notices: one's own mails, and a webhook whose secret is shown once."""

import re

import pytest

from accounts.people import people
from billing.notifications import outgoing_webhooks, preferences
from imgapis.base import tokens
from tests.billing.test_billing_page import Desk

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def desk(web):
    """An owner with the page of notices open."""
    new_desk = Desk()
    new_desk.path += "/notices"
    new_desk.page()
    return new_desk


def test_a_member_chooses_the_mails_that_come_to_that_member(desk):
    person_id = people.of_email(desk.address).person_id
    assert preferences.choices(desk.row.workspace_id, person_id) == {"usage": True, "burst": True}
    assert desk.browser.post(desk.path + "/choose", {"usage": "on"}).status == 302
    assert preferences.choices(desk.row.workspace_id, person_id) == {"usage": True, "burst": False}
    assert desk.page().count("checked") == 1


def test_the_secret_of_a_webhook_is_shown_once_and_signs(desk):
    page = desk.browser.post(desk.path + "/hook", {"address": "https://shop.example/a"})
    secret = re.search(r"whsec_[\w-]+", page.text)[0]
    assert page.headers["cache-control"] == "no-store"
    assert tokens.unseal(outgoing_webhooks.of(desk.row.workspace_id).sealed_secret).decode() == secret
    text = desk.page()
    assert "https://shop.example/a" in text and "whsec_" not in text


@pytest.mark.parametrize(
    "address", ["", "http://hooks.example.com/", "ftp://x.example", "nonsense", "https://10.0.0.1/"]
)
def test_an_address_that_cannot_be_is_said_at_the_field(address, desk):
    page = desk.browser.post(desk.path + "/hook", {"address": address})
    assert page.status == 400 and 'class="error"' in page.text and outgoing_webhooks.of(desk.row.workspace_id) is None


def test_a_webhook_is_tested_once_a_minute_and_removed(desk):
    def send(act: str) -> str:
        return desk.browser.follow(desk.browser.post(f"{desk.path}/hook{act}")).text

    assert "There is no webhook to test" in send("/test")
    desk.browser.post(desk.path + "/hook", {"address": "https://shop.example/a"})
    assert "A test is on its way" in send("/test")
    assert "Wait a moment" in send("/test")
    assert "The webhook is removed" in send("/remove") and outgoing_webhooks.of(desk.row.workspace_id) is None
    assert "The webhook is removed" in send("/remove")  # twice is no error
