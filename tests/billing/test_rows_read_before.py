"""A row that was read may be another one by the time that it is written: each conditional write of billing leaves what
somebody else has written meanwhile."""

import secrets

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.models.workspaces import WorkspaceGone
from billing.charging import credits
from billing.models import (
    Claim,
    Customer,
    InvoiceGrant,
    PendingNotification,
    ReportedOverage,
    Subscription,
    Webhook,
    claims,
    invoice_grants,
    notifications,
    overage,
    subscriptions,
    webhooks,
)
from billing.notifications import notifications as notices
from billing.stripe import customers, gateway, receipts
from imgapis.base import clock, dynamo
from tests.billing.test_charge import RICH, bill

pytestmark = pytest.mark.usefixtures("dynamodb")
PERIOD = "2026-11-01T00Z"


@pytest.fixture
def workspace_id() -> str:
    """An id that nothing else has."""
    return f"w_{secrets.token_hex(8)}"


def subscription(workspace_id: str, **values) -> Subscription:
    """A stored subscription."""
    row = Subscription(workspace_id, customer_id="cus_x", **values)
    row.save()
    return row


def test_a_hold_only_becomes_longer_and_keeps_its_beginning(workspace_id):
    subscription(workspace_id)
    for until, now, expected in ((100, 10, (100, 10)), (200, 20, (200, 10)), (150, 30, (200, 10))):
        subscriptions.hold(workspace_id, until, now)
        row = subscriptions.find(workspace_id)
        assert (row.reports_from, row.held_from) == expected


def test_no_hold_makes_a_row_of_a_workspace_that_has_none(workspace_id):
    subscriptions.hold(workspace_id, 100, 10)
    assert subscriptions.find(workspace_id) is None


def test_a_hold_that_was_prolonged_since_it_was_read_is_neither_shortened_nor_begun_anew(workspace_id):
    before = subscription(workspace_id, reports_from=100, held_from=10)
    subscriptions.hold(workspace_id, 500, 50)
    subscriptions.change_hold(before, 60)
    subscriptions.restart_hold(before, None)
    row = subscriptions.find(workspace_id)
    assert (row.reports_from, row.held_from) == (500, 10)


def test_a_hold_is_shortened_where_it_is_longer_and_never_prolonged_by_that(workspace_id):
    before = subscription(workspace_id, reports_from=100, held_from=10)
    customers.shorten_hold(before, 300)
    assert subscriptions.find(workspace_id).reports_from == 100
    customers.shorten_hold(before, 60)
    assert subscriptions.find(workspace_id).reports_from == 60


@pytest.mark.parametrize("is_held", [False, True])
def test_the_time_of_a_hold_begins_anew_where_it_goes_on_and_ends_where_it_is_over(workspace_id, monkeypatch, is_held):
    monkeypatch.setattr(clock, "now", lambda: 1_000.0)
    before = subscription(workspace_id, reports_from=1_500 if is_held else 900, held_from=10)
    customers.restart_hold(before)
    assert subscriptions.find(workspace_id).held_from == (1_000 if is_held else None)


@pytest.mark.parametrize(("until", "is_free"), [(None, True), (999, True), (1_000, True), (1_001, False)])
def test_a_report_needs_a_time_without_hold(workspace_id, monkeypatch, until, is_free):
    monkeypatch.setattr(clock, "now", lambda: 1_000.0)
    row = subscription(workspace_id, **({} if until is None else {"reports_from": until}))
    if until is None:
        row.update(actions=[Subscription.reports_from.remove()])  # one from before there were holds
    try:
        with dynamo.transaction() as transaction:
            customers.require_no_hold(transaction, workspace_id)
            transaction.save(Claim(workspace_id, "x", charged=0, expires=clock.utc(5)))
    except dynamo.TransactionCanceled as error:
        assert error.failed == {"hold"} and not is_free
    else:
        assert is_free


def test_a_payer_who_is_removed_again_is_not_taken_to_be_back(workspace_id):
    subscription(workspace_id)
    subscriptions.set_payer_left(workspace_id, 10)
    before = subscriptions.find(workspace_id)
    subscriptions.set_payer_left(workspace_id, 20)
    assert not subscriptions.clear_payer_left(before) and subscriptions.find(workspace_id).payer_left == 20


def test_an_older_answer_of_stripe_s_takes_no_newer_one_s_place_and_makes_no_row(workspace_id):
    with pytest.raises(dynamo.TransactionCanceled), dynamo.transaction() as transaction:
        customers.write(transaction, workspace_id, None, 10)
    assert subscriptions.find(workspace_id) is None
    subscription(workspace_id, state="active", tier="growth", next_tier="starter", cancels=True, asked=20)
    for asked, expected in ((19.0, ("active", "growth", "starter", True)), (20.0, ("none", "free", "", False))):
        with dynamo.transaction() as transaction:
            customers.write(transaction, workspace_id, None, asked)
            transaction.save(Claim(workspace_id, "x", charged=0, expires=clock.utc(5)))
        row = subscriptions.find(workspace_id)
        assert (row.state, row.tier, row.next_tier, row.cancels) == expected


def test_two_who_make_the_customer_of_a_workspace_at_once_have_the_one_that_was_first(buyer, world, monkeypatch):
    create, first = gateway.create_customer, []

    def create_after_another(workspace_id: str) -> str:
        monkeypatch.setattr(gateway, "create_customer", create)
        first.append(customers.ensure(workspace_id))
        return "cus_late"

    monkeypatch.setattr(gateway, "create_customer", create_after_another)
    row = customers.ensure(buyer.workspace_id)
    assert row.customer_id == first[0].customer_id != "cus_late"
    assert customers.workspace_of("cus_late") is None and customers.workspace_of(row.customer_id) == buyer.workspace_id


def test_a_customer_of_another_workspace_is_not_taken_over(buyer, world, monkeypatch):
    """Were Stripe to hand out an id twice, its events would move to somebody else."""
    Customer("cus_taken", workspace_id="w_other").save()
    monkeypatch.setattr(gateway, "create_customer", lambda workspace_id: "cus_taken")
    with pytest.raises(dynamo.TransactionCanceled):
        customers.ensure(buyer.workspace_id)
    assert customers.workspace_of("cus_taken") == "w_other" and customers.of_workspace(buyer.workspace_id) is None


def test_a_workspace_that_is_gone_gets_no_customer(buyer, world):
    workspace_rows.find(buyer.workspace_id).delete()
    with pytest.raises(WorkspaceGone):
        customers.ensure(buyer.workspace_id)
    assert customers.of_workspace(buyer.workspace_id) is None


def reported(workspace_id: str, **values) -> ReportedOverage:
    """A stored report of overage."""
    row = ReportedOverage(workspace_id, PERIOD, **values)
    row.save()
    return row


def test_what_was_reported_meanwhile_is_not_reported_settled_or_invoiced_by_a_row_from_before(workspace_id):
    before = reported(workspace_id, credits=5, telling=9)
    before_settled = overage.find(workspace_id, PERIOD)
    overage.settle(before, 100, 0)
    assert not overage.invoice_instead(before_settled, "growth")
    overage.settle(before_settled, 200, 4)
    row = overage.find(workspace_id, PERIOD)
    assert (row.credits, row.told, row.invoiced, row.invoicing) == (9, 100, 0, "")
    assert overage.get_or_create(workspace_id, PERIOD).credits == 9


def test_a_report_that_fails_says_since_when_and_no_longer_once_it_is_settled(workspace_id):
    row = reported(workspace_id, credits=0, telling=9)
    for now in (10, 20):
        overage.mark_failing(row, now)
    assert overage.find(workspace_id, PERIOD).failing == 10
    overage.settle(row, 30, 0)
    assert overage.find(workspace_id, PERIOD).failing == 0


def invoice_grant(workspace_id: str, **values) -> InvoiceGrant:
    place = f"{PERIOD} in_1"
    return InvoiceGrant(workspace_id, place, invoice_id="in_1", period=PERIOD, granted=100, moment=1, **values)


def test_what_an_invoice_granted_is_written_once_and_a_return_noted_where_nothing_returned_meanwhile(workspace_id):
    assert invoice_grants.add(invoice_grant(workspace_id))
    assert not invoice_grants.add(invoice_grant(workspace_id, returned=7))
    before = invoice_grants.get(workspace_id, f"{PERIOD} in_1")
    assert invoice_grants.note_return(before, 3, "ch_1")
    stale = invoice_grant(workspace_id, returned=0)
    assert not invoice_grants.note_return(stale, 5, "ch_2")
    row = invoice_grants.get(workspace_id, f"{PERIOD} in_1")
    assert (row.returned, row.charge_id) == (3, "ch_1")


def test_the_record_of_a_receipt_is_written_once(workspace_id):
    def record() -> None:
        with dynamo.transaction() as transaction:
            receipts.add_record(transaction, workspace_id, "in_1")

    record()
    with pytest.raises(dynamo.TransactionCanceled):
        record()
    assert receipts.is_sent(workspace_id, "in_1") and not receipts.is_sent(workspace_id, "in_2")


def test_claims_that_were_charged_since_or_end_before_are_left(workspace_id):
    lives = {"long": (10, 900), "charged since": (50, 900), "short": (10, 300)}
    for digest, (charged, expires) in lives.items():
        Claim(workspace_id, digest, charged=charged, expires=clock.utc(expires)).save()
    claims.end_by(workspace_id, [*lives, "unknown"], 500, 50)
    left = {row.digest: row.expires.timestamp() for row in Claim.query(workspace_id)}
    assert left == {"long": 500, "charged since": 900, "short": 300}


@pytest.mark.parametrize(("expires", "charged", "is_live"), [(100, 50, False), (101, 50, True), (101, 40, False)])
def test_a_claim_lives_until_its_end_and_not_beyond_a_purge(workspace_id, expires, charged, is_live):
    """The purge was at 40, and it is 100 now."""
    Claim(workspace_id, "a", charged=charged, expires=clock.utc(expires)).save()
    assert (claims.find_live(workspace_id, "a", 100, 40) is not None) is is_live
    assert claims.live_digests(workspace_id, ["a", "b", "a"], 100, 40) == (frozenset({"a"}) if is_live else frozenset())
    assert claims.count_live(workspace_id, 100, 40, 9) == (1 if is_live else 0)


def test_a_charge_at_the_very_end_of_a_claim_is_new_work(workspace):
    """The look and the write agree on the second in which a claim ends."""
    first = bill(workspace.workspace_id, digest="d" * 64, moment=float(int(clock.now()) - 365 * 86_400))
    assert credits.charge(first, RICH) == 2
    end = first.moment + first.claim_seconds
    assert claims.find_live(workspace.workspace_id, first.digest, end) is None
    assert credits.charge(bill(workspace.workspace_id, digest=first.digest, moment=end), RICH) == 2


def test_a_notice_is_written_leased_and_mailed_once_and_stays_sent(workspace):
    workspace_id = workspace.workspace_id
    assert notices.create(workspace_id, "n", "test", {}) and not notices.create(workspace_id, "n", "test", {"a": 1})
    (row,) = [each for each in notices.due(1_000) if each.place == f"{workspace_id} n"]
    other = PendingNotification.get(row.shard, row.place)
    assert notices.lease(row) and not notices.lease(other), "another worker has it"
    assert row.due == pytest.approx(clock.now() + notices.LEASE_SECONDS, abs=5)
    assert notices.claim_mails(row, []) and not notices.claim_mails(row, [])
    notices.finish(row)
    notifications.postpone(row, 5)
    assert PendingNotification.find(row.shard, row.place) is None, "what is sent is not put back"
    notices.finish(row)
    assert notices.get(workspace_id, "n") is not None


def test_a_receiver_rests_once_and_nothing_is_written_of_one_that_was_removed(workspace_id):
    webhooks.put(workspace_id, {"address": "https://a.example/", "sealed_secret": "s", "created": 1, "rests_until": 0})
    before, other = webhooks.find(workspace_id), webhooks.find(workspace_id)
    failed = webhooks.record_failure(workspace_id, 5, "500")
    assert failed.failures == 1 and webhooks.record_failure(workspace_id, 6, "500").failures == 2
    webhooks.rest_after_failures(failed, 900)
    assert webhooks.find(workspace_id).rests_until == 0, "there were more failures since"
    assert webhooks.rest(before, 50) and not webhooks.rest(other, 60)
    assert webhooks.delete(workspace_id) and not webhooks.delete(workspace_id)
    webhooks.record_success(workspace_id, 7, "200")
    assert webhooks.record_failure(workspace_id, 8, "500") is None and Webhook.find(workspace_id) is None
