"""Every stored attribute is declared (P02), and the events hold the fields of P04 alone."""

import pytest

from billing.models import Claim, Counter, Grant, InvoiceGrant, LedgerProof
from imgapis.base.dynamo import CATEGORIES, DataDeclaration
from imgapis.tables import row_classes
from telemetry.models import Event

ATTRIBUTES = [(row, name) for row in row_classes.registered() for name in row.get_attributes()]


@pytest.mark.parametrize(("row", "name"), ATTRIBUTES, ids=lambda value: getattr(value, "__name__", value))
def test_every_attribute_says_why_and_how_long_it_is_kept(row, name):
    """P02"""
    declaration = getattr(row.get_attributes()[name], "declaration", None)
    assert isinstance(declaration, DataDeclaration), f"{row.__name__}.{name} has no declaration"
    assert declaration.purpose and declaration.retention and declaration.category in CATEGORIES


def test_an_event_has_the_fields_of_the_policy_and_nothing_else():
    """P04: no hash, no source, no format, no viewer."""
    assert set(Event.get_attributes()) == {
        "workspace_id",
        "event_id",
        "operation",
        "cache",
        "origin",
        "status",
        "size",
        "latency",
        "cost",
        "expires",
    }


def test_billing_rows_hold_no_card_and_no_name():
    """P03"""
    rows = (Counter, Grant, InvoiceGrant, Claim, LedgerProof)
    names = {name for row in rows for name in row.get_attributes()}
    proof = {"name", "moment", "periods", "broken", "due", "reached", "periods_so_far", "broken_so_far"}
    assert names - (proof - {"moment"}) == {
        "workspace_id",
        "period",
        "granted",
        "used",
        "left",
        "base",
        "extra",
        "room",
        "ends",
        "plan",
        "grant_id",
        "halves",
        "reason",
        "actor",
        "moment",
        "digest",
        "charged",
        "expires",
        "place",
        "invoice_id",
        "charge_id",
        "withheld",
        "returned",
        "taken",
        "sold",
    }
