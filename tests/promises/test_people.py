"""The promises about what a person can do and is told: P18, P21, P22, P23."""

import re
from types import SimpleNamespace

import pytest

from accounts.people import people as accounts
from imgapis.base import clock
from imgapis.models import PrivacyRequest
from imgapis.policy import notices, requests
from imgapis.policy.versions import midnight
from imgapis.tables import migration
from tests import people
from tests.people import Browser

DAY = 86_400


def test_p18_everything_about_an_account_is_changed_in_the_dashboard(web):
    """P18: the address once the new one is proven, the business, the workspace's name."""
    owner, address = people.person("corrects")
    base = f"/w/{address.partition('@')[0]}"
    renamed = people.fresh_address("renamed").partition("@")[0]
    assert owner.submit(f"{base}/settings", {"business_name": "Other & Co", "namespace": renamed}).status == 302
    page = owner.get(f"/w/{renamed}/settings")
    assert "Other & Co" in page.text and f'value="{renamed}"' in page.text
    moved = people.fresh_address("moved")
    owner.submit("/account/email", {"email": moved})
    owner.submit("/account/email/code", {"code": "not the code"})
    assert accounts.of_email(moved) is None
    owner.submit("/account/email/code", {"code": people.newest_code(moved)})
    assert accounts.of_email(moved).email == moved and accounts.of_email(address) is None


@pytest.fixture
def asked(dynamodb):
    """A request of each law, six days old; gone after the test."""
    clear()
    came = clock.now() - 6 * DAY
    address = people.fresh_address("asked")
    yield {law: requests.record(law=law, kind="access", address=address, received=came) for law in requests.LAWS}
    clear()


def clear() -> None:
    """No request is left of another test."""
    for row in PrivacyRequest.scan():
        row.delete()


@pytest.mark.parametrize("law", requests.LAWS)
def test_p19_an_erasure_is_due_within_thirty_days_of_the_mail_recovery_counted_in(law, monkeypatch):
    """P19, D7: no law's longer term, no extension; and what recovery could bring back ends long before."""
    received = midnight("2026-01-31")
    for extended in (False, True):
        assert requests.due(law, "delete", received, extended) - received <= 30 * DAY
    sent = Sent()
    monkeypatch.setattr(migration.dynamo, "connection", lambda: SimpleNamespace(client=sent))
    migration.protect("requests")
    (recovery,) = sent.recoveries
    assert recovery["PointInTimeRecoveryEnabled"] and recovery["RecoveryPeriodInDays"] + 7 + 2 < 30


class Sent:
    """A client that notes what DynamoDB would be asked, and does not ask."""

    def __init__(self):
        self.recoveries: list[dict] = []

    def update_continuous_backups(self, **asked) -> None:
        """Note it."""
        self.recoveries.append(asked["PointInTimeRecoverySpecification"])

    def describe_table(self, **asked) -> dict:
        """A table's name in the cloud."""
        return {"Table": {"TableArn": "arn"}}

    def tag_resource(self, **asked) -> None:
        """Nothing."""


def test_p20_leaving_a_workspace_takes_no_more_forms_than_joining_it(web):
    """P20: each is one press of a button, with nothing asked on the way."""
    owner, address = people.person("stays")
    guest, invited = people.person("leaves")
    owner.submit(f"/w/{address.partition('@')[0]}/team", {"email": invited, "role": "viewer"})
    link = re.search(r"/invites/\S+", people.mails(invited)[-1].get_body().get_content())[0]
    joined = guest.submit(link)
    assert joined.location == f"/w/{address.partition('@')[0]}/"
    guest.get(f"{joined.location}team")
    left = guest.post(f"{joined.location}team/leave")
    assert left.location == "/workspaces" and guest.get(joined.location).status == 404


def test_p20_cancelling_a_plan_takes_no_more_clicks_than_buying_it(web, world):
    """P20: two buttons to buy, one of them Stripe's; one to cancel, with nothing asked on the way."""
    owner, address = people.person("cancels")
    billing = f"/w/{address.partition('@')[0]}/billing"
    owner.get(billing)
    checkout = owner.post(f"{billing}/plan", {"tier": "starter", "interval": "month"})
    with world.book.change():
        world.stub.api.buy(checkout.location.rpartition("/")[2])
    world.deliver()
    assert "Cancel plan" in owner.get(billing).text
    assert owner.post(f"{billing}/cancel").location == billing
    assert "The plan is cancelled: Starter goes on until" in owner.get(billing).text


def test_p21_a_request_under_each_law_is_recorded_due_and_fulfilled(asked):
    """P21"""
    due = {law: (row.due - row.received) / DAY for law, row in asked.items()}
    assert 28 <= due["gdpr"] == due["uk_gdpr"] <= 31 and due["ccpa"] == 45
    assert [row.due for row in requests.list_all()] == sorted(row.due for row in asked.values())
    requests.close(asked["gdpr"].request_id, "done")
    assert {row.law for row in requests.list_all()} == {"uk_gdpr", "ccpa"}
    assert requests.of_id(asked["gdpr"].request_id).address is None


def test_p21_the_page_says_how_to_ask_and_by_when(web):
    """P21"""
    text = Browser().get("/privacy/requests").text
    for words in ("privacy@imgapis.com", "GDPR", "UK GDPR", "CCPA", "within 30 days", "within one month", "within 45"):
        assert words in text


def test_p22_nobody_has_an_account_without_confirming_to_be_sixteen_and_no_birth_date_is_kept(web):
    """P22"""
    browser, address = Browser(), people.fresh_address("young")
    browser.follow(browser.submit("/login/code", {"code": people.ask_code(browser, address)}))
    names = {"business_name": "Young", "namespace": address.partition("@")[0]}
    page = browser.post("/signup", names)
    assert page.status == 400 and "16 or older" in page.text and accounts.of_email(address) is None
    browser.post("/signup", {**names, "adult": "on"})
    row = accounts.of_email(address)
    assert abs(row.adult_confirmed - clock.now()) < 60
    assert not [name for name in row.get_attributes() if "birth" in name or "age" in name.split("_")]


def test_p23_a_notice_comes_fourteen_days_ahead_or_not_at_all():
    """P23; crashes, two at once, late mails and who was told already: tests/policy/test_notices.py."""
    for hour in range(0, 24, 5):
        now = 1_800_000_000 + hour * 3_600
        assert midnight(notices.earliest_day(now)) - now >= 14 * DAY
    assert notices.AHEAD_DAYS == 14
