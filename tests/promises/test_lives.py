"""The promises about pictures and sums: P08, P11, P14."""

import time

import pytest

from billing.charging import ledger
from imgapis.base import buckets, clock
from telemetry import reports, rollups
from telemetry.models import events
from tests.origin import picture
from tests.promises.patience import until
from tests.transforms.web_client import ask
from transforms.serving import cache
from transforms.sources import named_sources
from transforms.sources.kinds.registry import KINDS

YEAR, DAY = 365 * 86_400, 86_400
SHOE = "src=shop/shoe.jpg"
LIVES = {
    f"/transform?{SHOE}&w=75": YEAR,
    f"/grid?{SHOE}&{SHOE}&w=75&h=50": YEAR,
    f"/placeholder/color?{SHOE}&w=8&h=8": YEAR,
    f"/placeholder/blurhash?{SHOE}": YEAR,
    f"/info?{SHOE}": DAY,
}


@pytest.mark.parametrize(("path", "seconds"), LIVES.items(), ids=lambda value: str(value).partition("?")[0])
def test_p08_what_was_made_lives_as_long_as_promised_in_caches_and_in_the_bucket(web, workspace, path, seconds):
    """P08: the header and the object agree. The edge's half waits for the edge worker."""
    began = clock.now()
    reply = ask(workspace.namespace, path)
    assert reply.status == 200 and f"max-age={seconds}" in reply.headers["cache-control"]
    written = time.time() - (clock.now() - began)  # the bucket has the machine's clock
    made = [name for name in buckets.list_keys(written - 2) if name.startswith("1d/" if seconds == DAY else "365d/")]
    ends = [float(buckets.get(name).metadata["expires"]) for name in made]
    assert ends and max(abs(end - began - seconds) for end in ends if end > began + seconds - 30) < 30


def test_p08_an_output_past_its_day_is_not_served(bucket, monkeypatch):
    """P08: whether or not the bucket has swept it."""
    cache.write("f" * 8, "p08", cache.DAY_SECONDS, cache.new_output(b"x", "application/json", cache.DAY_SECONDS))
    later = clock.now() + DAY + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert cache.memory.get("p08") is None and cache.read("f" * 8, "p08", cache.DAY_SECONDS) is None


def test_p11_the_dashboard_and_the_bill_are_sums_of_the_same_events(web, workspace):
    """P11: exactly; hits and mistakes are counted and cost nothing."""
    for path in (*LIVES, *LIVES, "/transform?src=shop/none.jpg"):
        ask(workspace.namespace, path, Origin="https://shop.example")
    hour = clock.hour(clock.now())
    found = until(
        lambda: list(events.between(workspace.workspace_id, 0, 2**40)), lambda seen: len(seen) > 2 * len(LIVES)
    )
    for each in {hour, clock.hour(clock.now())}:
        rollups.rebuild_hour(workspace.workspace_id, each)
    (proof,) = ledger.prove(workspace.workspace_id)
    shown = reports.build(workspace.workspace_id, reports.time_range("30d", clock.now())).total
    spent = sum(int(event.cost) for event in found)
    assert spent > 0 and spent == proof.used == proof.rolled == shown.cost
    assert shown.requests == len(found) == 2 * len(LIVES) + 1


def test_p14_a_buckets_original_is_read_where_it_is_and_copied_nowhere(web, workspace, bucket, settings):
    """P14: the endpoint is that of the customer's own region or account."""
    settings.S3_ENDPOINT, settings.R2_ENDPOINT = "https://s3.{region}.test", "https://{account}.r2.test"
    for region in ("eu-central-1", "ap-southeast-2"):
        assert KINDS["s3"].endpoint(region) == f"https://s3.{region}.test"
    account = "0123456789abcdef" * 2 + ".eu"
    assert KINDS["r2"].endpoint(account) == f"https://{account}.r2.test"


def test_p14_a_customers_bucket_is_only_read(web, workspace, bucket):
    """P14"""
    theirs = f"customer-{workspace.namespace}"
    buckets.ensure_bucket(theirs)
    buckets.upload(theirs, "deep/photo.jpg", original := picture(size=(91, 57)), "image/jpeg")
    keys = {"bucket": theirs, "region": "us-east-1", "access_key": "embedded", "secret_key": "embeddedsecret"}
    named_sources.create(workspace.workspace_id, name="own", kind="s3", prefix="deep/", **keys)
    began = clock.now()
    assert ask(workspace.namespace, "/transform?src=own/photo.jpg&w=40&format=png").status == 200
    listed = buckets.cache_client().list_objects_v2(Bucket=theirs)["Contents"]
    assert [entry["Key"] for entry in listed] == ["deep/photo.jpg"]
    assert not [name for name in buckets.list_keys(began - 2) if original[20:120] in buckets.get(name).body]
