"""The promises about what is stored, and where: P02, P03, P04, P05, P13."""

import hashlib
import re

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from accounts.models import User
from billing.models import Claim
from imgapis.base import dynamo, tokens
from imgapis.base.dynamo import DataDeclaration
from imgapis.policy import additions
from imgapis.tables import row_classes
from telemetry.models import Event
from tests.people import Browser
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.serving import image_plans
from transforms.tenant import tenants

# What a request is (P04), whose it was, when, and until when.
EVENT = {"operation", "cache", "origin", "status", "size", "latency", "cost", "workspace_id", "event_id", "expires"}
CARD = re.compile(r"card|\bpan\b|cvc|cvv|iban|account_number|expiry_month")


def test_p02_every_attribute_of_every_table_says_what_it_is_kept_for(dynamodb):
    """P02"""
    for row in row_classes.registered():
        for name, attribute in row.get_attributes().items():
            declaration = getattr(attribute, "declaration", None)
            assert isinstance(declaration, DataDeclaration) and declaration.purpose and declaration.retention, (
                f"{row.__name__}.{name}"
            )


def test_p02_every_table_beside_the_policys_own_list_stands_on_the_page(web):
    """P02"""
    text = " ".join(Browser().get("/privacy").text.split())
    rows = {row.__name__: row for row in row_classes.registered()}
    assert set(rows) > additions.NAMED
    for name in set(rows) - additions.NAMED:
        assert additions._sentence(rows[name]) in text, f"{name} is on no list"


def test_p03_no_attribute_anywhere_could_hold_a_card_and_billing_names_no_person():
    """P03"""
    for row in row_classes.registered():
        names = set(row.get_attributes())
        assert not [name for name in names if CARD.search(name)], row.__name__
        if row.__module__.startswith("billing."):
            assert not names & {"email", "name_on_card", "street", "city", "phone", "ip"}, row.__name__


def test_p04_an_event_has_the_fields_of_the_policy_and_no_other(web, workspace):
    """P04: as declared, and as written by a request."""
    assert set(Event.get_attributes()) == EVENT
    ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=73", Origin="https://shop.example")
    (row,) = [row for row in Event.query(workspace.workspace_id) if row.cost]
    assert set(row.attribute_values) == EVENT
    assert not [value for value in row.attribute_values.values() if "shoe" in str(value) or "jpeg" in str(value)]


def test_p05_the_fingerprint_of_a_charge_is_keyed_by_its_workspace_and_stands_on_the_claim_alone(
    web, workspace, stranger
):
    """P05, V7"""
    made = {}
    for row in (workspace, stranger):
        for path in ("/transform?src=shop/shoe.jpg&w=74", "/grid?src=shop/shoe.jpg&src=shop/hat.png&w=74"):
            ask(row.namespace, path)
        made[row.workspace_id] = list(Claim.query(row.workspace_id))
    first, second = made.values()
    # Of the transform: its address, and what it came to. Of the grid both, and each of its two sources.
    assert len(first) == len(second) == 2 + 1 + 2 * 2
    assert not {claim.digest for claim in first} & {claim.digest for claim in second}
    year = 365 * 86_400
    for claim in first:
        assert set(claim.attribute_values) == {"workspace_id", "digest", "charged", "expires"}
        assert re.fullmatch("[ps]?[0-9a-f]{64}", claim.digest)
        assert year - 5 < claim.expires.timestamp() - float(claim.charged) < year + 5
    client = dynamo.connection().client
    for table in row_classes.registered():
        if table is not Claim:
            for page in client.get_paginator("scan").paginate(TableName=table.Meta.table_name):
                items = str(page["Items"])
                assert not [claim.digest for claim in first if claim.digest in items], table.__name__


def test_p05_without_the_workspaces_key_the_fingerprint_cannot_be_made(web, workspace, forgetful):
    """P05, V7: no plain digest of the operation or its address, and no key of another purpose."""
    tenant = tenants.of_namespace(workspace.namespace)
    plan = image_plans.make(tenant, "transform", Query.parse("src=shop/shoe.jpg&w=74"), None, None)
    guesses = ("src=shop/shoe.jpg&w=74", "/transform?src=shop/shoe.jpg&w=74", "\n".join(plan.identity))
    assert plan.claim not in {hashlib.sha256(guess.encode()).hexdigest() for guess in guesses}
    assert plan.claim not in {tokens.keyed_digest(key, plan.identity) for key in (b"", tenant.cache_key)}
    assert plan.claim == tokens.keyed_digest(tenant.claim_key, plan.identity)


def test_p13_there_is_no_sql_database_and_the_tables_are_in_virginia():
    """P13"""
    assert settings.AWS_REGION == "us-east-1"
    assert {each.settings_dict["ENGINE"] for each in connections.all()} == {"django.db.backends.dummy"}
    with pytest.raises(ImproperlyConfigured):
        User.objects.count()
    assert {row.Meta.region for row in row_classes.registered()} == {"us-east-1"}
    assert {row.Meta.host for row in row_classes.registered()} == {settings.DYNAMODB_ENDPOINT}
