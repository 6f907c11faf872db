"""What Stripe says, in our own words: a subscription, an invoice, an event; and how it says no."""

from dataclasses import dataclass

from imgapis.base.errors import ApiError


class StripeUnavailable(ApiError):
    """Stripe does not answer; nothing was changed, or what was changed is found again at the next try."""

    status = 503
    code = "stripe_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "Stripe, which takes the payments, does not answer just now. Nothing was charged: try again.",
            retry_after=30,
        )


class StripeRefused(ApiError):
    """Stripe refuses what was asked."""

    status = 409
    code = "stripe_refused"

    def __init__(self) -> None:
        super().__init__("Stripe refuses this change as the subscription stands. Open its portal to see why.")


class ChangeUnconfirmed(ApiError):
    """Stripe did not answer an upgrade, nor whether it made it: it may have charged the card."""

    status = 503
    code = "change_unconfirmed"

    def __init__(self) -> None:
        super().__init__(
            "Stripe does not answer just now, so it is not known yet whether the plan was changed and charged. Once"
            " Stripe answers, this page and the invoices say so: look there before you try again.",
            retry_after=60,
        )


class PaymentRefused(ApiError):
    """The card, or the bank behind it, refuses; the plan stays as it is."""

    status = 402
    code = "payment_refused"

    def __init__(self) -> None:
        super().__init__("The payment was refused, and the plan stays as it is. Change the card in Stripe's portal.")


class ConfirmationRequired(PaymentRefused):
    """The bank wants the payer to confirm the payment on a page of Stripe's, such as by 3-D Secure; nothing is paid."""


class NotConfigured(ApiError):
    """This installation takes no payments."""

    status = 503
    code = "billing_off"

    def __init__(self) -> None:
        super().__init__("Payments are not set up on this installation.")


@dataclass(frozen=True)
class SubscriptionSnapshot:
    """A subscription as it is at Stripe now; `items` are the ids of its items by what they sell. `pending_until`: until
    when Stripe waits for the payer to confirm a change, 0 where none waits; `ended_at`: 0 where it has not ended.
    `is_replaced`: its schedule stands only because it could not be released after the upgrade that took its place.
    `offer_id`: the open invoice of an upgrade that waits for its payer, which is void after 23 hours and no debt."""

    subscription_id: str
    customer_id: str
    state: str
    tier: str
    interval: str
    start: int
    end: int
    next_tier: str
    cancels: bool
    schedule_id: str
    items: tuple[tuple[str, str], ...]
    pending_until: int = 0
    ended_at: int = 0
    is_replaced: bool = False
    offer_id: str = ""


@dataclass(frozen=True)
class Invoice:
    """An invoice as the billing page lists it; amounts in cents, times in seconds since 1970; `reason` in Stripe's
    words: `subscription_cycle`, `subscription_update` and others."""

    number: str
    created: int
    total: int
    currency: str
    status: str
    url: str
    reason: str = ""


@dataclass(frozen=True)
class EventSnapshot:
    """An event of Stripe's whose signature was right: what it is about, and nothing it says of credits. `charge_id`:
    the charge it is about; refunds and disputes name one, and no customer."""

    event_id: str
    kind: str
    live: bool
    version: str
    created: int
    customer_id: str
    object_id: str
    charge_id: str = ""


class InvalidWebhookSignature(ApiError):
    """A message that Stripe did not sign, or that was altered or repeated too late."""

    code = "bad_signature"

    def __init__(self) -> None:
        super().__init__("This message is not signed by Stripe.")
