"""The whole purchase in a real Chromium: free, Checkout, paid, portal, cancelled, free again, and its mails."""

import pytest

from accounts.models import workspaces
from tests import people
from tests.browser.conftest import SITE
from tests.browser.test_axe import violations

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web", "world")]


def subjects(address: str) -> list[str]:
    """The subjects of the mails to an address, but for codes, oldest first."""
    return [mail["Subject"] for mail in people.mails(address) if "code" not in mail["Subject"].lower()]


@pytest.mark.timeout(180)
def test_from_free_to_paid_and_back_with_the_mails(window, world):
    """P03, P20, B16: only redirects lead to Stripe, and the plan begins once its events have arrived."""
    owner = window("payer")
    owner.sign_up()
    billing = f"/w/{owner.namespace}/billing"
    owner.go(billing)
    page, clicks = owner.page, []

    def click(role: str, name: str) -> None:
        owner.click(role, name)
        clicks.append(name)

    # Joining: two clicks, one of them on Stripe's page.
    click("button", "Choose Starter, $19 a month")
    assert page.url.startswith(f"{world.stub.address}/checkout/") and page.get_by_text("STUB").count()
    assert page.evaluate("document.querySelectorAll('script').length") == 0
    click("button", "Subscribe")
    joining_clicks = len(clicks)
    assert page.url.startswith(f"{SITE}{billing}/return?session_id=cs_")
    assert page.get_by_text("The plan begins when Stripe has told us").count()  # the page itself grants nothing
    world.deliver()
    click("link", "Look again")
    assert page.get_by_role("heading", name="Thank you: Starter is yours").count()
    owner.go(billing)
    assert page.get_by_text("of 20,000 in the plan").count()
    assert subjects(owner.email) == ["Your img apis receipt"]
    receipt = people.mails(owner.email)[-1].get_body().get_content()
    assert "$19.00" in receipt and world.stub.address in receipt

    # Stripe's portal, there and back.
    click("button", "Card, address and tax number, at Stripe")
    assert page.url.startswith(f"{world.stub.address}/portal/")
    click("link", "Return to img apis")
    assert page.url == SITE + billing
    owner.go(billing + "/invoices")
    assert page.get_by_role("cell", name="$19.00").count() and violations(page) == []
    owner.go(billing)

    # Leaving: no more clicks than joining took.
    clicks.clear()
    click("button", "Cancel plan")
    assert len(clicks) <= joining_clicks
    assert page.get_by_text("The plan is cancelled: Starter goes on until").count() and violations(page) == []
    world.deliver()
    row = workspaces.of_namespace(owner.namespace)
    assert (row.plan, row.next_plan) == ("starter", "free")

    # The end of the period, by the stub's clock.
    world.move(32)
    world.deliver()
    row = workspaces.of_namespace(owner.namespace)
    assert (row.plan, row.billing_state) == ("free", "canceled")
    page.reload()
    assert page.get_by_text("of 1,000 in the plan").count()
    assert subjects(owner.email) == ["Your img apis receipt", "Your img apis plan has ended"]
    assert owner.complaints == [] and owner.foreign == []


@pytest.mark.timeout(120)
def test_a_refused_card_is_told_on_every_page_and_by_mail_and_ends_on_the_free_plan(window, world):
    """B15"""
    owner = window("payer")
    owner.sign_up()
    billing = f"/w/{owner.namespace}/billing"
    owner.go(billing)
    owner.click("button", "Choose Starter, $19 a month")
    owner.click("button", "Subscribe")
    world.deliver()
    with world.refusing_cards():
        world.move(32)
        world.deliver()
        for name in ("", "usage", "billing"):
            owner.go(f"/w/{owner.namespace}/{name}")
            assert owner.page.get_by_text("The last payment failed").count() == 1
        assert "Starter" in owner.page.locator(".page-head").inner_text()
        assert violations(owner.page) == []
        world.move(10)
        world.deliver()
    owner.go(billing)
    assert owner.page.get_by_text("of 1,000 in the plan").count()
    assert owner.page.get_by_text("The last payment failed").count() == 0
    mail_subjects = subjects(owner.email)
    assert mail_subjects[0] == "Your img apis receipt" and mail_subjects[-1] == "Your img apis plan has ended"
    assert "A payment for img apis was refused" in mail_subjects


@pytest.mark.timeout(120)
def test_leaving_checkout_buys_nothing(window, world):
    owner = window("payer")
    owner.sign_up()
    owner.go(f"/w/{owner.namespace}/billing")
    owner.click("button", "Choose Scale, $2,990 a year")
    owner.click("link", "Back without buying")
    assert owner.page.get_by_text("Nothing was bought").count()
    assert world.taken() == [] and owner.page.get_by_text("of 1,000 in the plan").count()
