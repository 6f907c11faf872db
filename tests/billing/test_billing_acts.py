"""What billing leaves behind: each act in the audit log, each mail and whom it is for, each refusal and its status."""

import importlib
import pkgutil

import pytest

import billing
from accounts import audit
from accounts.models import Person
from billing.charging import cap_settings, grants
from billing.charging.caps import Cap
from billing.notifications import outgoing_webhooks
from billing.stripe import customers, gateway, receipts, subscriptions, webhooks
from imgapis.base.errors import ApiError
from imgapis.base.mail.rows import OutgoingMail
from tests.accounts import teams
from tests.billing.buying import Customer
from tests.billing.test_duplicates import buy_two

BACK = "http://localhost/back"
REASON = "for the trouble of last week"


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on the free plan that buys at the stub."""
    customer = Customer(buyer, world, monkeypatch)
    yield customer
    world.book.refuses_cards = False


def log(customer: Customer) -> list[tuple]:
    """(act, actor, before, after) of the audit log, sorted."""
    rows = audit.newest(customer.workspace_id, 50)
    return sorted(((row.act, row.actor, row.before, row.after) for row in rows), key=str)


def test_each_act_with_a_plan_stands_in_the_audit_log_once_with_what_it_was_and_became(customer):
    subscriptions.start_checkout(customer.row, "p_a", "starter", "month", BACK)
    customer.buy("starter")
    subscriptions.change(customer.row, "p_b", "growth", "month")
    customer.tell()
    subscriptions.change(customer.row, "p_c", "starter", "year")
    subscriptions.resume(customer.row, "p_d")
    subscriptions.cancel(customer.row, "p_e")
    customer.until(customer.ends + 60)
    assert log(customer) == [
        ("plan.cancelled", "p_e", "growth", None),
        ("plan.change_asked", "p_b", "starter month", "growth month"),
        ("plan.change_asked", "p_c", "growth month", "starter year"),
        ("plan.changed", "stripe", "free", "starter"),
        ("plan.changed", "stripe", "growth", "free"),
        ("plan.changed", "stripe", "starter", "growth"),
        ("plan.checkout", "p_a", None, "starter month"),
        ("plan.resumed", "p_d", None, "growth"),
    ]


def test_each_change_of_what_may_be_spent_stands_in_the_audit_log(customer):
    customer.buy("starter")
    changes = (("day", Cap("credits", 100)), ("period", Cap("cents", 250)), ("day", None), ("day", Cap("off", 0)))
    for span, cap in changes:
        cap_settings.change(customer.workspace_id, "p_a", span, cap)
    for allowed in (True, False):
        cap_settings.allow_overage(customer.workspace_id, "p_b", allowed=allowed)
    grants.grant(customer.workspace_id, 20, REASON, "staff:x")
    grants.take_back(customer.workspace_id, 10, REASON, "staff:y")
    assert [entry for entry in log(customer) if entry[1] != "stripe"] == [
        ("caps.changed", "p_a", None, "100 credits"),
        ("caps.changed", "p_a", None, "250 cents"),
        ("caps.changed", "p_a", None, "default"),
        ("caps.changed", "p_a", None, "off"),
        ("caps.changed", "p_b", None, False),
        ("caps.changed", "p_b", None, True),
        ("credits.granted", "staff:x", None, {"halves": 20}),
        ("credits.taken_back", "staff:y", None, {"halves": -10}),
    ]
    entries = audit.newest(customer.workspace_id, 50)
    assert {row.reason for row in entries if row.act.startswith("credits.")} == {REASON}
    assert {row.target for row in entries if row.act == "caps.changed"} == {"day", "period", "overage"}


def test_a_webhook_that_is_set_or_removed_stands_in_the_audit_log_and_one_that_is_not_there_does_not(customer):
    outgoing_webhooks.configure(customer.workspace_id, "p_a", "https://hooks.example/")
    for actor in ("p_b", "p_c"):
        outgoing_webhooks.remove(customer.workspace_id, actor)
    assert [entry[:2] for entry in log(customer)] == [("webhook.changed", "p_a"), ("webhook.changed", "p_b")]


def test_what_is_refused_stands_in_no_log(customer, world):
    for act in (subscriptions.cancel, subscriptions.resume):
        with pytest.raises(subscriptions.NoSubscription):
            act(customer.row, "p_a")
    with pytest.raises(cap_settings.InvalidCap):
        cap_settings.allow_overage(customer.workspace_id, "p_a", allowed=True)
    customer.buy("starter")
    before = log(customer)
    world.book.refuses_cards = True
    with pytest.raises(gateway.PaymentRefused):
        subscriptions.change(customer.row, "p_a", "growth", "month")
    with pytest.raises(subscriptions.AlreadySubscribed):
        subscriptions.start_checkout(customer.row, "p_a", "growth", "month", BACK)
    assert log(customer) == before


@pytest.fixture
def team(world, monkeypatch):
    """(customer, people by role, mails): a workspace with one person of every role; the mails that are handed over."""
    workspace, people = teams.whole_team()
    mails: list[OutgoingMail] = []
    monkeypatch.setattr(receipts, "dispatch", mails.extend)
    customer = Customer(workspace, world, monkeypatch)
    yield customer, people, mails
    world.book.refuses_cards = False


def roles_of(mails: list[OutgoingMail], people: dict[str, Person], subject: str) -> list[str]:
    """The roles of those whom the mails of a subject are for."""
    roles = {person.person_id: role for role, person in people.items()}
    return sorted(roles[mail.person_id] for mail in mails if mail.subject == subject)


def test_a_receipt_a_refusal_and_the_end_of_a_plan_are_mailed_once_to_owners_and_billing_members(team, world):
    customer, people, mails = team
    customer.buy("starter")
    (receipt, _) = mails
    (invoice,) = world.book.list_all("invoices", customer=customer.customer_id)
    assert (receipt.completion, receipt.reference) == ("receipt", invoice["id"])
    assert receipt.context == {"workspace": "Shoes & Co", "namespace": customer.row.namespace}
    assert receipt.workspace_id == customer.workspace_id and receipt.email == people[role_of(receipt, people)].email
    world.book.refuses_cards = True
    customer.until(customer.ends + 60)
    assert roles_of(mails, people, "A payment for img apis was refused") == ["billing", "owner"]
    customer.pass_time(8 * 86_400)
    assert customer.row.plan == "free"
    for subject in ("Your img apis receipt", "Your img apis plan has ended"):
        assert roles_of(mails, people, subject) == ["billing", "owner"], subject
    texts = {mail.subject: mail.template for mail in mails}
    assert texts == {
        "Your img apis receipt": "emails/receipt.txt",
        "A payment for img apis was refused": "emails/payment_failed.txt",
        "Your img apis plan has ended": "emails/plan_ended.txt",
    }


def role_of(mail: OutgoingMail, people: dict[str, Person]) -> str:
    return next(role for role, person in people.items() if person.person_id == mail.person_id)


def test_a_second_plan_that_is_refunded_is_mailed_once_to_owners_and_billing_members(team):
    customer, people, mails = team
    customers.ensure(customer.workspace_id)
    buy_two(customer, "starter", "growth")
    for _ in range(3):
        customer.tell()
    assert roles_of(mails, people, "A second plan for img apis was refunded") == ["billing", "owner"]
    stored = [OutgoingMail.find(mail.mail_id) for mail in mails]
    assert all(stored), "each is written with what it tells of, before it is handed over"


def test_a_receipt_says_what_its_invoice_says(customer, world):
    customer.buy("starter")
    (invoice,) = world.book.list_all("invoices", customer=customer.customer_id)
    invoice |= {"total": 123_456, "currency": "eur", "created": 1_790_000_000}
    assert receipts._read_invoice(invoice["id"]).context == {
        "number": invoice["number"],
        "total": "1,234.56 EUR",
        "day": "2026-09-21",
        "url": invoice["hosted_invoice_url"],
    }
    invoice["total"] = 0
    assert receipts._read_invoice(invoice["id"]) is None, "nothing was paid"
    assert receipts._read_invoice("in_unknown") is None


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [(1_900, "usd", "$19.00"), (5, "usd", "$0.05"), (-150, "usd", "-$1.50"), (-123_456, "eur", "-1,234.56 EUR")],
)
def test_money_of_an_invoice_is_written_to_the_cent_in_its_currency(cents, currency, text):
    assert receipts.format_money(cents, currency) == text


def test_a_refused_payment_that_stripe_knows_no_invoice_of_is_mailed_as_a_renewal_s(customer):
    assert not webhooks._is_of_upgrade("in_unknown")


# The status, the code, and the seconds after which to try again, of each refusal of billing; those that are made with a
# sentence are made with one here too.
REFUSALS = {
    "UnknownNotice": (404, "unknown_notice", None),
    "NoWebhook": (404, "no_webhook", None),
    "TestedJustNow": (429, "tested_just_now", 60),
    "TooLarge": (400, "body_too_large", None),
    "CreditsBusy": (503, "credits_busy", 1),
    "InvalidCap": (400, "invalid_cap", None),
    "InvalidGrant": (400, "invalid_grant", None),
    "OutOfCredits": (402, "out_of_credits", None),
    "CapReached": (402, "cap_reached", None),
    "OverageUnpaid": (402, "overage_unpaid", None),
    "BillSettling": (409, "bill_settling", None),
    "ChargeUnavailable": (503, "charge_unavailable", 1),
    "InvalidLink": (404, "unknown_link", None),
    "InvalidWebhook": (400, "invalid_webhook", None),
    "OverageNotInvoiced": (503, "overage_not_invoiced", 60),
    "UnknownPlan": (400, "unknown_plan", None),
    "AlreadySubscribed": (409, "already_subscribed", None),
    "InvoiceUnpaid": (402, "invoice_unpaid", None),
    "InvoiceDraft": (409, "invoice_draft", None),
    "ChangeUnderWay": (409, "change_under_way", 10),
    "NoSubscription": (409, "no_subscription", None),
    "StripeUnavailable": (503, "stripe_unavailable", 30),
    "StripeRefused": (409, "stripe_refused", None),
    "ChangeUnconfirmed": (503, "change_unconfirmed", 60),
    "PaymentRefused": (402, "payment_refused", None),
    "ConfirmationRequired": (402, "payment_refused", None),
    "NotConfigured": (503, "billing_off", None),
    "InvalidWebhookSignature": (400, "bad_signature", None),
    "OtherApiVersion": (409, "other_api_version", None),
    "InvoiceOpen": (503, "invoice_open", 3_600),
    "BillsOpen": (409, "bills_open", None),
    "ChangeWaits": (409, "change_waits", None),
    "TransferUnfinished": (503, "transfer_unfinished", 60),
    "PayerMissing": (402, "payment_method_missing", None),
}
ARGUMENTS = {"InvalidCap": ["x"], "InvalidGrant": ["x"], "InvalidWebhook": ["x"], "CapReached": ["day"]}
ARGUMENTS |= {"OtherApiVersion": ["x"], "ChangeWaits": [0.0]}


def refusal_classes() -> dict[str, type[ApiError]]:
    """Every refusal that billing declares."""
    refusals: dict[str, type[ApiError]] = {}
    for module in pkgutil.walk_packages(billing.__path__, "billing."):
        if ".management" not in module.name:
            members = vars(importlib.import_module(module.name)).values()
            classes = [member for member in members if isinstance(member, type) and issubclass(member, ApiError)]
            refusals |= {each.__name__: each for each in classes if each.__module__.startswith("billing.")}
    return refusals


def test_each_refusal_of_billing_has_its_status_its_code_and_when_to_try_again():
    refusals = {name: kind(*ARGUMENTS.get(name, [])) for name, kind in refusal_classes().items()}
    assert {name: (each.status, each.code, each.retry_after) for name, each in refusals.items()} == REFUSALS
