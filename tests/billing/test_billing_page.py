"""The billing page: its text in each state, and that only roles with `billing.manage` may use it (B17)."""

from dataclasses import replace

import pytest

from accounts import audit
from accounts.models import workspaces
from accounts.people import people
from billing.charging import cap_settings, summary
from billing.charging.caps import Cap
from billing.models import Counter
from billing.plans import periods
from billing.stripe import subscription_state
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock
from tests.accounts import teams
from tests.people import Browser, fresh_address, sign_in

DAY = 86_400
pytestmark = pytest.mark.usefixtures("web")


class Desk:
    """A workspace and the browser of its owner, for the billing page."""

    def __init__(self):
        self.browser, self.address = Browser(), fresh_address("payer")
        sign_in(self.browser, self.address)
        self.person = people.of_email(self.address)
        self.row = teams.new_workspace(self.person)
        self.path = f"/w/{self.row.namespace}/billing"

    def subscribe(self, tier: str = "growth", **changes) -> None:
        """A paid plan since ten days, written as after Stripe's webhook; `changes` are fields of the Standing."""
        now = clock.now()
        subscription = Entitlement(tier, "active", now - 10 * DAY, now + 20 * DAY, read_at=now)
        subscription_state.apply(self.row.workspace_id, replace(subscription, **changes))

    def use(self, halves: int) -> None:
        """Charge half-credits in the current period."""
        terms = periods.terms_of(workspaces.find(self.row.workspace_id))
        period = periods.at(terms, clock.now())
        counter = Counter(self.row.workspace_id, period.name)
        counter.update(actions=[Counter.left.add(-halves), Counter.used.add(halves)])

    def page(self) -> str:
        """The text of the page."""
        page = self.browser.get(self.path)
        assert page.status == 200
        return page.text


@pytest.fixture
def desk(web):
    """An owner on the free plan."""
    return Desk()


def test_a_new_workspace_sees_the_free_plan_and_what_others_cost(desk):
    text = desk.page()
    assert "of 1,000 in the plan" in text and "sells none" in text
    assert "$19 a month" in text and "$2,990 a year" in text


def test_a_paid_plan_shows_use_forecast_and_overage_in_money(desk):
    desk.subscribe(overage=True)
    desk.use(2 * 130_000)
    text = desk.page()
    assert "130,000" in text and "of 120,000 in the plan" in text
    assert "$9 " in text  # ten thousand credits at 90 cents a thousand


def test_the_forecast_goes_on_as_it_did_and_keeps_the_cap(desk):
    desk.subscribe(overage=True)
    desk.use(2 * 90_000)
    usage = summary.of(workspaces.find(desk.row.workspace_id))
    assert abs(usage.forecast - 2 * 270_000) < 2 * 2_000
    assert usage.forecast_cents == 7_899  # the cap is the plan's own price, $79, down to the last half-credit it pays


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"next_tier": "free"}, "The plan is cancelled: Growth goes on until"),
        ({"next_tier": "starter"}, "then Starter begins"),
        ({"state": "past_due"}, "The last payment failed"),
        ({"state": "past_due", "invoices": ()}, "This period is not paid yet"),
        ({"state": "active", "invoices": ()}, "credits; cached ones are served"),
    ],
)
def test_each_state_says_what_happens_next(changes, sentence, desk):
    """B15, H6"""
    desk.subscribe(**changes)
    assert sentence in desk.page()


def test_past_due_stands_on_every_page_of_the_workspace_and_no_other(desk):
    """B15"""
    desk.subscribe(state="past_due")
    for name in ("", "usage", "sources"):
        assert "The last payment failed" in desk.browser.get(f"/w/{desk.row.namespace}/{name}").text
    assert "The last payment failed" not in desk.browser.get("/workspaces").text


def test_a_reached_cap_says_which_and_until_when(desk):
    desk.subscribe()
    cap_settings.change(desk.row.workspace_id, desk.person.person_id, "period", Cap("credits", 10))
    desk.use(20)
    assert "The cap of the period is reached" in desk.page()


def test_used_up_credits_say_so(desk):
    desk.subscribe()
    desk.use(2 * 120_000)
    assert "The credits are used up" in desk.page()


@pytest.mark.parametrize(
    ("fields", "cap"),
    [
        ({"period-unit": "credits", "period-amount": "50,000"}, Cap("credits", 50_000)),
        ({"period-unit": "cents", "period-amount": "$25.5"}, Cap("cents", 2_550)),
        ({"period-unit": "off", "period-amount": ""}, Cap("off", 0)),
    ],
)
def test_a_cap_is_set_in_credits_or_money(fields, cap, desk):
    desk.subscribe(overage=True)
    page = desk.browser.submit(desk.path, {})
    page = desk.browser.post(desk.path + "/caps/period", fields)
    assert page.status == 302
    assert cap_settings.of(workspaces.find(desk.row.workspace_id)).period == cap
    desk.browser.get(desk.path)
    desk.browser.post(desk.path + "/caps/period", {"period-unit": "default"})
    assert cap_settings.of(workspaces.find(desk.row.workspace_id)).own == ()


@pytest.mark.parametrize("amount", ["", "many", "-5", "1.5", "9" * 15])
def test_a_cap_that_is_no_number_is_said_at_the_field(amount, desk):
    desk.browser.get(desk.path)
    page = desk.browser.post(desk.path + "/caps/day", {"day-unit": "credits", "day-amount": amount})
    assert page.status == 400 and 'class="error"' in page.text
    assert cap_settings.of(workspaces.find(desk.row.workspace_id)).own == ()


def test_overage_is_allowed_and_taken_back_and_the_free_plan_sells_none(desk):
    desk.browser.get(desk.path)
    page = desk.browser.follow(desk.browser.post(desk.path + "/overage", {"allowed": "yes"}))
    assert "has no overage" in page.text
    desk.subscribe()
    for answer, allowed in (("yes", True), ("no", False)):
        desk.browser.post(desk.path + "/overage", {"allowed": answer})
        assert workspaces.find(desk.row.workspace_id).overage is allowed
    assert "caps.changed" in {entry.act for entry in audit.newest(desk.row.workspace_id, 10)}


def test_a_viewer_sees_no_link_and_no_page(desk):
    """B17"""
    teammate = Browser()
    address = fresh_address("viewer")
    sign_in(teammate, address)
    teams.add(desk.row, people.of_email(address), "viewer")
    assert teammate.get(desk.path).status == 403
    assert "/billing" not in teammate.get(f"/w/{desk.row.namespace}/").text
