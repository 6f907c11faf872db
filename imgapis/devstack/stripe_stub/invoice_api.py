"""The calls about invoices, answered by the stub, and what every call needs."""

from typing import Any

from imgapis.devstack.stripe_stub import payment_shapes, shapes
from imgapis.devstack.stripe_stub.amounts import half_up_decimal
from imgapis.devstack.stripe_stub.book import StripeObject, StubStore, new_id
from imgapis.devstack.stripe_stub.errors import StripeApiError
from imgapis.devstack.stripe_stub.trade import DRAFT, StubBilling, subscription_of

Params = dict[str, Any]


class InvoiceApi:
    """The calls about invoices; the caller holds the book's lock."""

    def __init__(self, book: StubStore, trade: StubBilling, secret: str):
        self.book, self.trade, self.secret = book, trade, secret

    def _one(self, kind: str, object_id: str) -> StripeObject:
        stripe_object = self.book.get(kind, object_id)
        if stripe_object is None:
            raise StripeApiError(f"No such object: {object_id}", 404, reason="resource_missing")
        return stripe_object

    def _now(self) -> int:
        return self.book.now()

    def invoices(self, params: Params) -> StripeObject:
        filters = {name: params[name] for name in ("customer", "status") if name in params}
        created_from = int(params.get("created", {}).get("gte", 0))
        invoices = [
            invoice
            for invoice in self.book.list_all("invoices", **filters)
            if invoice["created"] >= created_from and params.get("subscription") in (None, subscription_of(invoice))
        ]
        return shapes.listed("/v1/invoices", invoices[: int(params.get("limit", 10))])

    def create_invoice(self, params: Params) -> StripeObject:
        self._one("customers", params["customer"])
        invoice = payment_shapes.invoice(new_id("in"), self._now(), params | {"id": None}, [], reason="manual")
        drafted = {"auto_advance": params.get("auto_advance") == "true", "metadata": params.get("metadata", {})}
        return self.book.put("invoices", invoice | DRAFT | drafted)

    def create_invoice_item(self, params: Params) -> StripeObject:
        invoice, price_data = self._one("invoices", params["invoice"]), params["price_data"]
        if invoice["status"] != "draft":
            raise StripeApiError("The specified invoice is already finalized.")
        self._one("products", price_data["product"])
        item = payment_shapes.invoice_item(new_id("ii"), self._now(), params, new_id("price"))
        item["amount"] = half_up_decimal(item["quantity"], price_data["unit_amount_decimal"])
        invoice["lines"]["data"].append(payment_shapes.invoice_item_line(new_id("il"), item))
        total = sum(line["amount"] for line in invoice["lines"]["data"])
        invoice |= {"subtotal": total, "total": total, "amount_due": total, "amount_remaining": total}
        return item

    def invoice_payments(self, params: Params) -> StripeObject:
        filters = {name: params[name] for name in ("payment", "invoice", "status") if name in params}
        return shapes.listed("/v1/invoice_payments", self.book.list_all("invoice_payments", **filters))

    def invoice(self, params: Params, object_id: str) -> StripeObject:
        return self._one("invoices", object_id)

    def update_invoice(self, params: Params, invoice_id: str) -> StripeObject:
        invoice = self._one("invoices", invoice_id)
        if "auto_advance" in params:
            invoice["auto_advance"] = params["auto_advance"] == "true"
        invoice["metadata"] |= params.get("metadata", {})
        return invoice

    def finalize_invoice(self, params: Params, invoice_id: str) -> StripeObject:
        invoice = self._one("invoices", invoice_id)
        if invoice["status"] != "draft":
            raise StripeApiError("This invoice is already finalized.")
        invoice["auto_advance"] = invoice["auto_advance"] and params.get("auto_advance") != "false"
        self.trade.finalize(invoice)
        if "auto_advance" in params and invoice["status"] == "open":
            invoice["auto_advance"] = params["auto_advance"] == "true"
        return invoice

    def pay_invoice(self, params: Params, invoice_id: str) -> StripeObject:
        invoice = self._one("invoices", invoice_id)
        if invoice["status"] != "open":
            raise StripeApiError("This invoice cannot be paid.", reason="invoice_not_payable")
        if not self.trade.pay(invoice):
            raise StripeApiError("Your card was declined.", 402, "card_error", "card_declined")
        return invoice

    def void_invoice(self, params: Params, invoice_id: str) -> StripeObject:
        invoice = self._one("invoices", invoice_id)
        if invoice["status"] not in ("open", "uncollectible"):
            raise StripeApiError("You can only void an invoice that is open or uncollectible.")
        invoice |= {"status": "void", "auto_advance": False}
        self.trade.emit_event("invoice.voided", invoice)
        return invoice
