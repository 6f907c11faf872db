"""What billing holds of a workspace, and a person's choice of mails; invoices stay at Stripe by law."""

from billing.models import Claim, Counter, Grant, LedgerProof
from billing.rows.notices import Hook, Outgoing, Told, Unwanted
from billing.rows.stripe import Customer, Reported, StripeEvent, Subscription
from imgapis.base.holdings import Holding, beginning, ending, hashed, having

HOLDINGS = (
    Holding(Counter, of_workspace=hashed(Counter)),  # first: without a counter nothing is charged
    Holding(Claim, of_workspace=hashed(Claim)),
    Holding(Grant, of_workspace=hashed(Grant)),
    Holding(Outgoing, of_workspace=beginning(Outgoing, "place")),
    Holding(Told, of_workspace=hashed(Told)),
    Holding(Hook, of_workspace=hashed(Hook)),
    Holding(Unwanted, of_workspace=hashed(Unwanted), of_person=ending(Unwanted, "choice")),
    Holding(Reported, of_workspace=hashed(Reported)),
    Holding(StripeEvent, of_workspace=having(StripeEvent, "workspace_id")),
    Holding(Customer, of_workspace=having(Customer, "workspace_id")),
    Holding(Subscription, of_workspace=hashed(Subscription)),
    Holding(LedgerProof, exempt="about nobody"),
)
