"""What billing holds of a workspace, and a person's choice of mails; invoices stay at Stripe by law."""

from billing.models import (
    Claim,
    Counter,
    Customer,
    Grant,
    InvoiceGrant,
    LedgerProof,
    Notification,
    OptOut,
    PendingNotification,
    Receipt,
    ReportedOverage,
    StripeEvent,
    Subscription,
    Webhook,
)
from imgapis.base.holdings import Holding, by_attribute, by_hash_key, by_prefix, by_suffix

HOLDINGS = (
    Holding(Counter, of_workspace=by_hash_key(Counter)),  # first: without a counter nothing is charged
    Holding(Claim, of_workspace=by_hash_key(Claim)),
    Holding(Grant, of_workspace=by_hash_key(Grant)),
    Holding(InvoiceGrant, of_workspace=by_hash_key(InvoiceGrant)),
    Holding(PendingNotification, of_workspace=by_prefix(PendingNotification, "place")),
    Holding(Notification, of_workspace=by_hash_key(Notification)),
    Holding(Webhook, of_workspace=by_hash_key(Webhook)),
    Holding(OptOut, of_workspace=by_hash_key(OptOut), of_person=by_suffix(OptOut, "choice")),
    Holding(ReportedOverage, of_workspace=by_hash_key(ReportedOverage)),
    Holding(Receipt, of_workspace=by_hash_key(Receipt)),
    Holding(StripeEvent, of_workspace=by_attribute(StripeEvent, "workspace_id")),
    Holding(Customer, of_workspace=by_attribute(Customer, "workspace_id")),
    Holding(Subscription, of_workspace=by_hash_key(Subscription)),
    Holding(LedgerProof, exempt="about nobody"),
)
