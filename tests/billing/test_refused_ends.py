"""Ends that Stripe refuses or that have come already: of a customer, of a second plan, of a last invoice (H2, H33)."""

import pytest

from billing.models import InvoiceGrant, invoice_grants
from billing.stripe import closing, customers, gateway
from imgapis.devstack.stripe_stub.errors import StripeApiError
from tests.billing.buying import Customer
from tests.billing.test_duplicates import acts, buy_two, refunds_of


def refuse(customer: Customer, monkeypatch, method: str, part: str, code: str = "", then=None) -> None:
    """Have Stripe refuse the calls of a method to paths that hold `part`; `then` is done before."""
    answer = customer.world.stub.api.answer

    def call(called: str, path: str, params: dict):
        if called == method and part in path:
            if then is not None:
                then()
            raise StripeApiError("It cannot be done.", reason=code)
        return answer(called, path, params)

    monkeypatch.setattr(customer.world.stub.api, "answer", call)


def test_a_customer_that_was_never_there_is_deleted_and_its_end_no_error(world):
    assert closing.is_deleted("cus_never")
    closing.delete_customer("cus_never", wait=True)
    assert closing.end_subscriptions("w_never", "cus_never") == 0


def test_a_customer_is_kept_while_an_invoice_is_open_where_that_is_waited_for(customer):
    customer_id = customer.customer_id
    (invoice,) = customer.world.book.list_all("invoices", customer=customer_id)
    for status in ("draft", "open"):
        invoice["status"] = status
        assert closing.invoices_of(customer_id) == "open"
        with pytest.raises(closing.InvoiceOpen):
            closing.delete_customer(customer_id, wait=True)
    assert not closing.is_deleted(customer_id)
    closing.delete_customer(customer_id, wait=False)
    assert closing.is_deleted(customer_id)
    closing.delete_customer(customer_id, wait=True)


@pytest.mark.parametrize("is_deleted_meanwhile", [False, True])
def test_a_deletion_that_stripe_refuses_is_done_only_where_the_customer_is_gone(
    customer, monkeypatch, is_deleted_meanwhile
):
    customer_id, book = customer.customer_id, customer.world.book
    deleted = {"id": customer_id, "object": "customer", "deleted": True}
    then = (lambda: book.put("customers", deleted)) if is_deleted_meanwhile else None
    refuse(customer, monkeypatch, "DELETE", "customers", then=then)
    if is_deleted_meanwhile:
        return closing.delete_customer(customer_id, wait=False)
    with pytest.raises(gateway.StripeRefused):
        closing.delete_customer(customer_id, wait=False)


@pytest.fixture
def two_plans(buyer, world, monkeypatch):
    """A customer who has bought Starter, and Growth beside it; no event has been told."""
    customer = Customer(buyer, world, monkeypatch)
    customers.ensure(customer.workspace_id)
    buy_two(customer, "starter", "growth")
    customer.world.taken()
    return customer


def end_duplicates(customer: Customer) -> int:
    return closing.end_duplicates(customer.workspace_id, customer.customer_id)


@pytest.mark.parametrize("code", ["charge_already_refunded", "charge_disputed", "charge_pending"])
def test_a_second_plan_is_done_with_where_its_money_is_back_already_and_not_where_it_is_not(
    two_plans, monkeypatch, code
):
    refuse(two_plans, monkeypatch, "POST", "/refunds", code)
    if code == "charge_pending":
        with pytest.raises(gateway.StripeRefused):
            end_duplicates(two_plans)
        assert acts(two_plans) == []
    else:
        assert end_duplicates(two_plans) == 1 and len(acts(two_plans)) == 1
        assert end_duplicates(two_plans) == 0, "it is done"


@pytest.mark.parametrize("is_ended_meanwhile", [False, True])
def test_a_second_plan_whose_end_is_refused_is_refunded_only_where_it_has_ended(
    two_plans, monkeypatch, is_ended_meanwhile
):
    newer = two_plans.subscription
    then = (lambda: newer.update(status="canceled")) if is_ended_meanwhile else None
    refuse(two_plans, monkeypatch, "DELETE", "/subscriptions", then=then)
    if is_ended_meanwhile:
        assert end_duplicates(two_plans) == 1
    else:
        with pytest.raises(gateway.StripeRefused):
            end_duplicates(two_plans)
    assert len(refunds_of(two_plans)) == is_ended_meanwhile


def test_that_a_second_plan_grants_nothing_is_on_record_before_its_money_goes_back(two_plans, monkeypatch):
    """Else the refund's event takes it of the plan that goes on."""
    records = []

    def note() -> None:
        records.extend(
            (row.invoice_id, int(row.granted)) for row in invoice_grants.of_workspace(two_plans.workspace_id)
        )

    refuse(two_plans, monkeypatch, "POST", "/refunds", "charge_pending", note)
    with pytest.raises(gateway.StripeRefused):
        end_duplicates(two_plans)
    newest = two_plans.world.book.list_all("invoices", customer=two_plans.customer_id)[0]
    assert (newest["id"], 0) in records


def test_what_a_second_plan_s_invoice_has_granted_stays_on_record_as_it_is(two_plans):
    newest = two_plans.world.book.list_all("invoices", customer=two_plans.customer_id)[0]
    invoice_grants.add(
        InvoiceGrant(
            two_plans.workspace_id,
            f"2026-01-01T00Z {newest['id']}",
            invoice_id=newest["id"],
            period="2026-01-01T00Z",
            granted=7,
            moment=1,
        )
    )
    end_duplicates(two_plans)
    rows = [row for row in invoice_grants.of_workspace(two_plans.workspace_id) if row.invoice_id == newest["id"]]
    assert [int(row.granted) for row in rows] == [7]


def test_the_last_invoices_are_collected_each_once_whatever_the_card_says(customer):
    """A draft is finalised; one whose collection has stopped is taken up; one that was tried is Stripe's to try."""
    book, customer_id = customer.world.book, customer.customer_id
    (paid,) = book.list_all("invoices", customer=customer_id)
    lasting = {"amount_remaining": 1_900, "amount_paid": 0}
    drafts = {"status": "draft", "attempt_count": 0, "auto_advance": False}
    stopped = {"status": "open", "attempt_count": 2, "auto_advance": False}
    for name, values in (("in_draft", drafts), ("in_stopped", stopped)):
        book.put("invoices", paid | lasting | values | {"id": name})
    book.refuses_cards = True
    for _ in range(2):
        closing.collect(customer_id)
    states = {name: book.get("invoices", name) for name in ("in_draft", "in_stopped")}
    facts = {name: (row["status"], row["auto_advance"], row["attempt_count"]) for name, row in states.items()}
    assert facts == {"in_draft": ("open", True, 1), "in_stopped": ("open", True, 2)}


def test_an_invoice_that_is_paid_meanwhile_ends_no_collection(customer, monkeypatch):
    book, customer_id = customer.world.book, customer.customer_id
    (paid,) = book.list_all("invoices", customer=customer_id)
    for name in ("in_first", "in_second"):
        book.put("invoices", paid | {"id": name, "status": "open", "attempt_count": 0, "auto_advance": True})
    tried = []
    refuse(customer, monkeypatch, "POST", "/pay", "invoice_not_payable", lambda: tried.append(1))
    closing.collect(customer_id)
    assert len(tried) == 2
