"""Buying on the pages: paid only at Stripe, by permitted roles, never by what a form or address claims (B16, B17)."""

import pytest

from accounts.models import workspaces
from accounts.people import people
from accounts.teams.roles import ROLES
from billing.models import counters
from billing.stripe import gateway, subscriptions
from tests import environment
from tests.accounts import teams
from tests.billing.test_billing_page import Desk
from tests.people import Browser, fresh_address, sign_in

ACTS = ("plan", "cancel", "resume", "portal")
pytestmark = pytest.mark.usefixtures("web", "world")


class PurchaseDesk(Desk):
    """A desk that buys plans on the stub's pages."""

    def press(self, act: str, **fields):
        """Press a button of the page; returns the response, redirects not followed."""
        self.browser.get(self.path)
        return self.browser.post(f"{self.path}/{act}", fields)

    def buy(self, world, tier: str = "starter", interval: str = "month") -> str:
        """Choose a plan, pay on the stub's page, and deliver its events; returns the address it redirects to."""
        page = self.press("plan", tier=tier, interval=interval)
        session = page.location.rsplit("/", 1)[1]
        with world.book.change():
            return_url = world.stub.api.buy(session)
        world.deliver()
        return return_url

    @property
    def plan(self) -> str:
        """The plan in the workspace row."""
        return workspaces.find(self.row.workspace_id).plan


@pytest.fixture
def counter(web):
    """An owner about to buy."""
    return PurchaseDesk()


def test_a_plan_is_bought_by_redirect_and_begins_with_the_event(counter, world):
    page = counter.press("plan", tier="growth", interval="year")
    assert page.status == 302 and page.location.startswith(world.stub.address + "/checkout/")
    assert counter.plan == "free"
    with world.book.change():
        world.stub.api.buy(page.location.rsplit("/", 1)[1])
    assert counter.plan == "free"  # paid, but no event has arrived yet
    world.deliver()
    assert counter.plan == "growth"
    assert "of 120,000 in the plan" in counter.page()


@pytest.mark.parametrize(
    "fields",
    [
        {"tier": "growth", "interval": "month", "price": "1", "amount": "1"},
        {"tier": "growth", "interval": "month", "quantity": "0", "metadata[credits]": "999999"},
        {"tier": "growth", "interval": "month", "line_items[0][price]": "price_1", "credits": "999999"},
    ],
)
def test_a_form_that_claims_more_buys_what_is_sold(fields, counter, world):
    """B16"""
    page = counter.press("plan", **fields)
    session = world.book.get("sessions", page.location.rsplit("/", 1)[1])
    prices = [world.book.get("prices", name) for name in session["metadata"]["stub_prices"].split(",")]
    assert prices[0]["unit_amount"] == 7_900 and "999999" not in str(session)


@pytest.mark.parametrize(
    "fields", [{}, {"tier": "free", "interval": "month"}, {"tier": "x"}, {"tier": "scale", "interval": "day"}]
)
def test_what_is_not_sold_is_refused(fields, counter):
    page = counter.press("plan", **fields)
    assert page.location == counter.path and "A plan is one of" in counter.page()


def test_the_page_after_a_purchase_grants_nothing(counter, world):
    """B16: with a session of one's own that is not paid, of somebody else, or made up."""
    own_session = counter.press("plan", tier="starter", interval="month").location.rsplit("/", 1)[1]
    other_desk = PurchaseDesk()
    foreign_session = other_desk.buy(world, "scale").partition("session_id=")[2]
    rows_before = counters.by_name(counter.row.workspace_id, ["x"])
    for session, status in ((own_session, 200), (foreign_session, 404), ("cs_made_up", 404), ("", 200)):
        assert counter.browser.get(f"{counter.path}/return?session_id={session}").status == status
    assert counter.plan == "free" and counters.by_name(counter.row.workspace_id, ["x"]) == rows_before
    assert not list(counters.periods(counter.row.workspace_id))


def test_of_two_checkout_pages_only_the_newer_one_can_be_paid(counter, world):
    first, second = (
        counter.press("plan", tier=tier, interval="month").location.rsplit("/", 1)[1] for tier in ("starter", "growth")
    )
    assert [world.book.get("sessions", name)["status"] for name in (first, second)] == ["expired", "open"]
    with world.book.change():
        world.stub.api.buy(first)
        world.stub.api.buy(second)
    world.deliver()
    customer = world.book.get("sessions", second)["customer"]
    assert len(world.book.list_all("subscriptions", customer=customer)) == 1 and counter.plan == "growth"


def test_a_checkout_page_paid_while_another_is_made_leaves_nothing_to_pay(counter, world, monkeypatch):
    """The older session is paid after Stripe was first read and before the session could be expired."""
    older_session = counter.press("plan", tier="starter", interval="month").location.rsplit("/", 1)[1]
    real_checkout = gateway.checkout

    def checkout_after_payment(*args):
        session = real_checkout(*args)
        with world.book.change():
            world.stub.api.buy(older_session)
        return session

    monkeypatch.setattr(gateway, "checkout", checkout_after_payment)
    row = workspaces.find(counter.row.workspace_id)
    with pytest.raises(subscriptions.AlreadySubscribed):
        subscriptions.start_checkout(row, "person", "growth", "month", "http://localhost/back")
    customer = world.book.get("sessions", older_session)["customer"]
    assert not world.book.list_all("sessions", customer=customer, status="open")
    assert len(world.book.list_all("subscriptions", customer=customer)) == 1 and counter.plan == "starter"


def test_from_month_to_year_the_period_begins_anew(counter, world):
    counter.buy(world, "starter")
    world.move(10)
    counter.press("plan", tier="growth", interval="year")
    world.deliver()
    row = workspaces.find(counter.row.workspace_id)
    assert (row.plan, row.interval) == ("growth", "year")
    assert 0 <= world.book.now() - row.period_start < 2 * 3_600  # ten days after the month's
    assert 364 < (row.period_end - row.period_start) / 86_400 < 367


def test_after_a_purchase_the_page_says_what_it_brought(counter, world):
    return_url = counter.buy(world)
    assert "Thank you: Starter is yours" in counter.browser.get("/w/" + return_url.partition("/w/")[2]).text
    page = counter.browser.follow(counter.browser.get(counter.path + "/return?left=1"))
    assert "Nothing was bought" in page.text


def test_a_larger_plan_begins_at_once_a_smaller_one_later_and_both_can_be_taken_back(counter, world):
    counter.buy(world, "starter")
    counter.press("plan", tier="growth", interval="month")
    world.deliver()
    assert counter.plan == "growth"
    counter.press("plan", tier="starter", interval="month")
    assert counter.plan == "growth" and "then Starter begins" in counter.page()
    counter.press("resume")
    assert "then Starter begins" not in counter.page()


def test_what_an_upgrade_costs_now_is_told_by_stripe_s_own_seconds(counter, world):
    """Just after the purchase nothing is used up: the whole difference, in money and in credits (H1)."""
    counter.buy(world, "starter")
    text = counter.page()
    assert "for about 100,000 credits more" in text or "for about 99,99" in text
    assert "for 120,000 credits a month; of the first month" in text
    assert "About $60 now" in text or "About $59.99 now" in text
    assert "About $771 now" in text or "About $771.01 now" in text  # a year of Growth, less the month of Starter


def test_another_rhythm_of_the_same_plan_is_told_and_can_be_taken_back(counter, world):
    counter.buy(world, "starter")
    counter.press("plan", tier="starter", interval="year")
    assert "Starter is paid by the year" in counter.page()
    counter.press("resume")
    assert "is paid by the year" not in counter.page()


def test_cancelling_is_one_click_and_joining_takes_two(counter, world):
    """P20: choosing a plan and paying are two; cancelling is one, and is taken back by one."""
    counter.buy(world)
    assert counter.press("cancel").status == 302
    assert "The plan is cancelled: Starter goes on until" in counter.page()
    counter.press("resume")
    assert "The plan is cancelled" not in counter.page()


@pytest.mark.counted
def test_while_stripe_is_away_the_pages_stand_and_say_so(counter, world):
    counter.buy(world)
    world.stub.down = True
    assert "Starter" in counter.page()
    assert "does not answer just now" in counter.browser.get(counter.path + "/invoices").text
    for act in ACTS[: environment.count(1, 4, 4)]:  # each waits for the library's retries
        assert counter.press(act, tier="growth", interval="month").location == counter.path
    assert "does not answer just now" in counter.page()
    world.stub.down = False
    assert "$19.00" in counter.browser.get(counter.path + "/invoices").text


def test_who_may_not_change_money_reaches_neither_checkout_nor_portal(counter, world):
    """B17: role x act; and a stranger, who finds nothing."""
    counter.buy(world)
    sessions_before = world.book.objects["sessions"].copy()
    for role in (*ROLES[1:], "stranger"):
        browser, address = Browser(), fresh_address(f"b17-{role}")
        sign_in(browser, address)
        if role != "stranger":
            teams.add(counter.row, people.of_email(address), role)
        if role in ("admin", "billing"):
            browser.get(counter.path)
            assert browser.post(counter.path + "/portal").location.startswith(world.stub.address)
            continue
        for act in ACTS:
            page = browser.post(f"{counter.path}/{act}", {"tier": "scale", "interval": "year"})
            assert page.status == (404 if role == "stranger" else 403)
        assert browser.get(counter.path + "/invoices").status == (404 if role == "stranger" else 403)
    assert counter.plan == "starter" and "is cancelled" not in counter.page()
    assert world.book.objects["sessions"] == sessions_before
