"""The stub answers as Stripe's own OpenAPI document says, call by call."""

import json
import re

import pytest
import stripe

from billing.charging import cap_settings
from billing.models import Subscription
from billing.plans import catalogue
from billing.stripe import (
    closing,
    customers,
    gateway,
    meter,
    overage,
    payments,
    settlements,
    stripe_events,
    stripe_setup,
    subscriptions,
    webhooks,
)
from imgapis.base import clock
from imgapis.devstack import stack
from imgapis.devstack.stripe_stub import book
from imgapis.devstack.stripe_stub.api import ROUTES
from tests.billing import stripe_spec, test_stripe
from tests.billing.test_stripe import row_of


def make_every_call(world, buyer) -> set[tuple[str, str]]:
    """Make every call to Stripe that the product makes; returns (method, path) of each call in the stub's log."""
    for tier in ("starter", "growth"):  # the second closes the first one's page
        subscriptions.start_checkout(row_of(buyer), "person", tier, "month", "http://localhost/back")
    customer = world.buys(buyer, "growth")
    world.deliver()
    world.book.asks_confirmation = True
    assert subscriptions.change(row_of(buyer), "person", "scale", "month")  # waits, and gives way to the next
    world.book.asks_confirmation = False
    subscriptions.change(row_of(buyer), "person", "scale", "month")
    now = int(clock.now())
    payments.invoice_overage(customer, "a report", catalogue.of("growth"), 10_000, (now - 60, now))
    subscriptions.change(row_of(buyer), "person", "starter", "year")
    subscriptions.resume(row_of(buyer), "person")
    subscriptions.cancel(row_of(buyer), "person")
    subscriptions.portal(row_of(buyer), "http://localhost/back")
    for invoice in payments.invoices(customer):
        assert invoice.number
    payments.invoice(world.book.list_all("invoices", customer=customer)[0]["id"])
    cap_settings.allow_overage(buyer.workspace_id, "x", allowed=True)
    counter = test_stripe.counter_of(buyer)
    counter.update(actions=[type(counter).used.set(int(counter.base) + 2_000)])
    for item in world.book.list_all("subscriptions", customer=customer)[0]["items"]["data"]:
        item["metadata"] = {}  # the change was long ago: what is reported in its own second is billed with it
    customers.of_workspace(buyer.workspace_id).update([Subscription.reports_from.set(0)])  # nor does it hold reports
    overage.report(buyer.workspace_id, customer)
    assert meter.counted(customer, clock.now() - 3_600, clock.now()) == 1_000
    charge = world.book.list_all("charges", customer=customer)[0]
    with world.book.change():
        world.trade.settle_refund(world.trade.refund(charge, 100, "pending"), "failed")
        world.trade.close_dispute(world.trade.dispute(charge, 100), "won")
    settlements.settle_all(buyer.workspace_id, customer)
    first_intent = world.book.list_all("charges", customer=customer)[-1]["payment_intent"]
    gateway.call(gateway.api().refunds.create, payment_intent=first_intent, reason="duplicate")
    stripe_events.event(world.taken()[0]["id"])
    assert stripe_events.events(webhooks.HANDLERS, clock.now() - 3_600, clock.now() + 3_600)
    for kind in ("subscriptions", "invoices"):
        assert payments.customer_of(world.book.list_all(kind, customer=customer)[0]["id"]) == customer
    subscriptions.checkout_status(row_of(buyer), world.book.list_all("sessions", customer=customer)[0]["id"])
    customers.forget_payer(customers.of_workspace(buyer.workspace_id))
    with world.book.change():
        world.trade.add_card(customer)
        for configuration in world.book.list_all("configurations"):  # of an earlier release
            configuration["features"]["customer_update"]["allowed_updates"] = ["address", "tax_id"]
    for renew in (False, True):
        list(stripe_setup.run("http://localhost/stripe/webhook", renew))
    for endpoint in gateway.call(gateway.api().webhook_endpoints.list).data[1:]:
        gateway.call(gateway.api().webhook_endpoints.delete, endpoint.id)
    with world.refusing_cards():
        payments.invoice_overage(customer, "never paid", catalogue.of("growth"), 10_000, (now - 60, now))
    (voided,) = closing.unclosed_invoices(customer)
    gateway.call(gateway.api().invoices.void_invoice, voided.id)
    with world.refusing_cards():
        closing.end_subscriptions(buyer.workspace_id, customer)
    (unpaid,) = closing.unclosed_invoices(customer)
    unpaid_invoice = world.book.get("invoices", unpaid.id)
    unpaid_invoice["auto_advance"] = False
    closing.end_subscriptions(buyer.workspace_id, customer)
    assert unpaid_invoice["auto_advance"] and closing.invoices_of(customer) == "open"
    gateway.call(gateway.api().invoices.pay, unpaid.id)
    closing.delete_customer(customer, wait=False)
    assert customers.of_workspace(buyer.workspace_id).customer_id == customer
    return {(line["method"], line["path"]) for line in map(json.loads, world.log.read_text().splitlines())}


@pytest.mark.prove
def test_every_answer_and_every_event_is_as_stripe_says(world, web, buyer):
    gateway.clear_price_cache()
    make_every_call(world, buyer)
    faults_by_call: dict[str, list[str]] = {}
    for line in map(json.loads, world.log.read_text().splitlines()):
        faults = stripe_spec.faults(line["answer"], stripe_spec.pointer(line["method"], line["path"]))
        if faults:
            faults_by_call.setdefault(f"{line['method']} {line['path']}", faults)
    for event in world.book.list_all("events"):
        name = event["data"]["object"]["object"]
        schema = f"{stripe_spec.HOME}#/components/schemas/{name}"
        faults = stripe_spec.faults(event["data"]["object"], schema) + stripe_spec.faults(
            event, f"{stripe_spec.HOME}#/components/schemas/event"
        )
        if faults:
            faults_by_call.setdefault(f"event {event['type']}", faults)
    assert faults_by_call == {}


@pytest.mark.prove
def test_the_walk_leaves_no_call_of_the_stub_unasked(world, web, buyer):
    """A route nobody calls would be a route nobody checks."""
    calls = make_every_call(world, buyer)
    uncalled = [
        f"{method} {pattern}"
        for method, pattern, _ in ROUTES
        if not any(method == called_method and re.fullmatch(pattern, path) for called_method, path in calls)
    ]
    assert uncalled == []


def test_a_book_of_an_older_stub_opens_and_its_charges_lead_to_their_invoices():
    """A folder of an earlier `make run` goes on: invoices had no parent, and charges no payment."""
    objects = {kind: {} for kind in book.KINDS} | {
        "prices": {"price_1": {"id": "price_1", "unit_amount": 1_900, "product": "imgapis_starter"}},
        "subscriptions": {"sub_1": {"id": "sub_1", "customer": "cus_1"}},
        "invoices": {"in_1": {"id": "in_1", "customer": "cus_1", "lines": {"data": [{"amount": 1_900}]}}},
        "charges": {"ch_1": {"id": "ch_1", "amount": 1_900, "created": 5, "metadata": {"invoice": "in_1"}}},
    }
    for _ in range(2):
        book.complete(objects)
    (payment,) = objects["invoice_payments"].values()
    assert payment["payment"]["payment_intent"] == objects["charges"]["ch_1"]["payment_intent"] == "pi_1"
    assert payment["invoice"] == "in_1"
    invoice = objects["invoices"]["in_1"]
    assert invoice["parent"]["subscription_details"]["subscription"] == "sub_1"
    assert invoice["lines"]["data"][0]["pricing"]["price_details"]["product"] == "imgapis_starter"


def test_the_stub_speaks_the_version_of_the_library():
    assert stack.STRIPE_VERSION == stripe.api_version == stripe_spec.whole()["info"]["version"] == gateway.VERSION
