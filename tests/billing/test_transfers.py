"""H34: whoever has used beyond the plan pays for it before somebody else becomes the owner, and for nothing after."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import Member
from accounts.models import members as membership_rows
from accounts.models import workspaces as workspace_rows
from accounts.privacy import HOLDINGS
from accounts.teams import members
from accounts.teams.team_changes import LastOwner
from accounts.workspaces.ownership import TooManyWorkspaces
from billing import transfers
from billing.charging import cap_settings
from billing.charging.caps import Cap
from billing.models import overage as overage_rows
from billing.stripe import closing, customers, gateway, overage, reconcile, subscriptions
from billing.stripe.gateway import PaymentRefused, StripeUnavailable
from imgapis.base.errors import ApiError
from tests.accounts import teams
from tests.accounts.test_rest import Client
from tests.billing.buying import Customer
from tests.billing.test_closing import CENTS, CREDITS, DAY, owed
from tests.billing.test_stripe import meter_values
from tests.people import Browser, mails, sign_in


@pytest.fixture
def customer(world, bucket, monkeypatch):
    """An owner's workspace on Starter that has used 200,000 credits beyond its plan, nothing of it reported; `owner`,
    and `heir`, an admin."""
    owner = teams.new_person("hands-over")
    customer = Customer(teams.new_workspace(owner), world, monkeypatch)
    customer.owner, customer.heir = owner, teams.new_person("heir")
    teams.add(customer.row, customer.heir, "admin")
    customer.buy("starter")
    allow_overage(customer)
    assert customer.use(int(customer.counter.base) + 2 * CREDITS)
    yield customer
    world.book.refuses_cards, world.book.asks_confirmation, world.book.meter_delay = False, False, 0
    world.stub.down = False


def allow_overage(customer: Customer) -> None:
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))


def transfer(customer: Customer) -> None:
    """The owner hands the workspace to the heir."""
    members.transfer(teams.place(customer.row, customer.owner), customer.heir.person_id)


def owners(customer: Customer) -> list[str]:
    """Who owns the workspace, of the two."""
    people = {"owner": customer.owner, "heir": customer.heir}
    return [name for name, person in people.items() if teams.place(customer.row, person).role == "owner"]


def report(customer: Customer) -> None:
    """A round of the meter."""
    overage.report(customer.workspace_id, customer.customer_id)


def cards(customer: Customer, world) -> list[dict]:
    return world.book.list_all("payment_methods", customer=customer.customer_id)


def add_card(customer: Customer, world) -> None:
    """The new owner adds a card in Stripe's portal."""
    with world.book.change():
        world.trade.add_card(customer.customer_id)


def charged(customer: Customer) -> int:
    """Cents of all charges."""
    return sum(charge["amount"] for charge in customer.charges)


@pytest.mark.parametrize("reported", ["nothing", "all", "half"])
def test_what_was_used_is_invoiced_and_paid_before_the_roles_change(customer, world, reported):
    if reported == "half":
        counter = customer.counter
        counter.update(actions=[type(counter).used.set(int(counter.base) + CREDITS)])
    if reported != "nothing":
        report(customer)
    if reported == "half":
        counter.update(actions=[type(counter).used.set(int(counter.base) + 2 * CREDITS)])
        customer.moment += 600
    transfer(customer)
    cents, states = owed(customer.customer_id, world)
    assert (sum(cents), set(states), owners(customer)) == (CENTS, {"paid"}, ["heir"])
    assert customer.subscription["status"] == "active" and customer.row.plan == "starter"
    assert charged(customer) == 1_900 + CENTS
    report(customer)
    customer.until(customer.ends + 2 * DAY)
    assert charged(customer) == 1_900 + CENTS, "neither a second time nor with the renewal"
    assert customer.is_sound()


def test_the_old_card_pays_for_nothing_that_follows(customer, world):
    transfer(customer)
    paid = charged(customer)
    assert cards(customer, world) == [] and not customer.row.overage
    at_stripe = world.book.get("customers", customer.customer_id)
    assert (at_stripe["email"], at_stripe["name"]) == (None, None)
    assert customer.use(2) == 0, "the credits of the plan are used up"
    customer.until(customer.ends + 60)
    assert charged(customer) == paid and customer.subscription["status"] == "past_due"


def test_the_new_owner_allows_overage_and_renews_once_there_is_a_card(customer, world, web):
    transfer(customer)
    browser = Browser()
    sign_in(browser, customer.heir.email)
    address = f"/w/{customer.row.namespace}/billing"
    assert "The card was removed for a transfer" in browser.get(address).text
    page = browser.post(f"{address}/overage", {"allowed": "yes"})
    assert "No card is there" in (page.text or browser.get(address).text) and not customer.row.overage
    add_card(customer, world)
    assert "The card was removed" not in browser.get(address).text
    browser.post(f"{address}/overage", {"allowed": "yes"})
    assert customer.row.overage
    paid = charged(customer)
    customer.until(customer.ends + 60)
    assert charged(customer) - paid == 1_900, "the renewal"
    assert customer.use(customer.period.allowance + 2 * 10_000)
    report(customer)
    customer.until(customer.ends + 60)
    assert charged(customer) - paid == 2 * 1_900 + 1_200, "with what the new owner has used beyond"


def test_the_rest_api_refuses_overage_without_a_card(customer, world, web):
    transfer(customer)
    script = Client(scopes=["billing.manage"], workspace=customer.row)
    reply, problem = script.ask("PUT", "/billing/overage", {"allowed": True})
    assert (reply.status, problem["code"]) == (402, "payment_method_missing") and not customer.row.overage
    assert script.ask("PUT", "/billing/overage", {"allowed": False})[0].status == 200
    with pytest.raises(transfers.PayerMissing):
        transfers.require_payer(customer.row)
    add_card(customer, world)
    transfers.require_payer(customer.row)
    assert customers.of_workspace(customer.workspace_id).payer_left is None


def test_who_looks_for_a_card_while_it_is_removed_leaves_the_new_owner_asked_for_one(customer, world, monkeypatch):
    """The billing page and the nightly comparison look: one before the card is gone, and one that writes down what it
    saw then only afterwards."""
    methods, seen = customers._payment_methods, []

    def listed(customer_id: str) -> list[str]:
        method_ids = methods(customer_id)
        if not seen:
            seen.append(customers.of_workspace(customer.workspace_id))
            assert customers.has_payer(customers.of_workspace(customer.workspace_id)), "the card is there still"
            customer.moment += 1
        return method_ids

    monkeypatch.setattr(customers, "_payment_methods", listed)
    transfer(customer)
    assert owners(customer) == ["heir"] and cards(customer, world) == []
    with monkeypatch.context() as late:
        late.setattr(customers, "_payment_methods", lambda _: ["pm_gone"])
        assert not customers.has_payer(seen[0])
    with pytest.raises(transfers.PayerMissing):
        transfers.require_payer(customer.row)


def test_a_card_that_refuses_keeps_the_ownership_where_it_is(customer, world):
    report(customer)
    with world.refusing_cards(), pytest.raises(PaymentRefused):
        transfer(customer)
    assert owners(customer) == ["owner"] and cards(customer, world)
    transfer(customer)
    assert owners(customer) == ["heir"] and owed(customer.customer_id, world) == ([CENTS], ["paid"])


def test_an_invoice_of_its_own_that_is_refused_is_paid_first(customer, world):
    with world.refusing_cards():
        for _ in range(2):
            with pytest.raises(transfers.BillsOpen):
                transfer(customer)
    assert owners(customer) == ["owner"] and owed(customer.customer_id, world) == ([CENTS], ["open"])
    (invoice,) = closing.unclosed_invoices(customer.customer_id)
    with world.book.change():
        world.stub.api.confirm(invoice.id)
    transfer(customer)
    assert owners(customer) == ["heir"] and owed(customer.customer_id, world) == ([CENTS], ["paid"])


def test_a_larger_plan_that_waits_for_its_payer_is_finished_first(customer, world):
    world.book.asks_confirmation = True
    subscriptions.change(customer.row, "person", "growth", "month")
    with pytest.raises(transfers.ChangeWaits):
        transfer(customer)
    assert owners(customer) == ["owner"] and customer.row.overage


def test_a_transfer_while_a_report_is_under_way_bills_it_once(customer, world, monkeypatch):
    """The report is written down and sent, and its answer is lost; Stripe counts it two minutes later."""
    world.book.meter_delay = 120
    settle = overage._settle
    monkeypatch.setattr(overage, "_settle", lambda row: (_ for _ in ()).throw(StripeUnavailable()))
    with pytest.raises(StripeUnavailable):
        report(customer)
    monkeypatch.setattr(overage, "_settle", settle)
    with pytest.raises(transfers.TransferUnfinished):
        transfer(customer)
    assert owners(customer) == ["owner"] and customer.use(2) == 0
    customer.moment += 180
    transfer(customer)
    assert meter_values(world, customer.customer_id) == [CREDITS]
    assert owners(customer) == ["heir"] and owed(customer.customer_id, world) == ([CENTS], ["paid"])


def test_rounds_of_the_meter_beside_a_transfer_bill_nothing_twice(customer, world):
    def attempt(act) -> str:
        try:
            act(customer)
        except ApiError as refusal:
            return refusal.code
        return ""

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(attempt, [report, transfer, report, report]))
    if owners(customer) == ["owner"]:  # it gave way to a round
        customer.moment += 60
        transfer(customer)
    customer.moment += 600
    report(customer)
    cents, states = owed(customer.customer_id, world)
    assert (owners(customer), sum(cents), set(states)) == (["heir"], CENTS, {"paid"})
    row = overage_rows.find(customer.workspace_id, customer.counter.period)
    assert int(row.credits) == CREDITS


def test_nobody_allows_overage_while_a_transfer_settles_the_bill(customer, world, monkeypatch):
    """An admin did between the invoice and the change of roles: what followed was billed to nobody."""
    collect, codes = closing.collect, []

    def collected(customer_id: str) -> None:
        collect(customer_id)
        try:
            allow_overage(customer)
        except ApiError as refusal:
            codes.append(refusal.code)

    monkeypatch.setattr(closing, "collect", collected)
    transfer(customer)
    assert (codes, owners(customer), customer.row.overage) == (["bill_settling"], ["heir"], False)
    assert customer.use(2) == 0


def test_overage_that_is_allowed_as_the_payer_is_removed_is_not(customer, world, monkeypatch):
    """The card was there when it was looked for, and the transfer over when overage was written down."""
    update, seen = cap_settings.entitlement_change.update_terms, []

    def late(workspace_id, decide):
        def decided(row):
            draft = decide(row)
            if not seen:
                seen.append(row)
                with transfers._without_overage(workspace_id):
                    customers.forget_payer(customers.of_workspace(workspace_id))
            return draft

        return update(workspace_id, decided)

    monkeypatch.setattr(cap_settings.entitlement_change.dynamo, "retries", lambda: range(9))
    monkeypatch.setattr(cap_settings.entitlement_change, "update_terms", late)
    with pytest.raises(transfers.PayerMissing):
        cap_settings.allow_overage(customer.workspace_id, "x", allowed=True, require=transfers.require_payer)
    assert not customer.row.overage


@pytest.mark.parametrize("reported", [True, False])
def test_a_transfer_that_is_refused_says_that_overage_is_off(customer, world, reported):
    if reported:
        report(customer)
    with world.refusing_cards(), pytest.raises(ApiError) as refused:
        transfer(customer)
    assert "Overage was turned off" in refused.value.message
    assert refused.value.code == ("payment_refused" if reported else "bills_open") and not customer.row.overage
    with world.refusing_cards(), pytest.raises(ApiError) as again:
        transfer(customer)
    assert "Overage was turned off" not in again.value.message
    assert owners(customer) == ["owner"]
    allow_overage(customer)


def remove(customer: Customer) -> None:
    members.remove(teams.place(customer.row, customer.heir), customer.owner.person_id)


def leave(customer: Customer) -> None:
    members.leave(teams.place(customer.row, customer.owner))


def demote(customer: Customer) -> None:
    members.change_role(teams.place(customer.row, customer.heir), customer.owner.person_id, "admin")


def erase(customer: Customer) -> None:
    """What the erasure of the owner's account does to the team."""
    (holding,) = (each for each in HOLDINGS if each.row is Member)
    holding.detach(teams.place(customer.row, customer.owner))


def test_the_team_page_says_what_an_owner_who_goes_means_for_the_bill(customer, world, web):
    browser, address = Browser(), f"/w/{customer.row.namespace}/team"
    sign_in(browser, customer.owner.email)
    assert "Before one of several owners leaves" not in browser.get(address).text
    members.change_role(teams.place(customer.row, customer.owner), customer.heir.person_id, "owner")
    assert "Before one of several owners leaves" in browser.get(address).text


@pytest.mark.parametrize("act", [remove, leave, demote, erase])
def test_an_owner_who_goes_any_other_way_pays_before_and_for_nothing_after(customer, world, act):
    """Made a co-owner by role, the heir removed the old owner, whose card paid on."""
    members.change_role(teams.place(customer.row, customer.owner), customer.heir.person_id, "owner")
    act(customer)
    member = membership_rows.find(customer.workspace_id, customer.owner.person_id)
    assert member is None or member.role == "admin"
    assert owed(customer.customer_id, world) == ([CENTS], ["paid"]) and cards(customer, world) == []
    assert not customer.row.overage


def test_an_owner_who_leaves_pays_first(customer, world):
    members.change_role(teams.place(customer.row, customer.owner), customer.heir.person_id, "owner")
    with world.refusing_cards(), pytest.raises(transfers.BillsOpen):
        leave(customer)
    assert owners(customer) == ["owner", "heir"] and cards(customer, world)


@pytest.mark.parametrize("act", [remove, demote, erase])
def test_no_bill_keeps_an_owner_from_being_taken_out(customer, world, act):
    members.change_role(teams.place(customer.row, customer.owner), customer.heir.person_id, "owner")
    with world.refusing_cards():
        act(customer)
    member = membership_rows.find(customer.workspace_id, customer.owner.person_id)
    assert member is None or member.role == "admin"
    assert cards(customer, world) == [] and owed(customer.customer_id, world) == ([CENTS], ["open"])
    assert not customer.row.overage


def test_while_stripe_is_away_nobody_is_taken_out_whose_card_would_stay(customer, world):
    members.change_role(teams.place(customer.row, customer.owner), customer.heir.person_id, "owner")
    world.stub.down = True
    with pytest.raises(StripeUnavailable):
        remove(customer)
    world.stub.down = False
    assert owners(customer) == ["owner", "heir"]
    remove(customer)
    assert cards(customer, world) == []


def test_the_last_owner_who_would_go_settles_nothing(customer, world):
    with pytest.raises(LastOwner):
        leave(customer)
    assert cards(customer, world) and customer.row.overage


STEPS = {
    "Stripe invoices the meter": (overage, "restore_metered"),
    "the rest is invoiced": (closing, "collect"),
    "the payer is removed": (customers, "forget_payer"),
    "the roles change": (members.ownership, "make_owner"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_transfer_that_crashes_is_made_whole_by_the_next_try(customer, world, monkeypatch, step, moment):
    report(customer)
    customer.moment += 600
    module, name = STEPS[step]
    act = getattr(module, name)

    def crash(*args):
        if moment == "after" and name != "make_owner":
            act(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, crash)
    with pytest.raises(KeyboardInterrupt):
        transfer(customer)
    monkeypatch.setattr(module, name, act)
    assert owners(customer) == ["owner"]
    transfer(customer)
    assert owners(customer) == ["heir"] and owed(customer.customer_id, world) == ([CENTS], ["paid"])
    assert cards(customer, world) == []
    assert dict(gateway.subscription(customer.customer_id).items).keys() == {"credits", "overage"}


def test_a_metered_price_that_a_crash_took_away_is_put_back_by_the_nightly_comparison(customer, world, monkeypatch):
    report(customer)
    customer.moment += 600
    monkeypatch.setattr(overage, "restore_metered", lambda _: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        transfer(customer)
    assert dict(gateway.subscription(customer.customer_id).items).keys() == {"credits"}
    monkeypatch.undo()
    reconcile.Round().compare_one(customer.workspace_id)
    assert dict(gateway.subscription(customer.customer_id).items).keys() == {"credits", "overage"}


def test_a_transfer_that_is_refused_for_another_reason_changes_nothing_at_stripe(customer, world):
    for _ in range(3):
        workspace_rows.change(teams.new_workspace(customer.heir), limits={})
    workspace_rows.change(customer.row, limits={"seats": 5, "workspaces": 1})
    with pytest.raises(TooManyWorkspaces):
        transfer(customer)
    assert cards(customer, world) and customer.row.overage and owed(customer.customer_id, world) == ([], [])


def test_a_workspace_that_never_bought_is_transferred_without_stripe(world):
    owner, heir = teams.new_person("owner"), teams.new_person("heir")
    row = teams.new_workspace(owner)
    teams.add(row, heir, "admin")
    world.stub.down = True
    try:
        members.transfer(teams.place(row, owner), heir.person_id)
    finally:
        world.stub.down = False
    assert teams.place(row, heir).role == "owner"


def test_while_stripe_is_away_nothing_is_transferred(customer, world):
    world.stub.down = True
    with pytest.raises(StripeUnavailable):
        transfer(customer)
    world.stub.down = False
    assert owners(customer) == ["owner"]
    transfer(customer)
    assert owners(customer) == ["heir"]


def test_the_page_says_before_the_click_what_it_means_and_both_owners_are_told_after(customer, world, web, settings):
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"
    browser = Browser()
    sign_in(browser, customer.owner.email)
    page = browser.get(f"/w/{customer.row.namespace}/team/transfer")
    for words in (
        "come to $240 before tax",
        "Every card kept at Stripe",
        "The new owner adds a card before",
        "Overage is turned off",
    ):
        assert words in page.text, words
    transfer(customer)
    texts = {
        name: next(mail for mail in mails(person.email) if "new owner" in mail["Subject"]).get_body().get_content()
        for name, person in (("owner", customer.owner), ("heir", customer.heir))
    }
    assert "Nothing that is used from now on is charged to you" in texts["owner"] and "$240" in texts["owner"]
    assert "Add yours at Stripe" in texts["heir"] and "$240" not in texts["heir"]


def test_a_transfer_that_ends_after_a_charge_does_not_say_that_nothing_was_charged(customer, world, monkeypatch):
    def fail(row) -> None:
        raise StripeUnavailable

    monkeypatch.setattr(customers, "forget_payer", fail)
    with pytest.raises(transfers.TransferUnfinished, match=r"have not changed yet.*Overage is off.*nothing twice"):
        transfer(customer)
    assert owners(customer) == ["owner"] and charged(customer) == 1_900 + CENTS


def test_who_hands_it_back_in_the_same_period_is_not_asked_for_what_is_paid(customer, world):
    transfer(customer)
    before = " ".join(transfers.preview(customer.workspace_id).before)
    assert "in the running period come to $240 before tax. What of them is not invoiced yet is" in before
    add_card(customer, world)
    paid = charged(customer)
    customer.moment += 600
    members.transfer(teams.place(customer.row, customer.heir), customer.owner.person_id)
    assert owners(customer) == ["owner"] and charged(customer) == paid


def test_of_a_plan_that_is_cancelled_no_renewal_is_announced(customer, world, web):
    subscriptions.cancel(customer.row, "person")
    customer.tell()
    before = " ".join(transfers.preview(customer.workspace_id).before)
    assert "renews" not in before and "is cancelled and goes on until" in before
    transfer(customer)
    browser = Browser()
    sign_in(browser, customer.heir.email)
    page = browser.get(f"/w/{customer.row.namespace}/billing").text
    assert "The card was removed for a transfer" in page and "when the plan renews" not in page


def test_the_page_of_a_free_workspace_says_nothing_of_a_bill(web):
    owner = teams.new_person("free")
    row = teams.new_workspace(owner)
    teams.add(row, teams.new_person("heir"), "admin")
    browser = Browser()
    sign_in(browser, owner.email)
    assert "What it means for the bill" not in browser.get(f"/w/{row.namespace}/team/transfer").text
