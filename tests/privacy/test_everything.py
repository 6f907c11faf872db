"""Three sets are one: what is stored, what an export holds, and what an erasure removes (D5, D6, D8, P17, P19)."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from accounts.models.workspaces import WorkspaceGone
from billing.charging import credits
from billing.plans import periods
from imgapis.base import clock
from imgapis.base.dynamo import declaration_of
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure, export, registry
from imgapis.tables import row_classes
from tests import environment
from tests.billing.stripe_world import post
from tests.billing.test_charge import bill
from tests.billing.test_webhooks import signed
from tests.privacy.full import EXEMPT, Account
from tests.transforms.web_client import ask
from transforms.sources import named_sources
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("dynamodb", "bucket", "stripe_stub")


@pytest.fixture
def account(everything):
    """Somebody with something in every attribute of every table."""
    return everything


def erased(account: Account, monkeypatch) -> list:
    """Both erasures, the workspace's and the person's, to their certificates."""
    real, ahead = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        erasure.request(kind, subject, at_once=True)
        for _ in range(6):
            erasure.process_due()
            ahead[0] += erasure.SWEEP_SECONDS + 1
            if erasures.find(subject).state == "done":
                break
    return [erasures.find(subject) for subject in (account.workspace_id, account.person_id)]


def test_something_stands_in_every_table_that_is_not_exempt(account):
    assert {table.__name__ for table in row_classes.registered() if table not in EXEMPT} <= set(account.left())


def test_an_export_holds_every_exported_attribute_of_every_row_with_its_value(account):
    """P17: by the declarations alone, so that a new attribute is in the export or declared not to be."""
    held = {}
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(kind, subject))))
        for name in archive.namelist():
            held.setdefault(name, "")
            held[name] += archive.read(name).decode()
    for holding in registry.HOLDINGS:
        names = export.exported(holding.row)
        if holding.exempt or not names or (holding.of_workspace is None and holding.of_person is None):
            continue
        lines = held[holding.row.Meta.table_name.partition("-")[2] + ".jsonl"].splitlines()
        rows = [json.loads(line) for line in lines]
        assert rows and all(set(row) == set(names) for row in rows), holding.row.__name__
        theirs = (account.mark, account.workspace_id, account.person_id)
        assert any(word in line for line in lines for word in theirs), holding.row.__name__


def test_an_export_holds_nothing_that_is_declared_not_to_be_in_it(account):
    """P17: secrets, digests and what is for our own use; each text of the account names its attribute."""
    whole = "".join(held_by(account).values())
    for table in row_classes.registered():
        for name, attribute in table.get_attributes().items():
            exported_elsewhere = any(
                name in export.exported(other) for other in row_classes.registered() if other is not table
            )
            if not declaration_of(attribute).exported and not exported_elsewhere:
                assert f'{account.mark} {name}"' not in whole, f"{table.__name__}.{name}"


def plain(value):
    """A stored value as JSON can say it."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    return sorted(value) if isinstance(value, set | frozenset) else value


def held_by(account) -> dict[str, str]:
    """The tables of both exports, as JSON lines, by name."""
    held: dict[str, str] = {}
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(kind, subject))))
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                held[name] = held.get(name, "") + archive.read(name).decode()
    return held


def test_an_exported_value_is_the_stored_one(account):
    """P17: attribute by attribute, of every row that was made of a table's declaration."""
    held, compared = held_by(account), 0
    for holding in registry.HOLDINGS:
        names = export.exported(holding.row)
        name = holding.row.Meta.table_name.partition("-")[2] + ".jsonl"
        rows = [json.loads(line) for line in held.get(name, "").splitlines()]
        for item in account.items(holding.row) if rows else ():
            row = holding.row.from_raw_data(item)
            stored = {each: plain(getattr(row, each)) for each in names}
            assert json.loads(json.dumps(stored)) in rows, holding.row.__name__
            compared += 1
    assert compared >= 20


def test_nothing_is_left_of_what_stood_in_every_table_and_in_the_bucket(account, monkeypatch):
    """P19, D5"""
    done = erased(account, monkeypatch)
    assert [row.state for row in done] == ["done", "done"] and account.left() == {}
    for row in done:
        facts = certificates.verify(dict(row.certificate))
        assert account.mark not in json.dumps(facts)


@pytest.mark.prove
def test_a_hundred_requests_and_a_webhook_meanwhile_leave_nothing(web, origin, world, account, monkeypatch):
    """D8: servers that still remember the workspace, a charge under way, an event of Stripe's that comes late."""
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    named_sources.create(account.workspace_id, name="busy", kind="http", prefix=prefix)
    tenants.clear_cache()
    event = {
        "id": f"evt_{account.mark}",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": 1,
        "data": {"object": {"id": "sub_x", "object": "subscription", "customer": f"{account.mark} customer_id"}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": None,
        "type": "customer.subscription.updated",
    }
    ask(account.mark, "/transform?src=busy/any/first.jpg&w=20")
    paths = [f"/transform?src=busy/any/{number}.jpg&w=20" for number in range(100)]
    erasure.request("workspace", account.workspace_id, at_once=True)
    with ThreadPoolExecutor(12) as threads:
        futures = [threads.submit(ask, account.mark, path) for path in paths]
        erasure.process_due()
        statuses = {each.result().status for each in futures}
    assert statuses <= {200, 400, 402, 410, 422, 429, 503, 504}  # 422 and 504: a rendering past its time
    assert post(*signed(event)).status in (200, 503)
    with pytest.raises((WorkspaceGone, credits.OutOfCredits, credits.ChargeUnavailable)):
        credits.charge(bill(account.workspace_id), periods.terms_of(account.workspace))
    erased(account, monkeypatch)
    left = account.left()
    left.pop("StripeEvent", None)  # an event that was ignored: its own name, and nothing of the account
    assert left == {}
