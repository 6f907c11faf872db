"""The tables of billing, each with its queries: credits, charges, Stripe and notices."""

from billing.models.claims import Claim
from billing.models.counters import Counter
from billing.models.grants import Grant
from billing.models.invoice_grants import InvoiceGrant
from billing.models.notifications import Notification, PendingNotification
from billing.models.opt_outs import OptOut
from billing.models.overage import ReportedOverage
from billing.models.proofs import LedgerProof
from billing.models.receipts import Receipt
from billing.models.stripe_events import StripeEvent
from billing.models.subscriptions import Customer, Subscription
from billing.models.webhooks import Webhook

__all__ = [
    "Claim",
    "Counter",
    "Customer",
    "Grant",
    "InvoiceGrant",
    "LedgerProof",
    "Notification",
    "OptOut",
    "PendingNotification",
    "Receipt",
    "ReportedOverage",
    "StripeEvent",
    "Subscription",
    "Webhook",
]
