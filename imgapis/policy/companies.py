"""The companies that work for us (P15): who gets what, and which mails go out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    """A sub-processor: its parts, where the data is, and what it has been examined for."""

    name: str
    parts: tuple[str, ...]
    place: str
    examined: tuple[str, ...]


COMPANIES = (
    Company(
        "Cloudflare",
        (
            "the edge: it takes requests in and answers those it can",
            "R2, which holds the pictures we made",
            "the image cache at the edge",
            "Analytics Engine, which counts requests answered at the edge",
            "custom hostnames and their certificates",
            "mail: the codes to sign in with, receipts, and the mails listed below",
        ),
        "worldwide",
        ("SOC 2 Type II", "ISO 27001", "ISO 27018"),
    ),
    Company(
        "Amazon Web Services",
        ("DynamoDB: accounts and usage",),
        "Virginia, USA (us-east-1)",
        ("SOC 1, 2 and 3", "ISO 27001", "ISO 27017", "ISO 27018", "PCI DSS Level 1"),
    ),
    Company(
        "Stripe",
        ("payments: the card, the invoices, the state of the subscription",),
        "where Stripe keeps billing data",
        ("PCI DSS Level 1",),
    ),
)
# What is mailed, all of it through Cloudflare.
MAILS = (
    "the code you sign in with, or prove something by",
    "receipts of billing",
    "invitations to a workspace",
    "a word to your old address when it is changed",
    "alerts about credits, where you asked for them",
    "the link to a large export",
    "notices that this policy changes, and answers to your privacy requests",
)
