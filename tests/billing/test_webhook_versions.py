"""Events in another version of Stripe's API, and the renewal of the endpoint they come from (H21)."""

import json
import re
import secrets

import pytest

from accounts.models import workspaces
from billing.stripe import gateway, stripe_events, stripe_setup, webhook_lag, webhooks
from imgapis.base import clock
from imgapis.watch import checks
from tests.billing.stripe_world import SECRET, post
from tests.billing.test_webhooks import sign

RELEASE = gateway.VERSION.partition(".")[2]


def purchase(world, buyer, version: str) -> dict:
    """An event, in some version, that tells of a plan."""
    world.buys(buyer, "growth")
    return world.taken()[-1] | {"api_version": version, "id": f"evt_{secrets.token_hex(8)}"}


def plan_of(workspace) -> str:
    return workspaces.find(workspace.workspace_id).plan


@pytest.mark.parametrize("month", ["2026-01-28", "2027-02-24"])
def test_an_event_in_any_version_of_the_same_release_is_acted_on(world, web, buyer, month):
    """H21: an update of the library within a release stopped plans and receipts."""
    (reply,) = world.deliver(purchase(world, buyer, f"{month}.{RELEASE}"))
    assert (reply.status, json.loads(reply.body)["outcome"], plan_of(buyer)) == (200, "acted", "growth")


@pytest.mark.parametrize("version", ["2020-08-27", "2025-04-30.basil", f"{RELEASE}.2026-08-26"])
def test_an_event_in_a_version_of_another_release_is_sent_again_and_alarms(world, web, buyer, version):
    """H21: it was answered 200, counted as seen, and no alarm sounded."""
    before, event = checks.sample(), purchase(world, buyer, version)
    (reply,) = world.deliver(event)
    assert reply.status == 409 and b"run stripe_setup" in reply.body
    assert plan_of(buyer) == "free" and stripe_events.of_id(event["id"]) is None
    assert "run stripe_setup" in checks.webhooks(before, checks.sample())


def test_an_event_nobody_could_read_stays_unacted_for_the_alert(world, web, buyer):
    """H21, O2"""
    event = purchase(world, buyer, "2020-08-27")
    with world.book.change():
        world.book.put("events", event)
    world.deliver(event)
    others = [row for row in world.book.list_all("events") if row["id"] != event["id"]]
    world.deliver(*others)
    assert webhook_lag.unacted_since(clock.now() + webhook_lag.LATE_SECONDS + 60) is not None


def test_support_replays_an_event_of_an_account_that_has_an_older_version(world, web, buyer):
    """What is fetched by its id has the version of the account, whatever the endpoint's."""
    event = purchase(world, buyer, "2020-08-27")
    with world.book.change():
        world.book.put("events", event)
    assert webhooks.replay(event["id"]) == "acted" and plan_of(buyer) == "growth"


def test_what_concerns_nobody_here_is_ignored_in_any_version(world, web, buyer):
    """B13: it is not sent again for three days."""
    event = purchase(world, buyer, "2020-08-27") | {"type": "customer.tax_id.created"}
    (reply,) = world.deliver(event)
    assert (reply.status, json.loads(reply.body)["outcome"]) == (200, "unknown kind")


def endpoints(world, address: str) -> list[dict]:
    """The endpoints of an address, oldest first."""
    return [row for row in world.book.objects["endpoints"].values() if row["url"] == address]


def secret_in(lines: list[str]) -> str:
    """The secret that a set-up printed; empty where it made no endpoint."""
    return "".join(re.findall(r"STRIPE_WEBHOOK_SECRET=(whsec_\w+)", " ".join(lines)))


def test_an_endpoint_of_another_release_is_renewed_with_two_secrets_for_a_while(world, web, buyer, settings):
    """H21: the version of an endpoint cannot be changed. Each step repeated changes nothing."""
    address = f"http://localhost/{secrets.token_hex(4)}"
    old_secret = secret_in(list(stripe_setup.run(address)))
    with world.book.change():
        endpoints(world, address)[0]["api_version"] = "2025-04-30.basil"
    settings.STRIPE_WEBHOOK_SECRET = old_secret
    lines = list(stripe_setup.run(address))
    new_secret = secret_in(lines)
    assert new_secret and new_secret != old_secret and "STRIPE_WEBHOOK_SECRET_FALLBACKS" in lines[-1]
    assert "stay" in "".join(stripe_setup.run(address)) and len(endpoints(world, address)) == 2
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_WEBHOOK_SECRET_FALLBACKS = new_secret, [old_secret]
    assert "of version 2025-04-30.basil is deleted" in "".join(stripe_setup.run(address))
    (endpoint,) = endpoints(world, address)
    assert endpoint["api_version"] == gateway.VERSION and list(stripe_setup.run(address)) == []


def test_a_secret_is_renewed_within_a_version(world, settings):
    """H21, O1"""
    address = f"http://localhost/{secrets.token_hex(4)}"
    first = secret_in(list(stripe_setup.run(address)))
    second = secret_in(list(stripe_setup.run(address, renew=True)))
    assert first != second and len(endpoints(world, address)) == 2
    settings.STRIPE_WEBHOOK_SECRET = second
    list(stripe_setup.run(address))
    assert len(endpoints(world, address)) == 1


def test_while_two_secrets_are_in_use_an_event_signed_with_either_is_taken(world, buyer, client, settings):
    """H21, B10: with a third one it is not."""
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_WEBHOOK_SECRET_FALLBACKS = "whsec_new", [SECRET]
    body = json.dumps(purchase(world, buyer, gateway.VERSION)).encode()

    def sent(secret: str) -> int:
        return client.post(
            "/stripe/webhook",
            body,
            content_type="application/json",
            HTTP_HOST="localhost",
            HTTP_STRIPE_SIGNATURE=sign(body, secret),
        ).status_code

    assert [sent(secret) for secret in ("whsec_new", SECRET, "whsec_third", "")] == [200, 200, 400, 400]


def test_no_fallback_is_no_secret(world, web, buyer):
    """B10: what is signed with nothing is not taken."""
    body = json.dumps(purchase(world, buyer, gateway.VERSION)).encode()
    assert post(body, secret="").status == 400
