"""What is sent to Stripe at each act, word for word: a tax, an idempotency key or a rhythm of collection that is left
out is no error there, and costs money."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from billing.plans import catalogue
from billing.stripe import closing, customers, gateway, meter, overage, payments, stripe_setup, subscriptions
from imgapis.devstack.stripe_stub.server import Stub
from tests import environment
from tests.billing.buying import Customer
from tests.billing.test_duplicates import buy_two

BACK = "http://localhost/back"
OF_THE_LIBRARY = re.compile(r"[0-9a-f-]{36}")  # a key that stripe-python makes for its own retries
OF_ITEMS = re.compile(r"si_stub\w+")
ENABLED = {"enabled": "true"}
Request = tuple[str, dict[str, Any], str]


class Recorder:
    """The requests that change something at Stripe: (method and path, parameters, our idempotency key)."""

    def __init__(self, stub: Stub, monkeypatch):
        self.requests: list[Request] = []
        answer = stub.call

        def call(method: str, path: str, params: dict, key: str | None):
            if method != "GET":
                own_key = "" if key is None or OF_THE_LIBRARY.fullmatch(key) else key
                self.requests.append((f"{method} {path.removeprefix('/v1/')}", params, own_key))
            return answer(method, path, params, key)

        monkeypatch.setattr(stub, "call", call)


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on the free plan; `recorder` notes what is sent for it."""
    customer = Customer(buyer, world, monkeypatch)
    customer.recorder = Recorder(world.stub, monkeypatch)
    return customer


def named(customer: Customer, text: str) -> str:
    """A text with the name of each thing in place of its id."""
    names = {price_id: name for name, price_id in gateway.price_ids().items()}
    names |= {customer.workspace_id: "WORKSPACE", customer.customer_id: "CUSTOMER"}
    for kind in ("subscriptions", "schedules", "invoices", "sessions", "payment_methods", "charges"):
        for row in customer.world.book.list_all(kind):
            names[row["id"]] = kind.upper().removesuffix("S")
    names |= {row["payment_intent"]: "INTENT" for row in customer.world.book.list_all("charges")}
    if customer.row.period_end:
        names[str(customer.ends)] = "ENDS"
    for object_id, name in names.items():
        text = text.replace(object_id, name)
    return OF_ITEMS.sub("ITEM", text)


def sent(customer: Customer, act: Callable, *args, **options) -> list[Request]:
    """What is sent to Stripe while something is done."""
    customer.recorder.requests.clear()
    act(*args, **options)
    requests = json.dumps(customer.recorder.requests)
    return [tuple(request) for request in json.loads(named(customer, requests))]


CHECKOUT = {
    "mode": "subscription",
    "customer": "CUSTOMER",
    "line_items": [{"price": "starter_month", "quantity": "1"}, {"price": "starter_overage"}],
    "client_reference_id": "WORKSPACE",
    "subscription_data": {"billing_mode": {"type": "flexible"}},
    "success_url": BACK + "?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": BACK + "?left=1",
    "automatic_tax": ENABLED,
    "billing_address_collection": "required",
    "customer_update": {"address": "auto", "name": "auto"},
    "tax_id_collection": ENABLED,
}


def test_a_purchase_opens_one_page_that_reckons_tax_and_sells_overage_with_the_plan(customer):
    buy = (subscriptions.start_checkout, customer.row, "person", "starter", "month", BACK)
    assert sent(customer, *buy) == [
        ("POST customers", {"metadata": {"workspace": "WORKSPACE"}}, "customer-WORKSPACE"),
        ("POST checkout/sessions", CHECKOUT, ""),
    ]
    assert sent(customer, *buy) == [
        ("POST checkout/sessions", CHECKOUT, ""),
        ("POST checkout/sessions/SESSION/expire", {}, ""),
    ]


def upgrade(tier: str, **more) -> Request:
    items = [{"id": "ITEM", "price": f"{tier}_month", "quantity": "1"}, {"id": "ITEM", "price": f"{tier}_overage"}]
    return ("POST subscriptions/SUBSCRIPTION", {"proration_behavior": "always_invoice", "items": items, **more}, "")


def phase(tier: str, **more) -> dict[str, Any]:
    return {"items": [{"price": f"{tier}_month", "quantity": "1"}, {"price": f"{tier}_overage"}], **more}


def running_phase(customer: Customer, tier: str) -> dict[str, Any]:
    start = str(customer.subscription["items"]["data"][0]["current_period_start"])
    return phase(tier, start_date=start, end_date="ENDS", proration_behavior="none")


def test_an_upgrade_is_invoiced_at_once_and_made_only_where_it_is_paid(customer):
    customer.buy("starter")
    customer.moment += 60
    change = (subscriptions.change, customer.row, "person")
    assert sent(customer, *change, "growth", "month") == [
        upgrade("growth", payment_behavior="error_if_incomplete", cancel_at_period_end="false")
    ]
    customer.world.book.asks_confirmation = True
    assert sent(customer, *change, "scale", "month")[1] == upgrade(
        "scale", payment_behavior="pending_if_incomplete", expand=["latest_invoice"]
    )


def test_a_smaller_plan_is_scheduled_for_the_end_of_what_is_paid_and_gives_nothing_back(customer):
    customer.buy("growth")
    customer.moment += 60
    running = running_phase(customer, "growth")
    change = (subscriptions.change, customer.row, "person")
    assert sent(customer, *change, "starter", "month") == [
        ("POST subscription_schedules", {"from_subscription": "SUBSCRIPTION"}, ""),
        (
            "POST subscription_schedules/SCHEDULE",
            {
                "phases": [running, phase("starter", proration_behavior="create_prorations")],
                "end_behavior": "release",
                "proration_behavior": "none",
            },
            "",
        ),
    ]
    assert sent(customer, subscriptions.cancel, customer.row, "person") == [
        (
            "POST subscription_schedules/SCHEDULE",
            {"phases": [running], "end_behavior": "cancel", "proration_behavior": "none"},
            "",
        )
    ]
    assert sent(customer, *change, "scale", "month") == [
        upgrade(
            "scale",
            payment_behavior="error_if_incomplete",
            metadata={gateway.REPLACED: "SCHEDULE scale month"},
        ),
        ("POST subscription_schedules/SCHEDULE/release", {}, ""),
    ]


def test_a_cancellation_and_its_end_are_one_call_each(customer):
    customer.buy("starter")
    for act, value in ((subscriptions.cancel, "true"), (subscriptions.resume, "false")):
        request = ("POST subscriptions/SUBSCRIPTION", {"cancel_at_period_end": value}, "")
        assert sent(customer, act, customer.row, "person") == [request]
    assert sent(customer, subscriptions.resume, customer.row, "person") == [], "nothing ends"


def test_an_invoice_of_overage_has_its_keys_its_tax_and_nothing_else_on_it(customer):
    customer.buy("starter")
    customer.world.book.refuses_cards = True
    invoice = (payments.invoice_overage, customer.customer_id, "report", catalogue.of("starter"))
    span = (1_790_000_000, 1_790_003_600)
    mark = {payments.OVERAGE_REPORT: "report"}
    assert sent(customer, *invoice, 5_000, span) == [
        (
            "POST invoices",
            {
                "customer": "CUSTOMER",
                "auto_advance": "false",
                "metadata": mark,
                "automatic_tax": ENABLED,
                "pending_invoice_items_behavior": "exclude",
            },
            "report-invoice",
        ),
        (
            "POST invoiceitems",
            {
                "customer": "CUSTOMER",
                "invoice": "INVOICE",
                "quantity": "5000",
                "description": "Credits beyond the plan Starter",
                "metadata": mark,
                "period": {"start": str(span[0]), "end": str(span[1])},
                "price_data": {
                    "currency": "usd",
                    "product": "imgapis_starter",
                    "unit_amount_decimal": "0.12",
                    "tax_behavior": "exclusive",
                },
            },
            "report-item",
        ),
        ("POST invoices/INVOICE/finalize", {"auto_advance": "true"}, ""),
        ("POST invoices/INVOICE/pay", {}, ""),
    ]
    assert sent(customer, *invoice, 5_000, span) == [], "it was tried, and is Stripe's to collect"


@pytest.mark.parametrize(("credits", "invoices"), [(4, 0), (5, 4)])
def test_less_than_half_a_cent_is_no_invoice(customer, credits, invoices):
    customer.buy("starter")
    invoice = (payments.invoice_overage, customer.customer_id, "few", catalogue.of("starter"), credits)
    assert len(sent(customer, *invoice, (0, 60))) == invoices


def test_a_report_names_its_identifier_and_its_moment(customer):
    customer.buy("starter")
    moment = int(customer.moment) - 600
    assert sent(customer, meter.report, customer.customer_id, "a-b", 7, moment + 0.9) == [
        (
            "POST billing/meter_events",
            {
                "event_name": meter.METER,
                "identifier": "a-b",
                "timestamp": str(moment),
                "payload": {"stripe_customer_id": "CUSTOMER", "value": "7"},
            },
            "",
        )
    ]


def test_what_the_meter_has_counted_is_invoiced_only_where_it_is_paid_and_its_price_put_back(customer):
    customer.buy("starter")
    assert sent(customer, overage.invoice_metered, gateway.subscription(customer.customer_id)) == [
        (
            "POST subscriptions/SUBSCRIPTION",
            {
                "items": [{"id": "ITEM", "deleted": "true"}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
            "",
        ),
        (
            "POST subscriptions/SUBSCRIPTION",
            {"items": [{"price": "starter_overage"}], "proration_behavior": "none"},
            "",
        ),
    ]
    assert sent(customer, overage.restore_metered, gateway.subscription(customer.customer_id)) == []


def test_a_payer_who_is_forgotten_leaves_neither_card_nor_address_nor_name(customer):
    customer.buy("starter")
    assert sent(customer, customers.forget_payer, customers.of_workspace(customer.workspace_id)) == [
        ("POST payment_methods/PAYMENT_METHOD/detach", {}, ""),
        ("POST customers/CUSTOMER", {"email": "", "name": ""}, ""),
    ]


def test_the_end_of_a_workspace_invoices_its_usage_and_gives_nothing_of_the_month_back(customer):
    customer.buy("starter")
    end = (closing.end_subscriptions, customer.workspace_id, customer.customer_id)
    request = ("DELETE subscriptions/SUBSCRIPTION", {"invoice_now": "true", "prorate": "false"}, "")
    assert sent(customer, *end) == [request] and sent(customer, *end) == []


def test_a_second_plan_is_marked_first_then_ended_without_an_invoice_and_refunded_under_a_key(customer):
    customers.ensure(customer.workspace_id)
    buy_two(customer, "starter", "growth")
    assert sent(customer, closing.end_duplicates, customer.workspace_id, customer.customer_id) == [
        ("POST subscriptions/SUBSCRIPTION", {"metadata": {closing.DUPLICATE_OF: "SUBSCRIPTION"}}, ""),
        ("DELETE subscriptions/SUBSCRIPTION", {"invoice_now": "false", "prorate": "false"}, ""),
        ("POST refunds", {"payment_intent": "INTENT", "reason": "duplicate"}, "duplicate-INTENT"),
    ]


def test_what_we_sell_is_made_known_once_with_its_prices_before_tax(settings, monkeypatch):
    port = environment.free_port()
    stub = Stub(port, None, "http://127.0.0.1:9/", "whsec_stub", gateway.VERSION)
    threading.Thread(target=stub.server.serve_forever, daemon=True).start()
    settings.STRIPE_API_URL = f"http://127.0.0.1:{port}"
    recorder = Recorder(stub, monkeypatch)
    try:
        list(stripe_setup.run("http://localhost/stripe/webhook"))
    finally:
        stub.server.shutdown()
        stub.server.server_close()
    by_path: dict[str, list[dict[str, Any]]] = {}
    for path, params, _ in recorder.requests:
        by_path.setdefault(path, []).append(params)
    assert by_path["POST billing/meters"] == [
        {
            "display_name": "Credits beyond the plan",
            "event_name": meter.METER,
            "default_aggregation": {"formula": "sum"},
            "value_settings": {"event_payload_key": "value"},
            "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
        }
    ]
    prices = {
        params.pop("lookup_key"): (params.get("unit_amount") or params["unit_amount_decimal"], params["recurring"])
        for params in by_path["POST prices"]
        if (params["currency"], params["tax_behavior"]) == ("usd", "exclusive")
    }
    (meter_row,) = stub.book.list_all("meters")
    metered = {"interval": "month", "usage_type": "metered", "meter": meter_row["id"]}
    assert prices == {
        "imgapis_starter_month": ("1900", {"interval": "month"}),
        "imgapis_starter_year": ("19000", {"interval": "year"}),
        "imgapis_starter_overage": ("0.12", metered),
        "imgapis_growth_month": ("7900", {"interval": "month"}),
        "imgapis_growth_year": ("79000", {"interval": "year"}),
        "imgapis_growth_overage": ("0.09", metered),
        "imgapis_scale_month": ("29900", {"interval": "month"}),
        "imgapis_scale_year": ("299000", {"interval": "year"}),
        "imgapis_scale_overage": ("0.06", metered),
    }
    assert [params["id"] for params in by_path["POST products"]] == [f"imgapis_{tier}" for tier in catalogue.TIERS[1:]]
    assert by_path["POST billing_portal/configurations"] == [
        {
            "features": {
                "invoice_history": ENABLED,
                "payment_method_update": ENABLED,
                "customer_update": {**ENABLED, "allowed_updates": ["name", "email", "address", "tax_id"]},
                "subscription_cancel": {**ENABLED, "mode": "at_period_end"},
            }
        }
    ]
