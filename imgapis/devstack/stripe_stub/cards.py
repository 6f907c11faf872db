"""The stub's cards: whose there are, and whether they pay."""

from imgapis.devstack.stripe_stub import shapes
from imgapis.devstack.stripe_stub.book import StripeObject, StubStore, new_id


class StubCards:
    """Cards over a book."""

    book: StubStore

    def add_card(self, customer_id: str) -> StripeObject:
        """Attach a card to a customer, as its pages at Stripe do."""
        self.book.require("customers", customer_id)["metadata"].pop("stub_no_card", None)
        return self.book.put("payment_methods", shapes.payment_method(new_id("pm"), self.book.now(), customer_id))

    def refuses(self, customer_id: str) -> bool:
        """Whether a customer's payment is refused: by the bank, or because its cards were all detached."""
        customer = self.book.require("customers", customer_id)
        has_no_card = customer.get("deleted") or "stub_no_card" in customer["metadata"]
        return self.book.refuses_cards or bool(has_no_card)
