"""The calls about customers and their cards, answered by the stub."""

from imgapis.devstack.stripe_stub import shapes
from imgapis.devstack.stripe_stub.book import StripeObject, new_id
from imgapis.devstack.stripe_stub.errors import StripeApiError
from imgapis.devstack.stripe_stub.invoice_api import InvoiceApi, Params


class CustomerApi(InvoiceApi):
    """The calls about customers; the caller holds the book's lock."""

    def create_customer(self, params: Params) -> StripeObject:
        return self.book.put("customers", shapes.customer(new_id("cus"), self._now(), params.get("metadata", {})))

    def customer(self, params: Params, object_id: str) -> StripeObject:
        return self._one("customers", object_id)

    def update_customer(self, params: Params, customer_id: str) -> StripeObject:
        """An empty text takes a value away."""
        customer = self._one("customers", customer_id)
        customer |= {name: params[name] or None for name in ("email", "name") if name in params}
        self.trade.emit_event("customer.updated", customer)
        return customer

    def payment_methods(self, params: Params, customer_id: str) -> StripeObject:
        self._one("customers", customer_id)
        methods = self.book.list_all("payment_methods", customer=customer_id)
        return shapes.listed(f"/v1/customers/{customer_id}/payment_methods", methods)

    def detach_payment_method(self, params: Params, method_id: str) -> StripeObject:
        method = self._one("payment_methods", method_id)
        if method["customer"] is None:
            raise StripeApiError("The payment method you provided is not attached to a customer.")
        customer_id, method["customer"] = method["customer"], None
        if not self.book.list_all("payment_methods", customer=customer_id):
            self._one("customers", customer_id)["metadata"]["stub_no_card"] = "1"
        return method

    def delete_customer(self, params: Params, customer_id: str) -> StripeObject:
        if self._one("customers", customer_id).get("deleted"):
            raise StripeApiError(f"No such customer: {customer_id}", 404, reason="resource_missing")
        for subscription in self.book.list_all("subscriptions", customer=customer_id):
            if subscription["status"] != "canceled":
                self.trade.end(subscription)
        deleted_object = {"id": customer_id, "object": "customer", "deleted": True}
        self.trade.emit_event("customer.deleted", self.book.require("customers", customer_id))
        return self.book.put("customers", deleted_object)
