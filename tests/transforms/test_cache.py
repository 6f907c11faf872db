"""What is kept and what never is: errors, altered bytes, expired objects, foreign tuples (K3, K4, K7, K9)."""

import random
import re
import secrets

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from imgapis.base import buckets, clock, tokens
from imgapis.base.buckets import StoredObject
from tests import environment
from tests.origin import picture
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.models import sources
from transforms.serving import cache, image_plans
from transforms.tenant import tenants

TUPLES = environment.count(10_000, 100_000, 1_000_000)
SAFE_KEY = re.compile(r"[0-9a-fd/]+\Z")


@pytest.fixture
def place(bucket):
    """A folder and a key nobody used."""
    return secrets.token_hex(16), secrets.token_hex(32)


def test_an_output_comes_back_as_it_was_stored(place):
    entry = cache.new_output(b"picture", "image/webp", cache.YEAR_SECONDS, source_size="3x2", warnings="w")
    cache.write(*place, cache.YEAR_SECONDS, entry)
    cache.memory.clear()
    assert cache.read(*place, cache.YEAR_SECONDS) == entry


def test_an_altered_object_is_a_miss(place):
    """K7"""
    entry = cache.new_output(b"picture", "image/webp", cache.YEAR_SECONDS)
    metadata = {"digest": entry.digest, "stored": str(int(entry.stored)), "expires": str(int(entry.expires))}
    buckets.put(cache.path(*place, cache.YEAR_SECONDS), StoredObject(b"pictura", "image/webp", metadata))
    assert cache.read(*place, cache.YEAR_SECONDS) is None


def test_an_expired_object_that_is_still_there_is_a_miss(place, monkeypatch):
    """P08: a year for pictures, a day for info."""
    for seconds in (cache.DAY_SECONDS, cache.YEAR_SECONDS):
        cache.write(*place, seconds, cache.new_output(b"picture", "image/webp", seconds))
        later = clock.now() + seconds + 1
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda later=later: later)
            assert cache.memory.get(place[1]) is None
            assert cache.read(*place, seconds) is None


def test_a_bucket_that_does_not_answer_is_a_miss_and_no_error(place, monkeypatch):
    """K7"""
    monkeypatch.setattr(settings, "CACHE_ENDPOINT", "http://127.0.0.1:9")
    cache.write(*place, cache.YEAR_SECONDS, cache.new_output(b"picture", "image/webp", cache.YEAR_SECONDS))
    cache.memory.clear()
    assert cache.read(*place, cache.YEAR_SECONDS) is None


def test_memory_is_bounded_in_bytes():
    memory = cache.MemoryCache(8_000)
    for number in range(100):
        memory.put(str(number), cache.new_output(b"x" * 1_000, "image/webp", 60))
    assert sum(memory.get(str(number)) is not None for number in range(100)) == 8


def test_memory_evicts_what_was_used_longest_ago_and_counts_what_is_replaced_once():
    """H24"""
    memory = cache.MemoryCache(80)
    for number in range(8):
        for _ in range(3):
            memory.put(f"k{number}", cache.new_output(b"0123456789", "image/webp", cache.YEAR_SECONDS))
    assert all(memory.get(f"k{number}") for number in reversed(range(8)))
    memory.put("k8", cache.new_output(b"0123456789", "image/webp", cache.YEAR_SECONDS))
    assert [number for number in range(9) if not memory.get(f"k{number}")] == [7]


def test_keys_are_hex_digests_only(place):
    """K9"""
    key = cache.path(*place, cache.YEAR_SECONDS)
    assert SAFE_KEY.match(key) and len(key) <= 128


@pytest.mark.counted
def test_random_tuples_never_meet():
    """K3: a million in `make soak`."""
    generator = random.Random(7)
    distinct_tuples = {
        tuple(generator.choice("ab=1&|/\x1f") * generator.randint(0, 3) for _ in range(6)) for _ in range(TUPLES)
    }
    assert len({tokens.keyed_digest(b"k" * 32, parts) for parts in distinct_tuples}) == len(distinct_tuples)


@given(st.lists(st.text(max_size=5), max_size=5), st.lists(st.text(max_size=5), max_size=5))
def test_two_tuples_share_a_key_only_when_they_are_equal(first, second):
    """K3"""
    first_key, second_key = (tokens.keyed_digest(b"k" * 32, tuple(parts)) for parts in (first, second))
    assert (first_key == second_key) == (first == second)


def test_an_origin_that_failed_and_then_works_is_good_at_once(web, workspace, origin):
    """K4"""
    path = f"/later-{workspace.namespace}.jpg"
    assert ask(workspace.namespace, f"/transform?src=shop{path}&w=20").status == 404
    origin.pictures[path] = origin.pictures["/shoe.jpg"]
    assert ask(workspace.namespace, f"/transform?src=shop{path}&w=20").status == 200


def test_an_edited_source_serves_no_old_picture(web, workspace, origin, forgetful):
    """K5: the revision of a source is in every key."""
    origin.pictures["/new/shoe.jpg"] = picture(colour="#00ff00")
    tenant = tenants.of_namespace(workspace.namespace)
    before = image_plans.make(tenant, "transform", Query.parse("src=shop/shoe.jpg&w=9"), None, None)
    row = tenant.sources["shop"]
    sources.change(row, is_read_otherwise=True, prefix=row.prefix + "new/")
    tenants.clear_cache()
    after = image_plans.make(
        tenants.of_namespace(workspace.namespace), "transform", Query.parse("src=shop/shoe.jpg&w=9"), None, None
    )
    assert before.key != after.key and before.claim != after.claim


@pytest.mark.parametrize("ahead", [0.0, 3.0, 30.0])
def test_a_picture_made_by_a_clock_that_is_ahead_does_not_outlive_its_purge(place, ahead):
    """H15, K5: made five seconds before the purge, on a server whose clock is ahead; in memory and in the bucket."""
    purge = clock.now()
    cache.write(*place, cache.YEAR_SECONDS, entry := output(stored=purge - 5 + ahead))
    assert cache.memory.get(place[1], purge) is None
    assert cache.read(*place, cache.YEAR_SECONDS, purge) is None
    assert not entry.outlives(purge) and entry.outlives(0.0)


@pytest.mark.parametrize("behind", [0.0, 3.0, 30.0])
def test_a_picture_made_after_its_purge_is_kept_at_once(place, behind):
    """H15: it was made knowing the purge, whatever the clock of its server says; nobody renders for a minute anew."""
    purge = clock.now() + 0.1234567
    cache.write(*place, cache.YEAR_SECONDS, output(stored=purge - behind, known_purge=purge))
    assert cache.memory.get(place[1], purge)
    cache.memory.clear()
    assert cache.read(*place, cache.YEAR_SECONDS, purge)
    assert cache.read(*place, cache.YEAR_SECONDS, purge + 0.001) is None, "a later purge voids it"


def output(stored: float, known_purge: float = 0.0) -> cache.CachedOutput:
    """A picture, as a server says when it made it and which purge it knew of."""
    return cache.new_output(b"x", "image/png", cache.YEAR_SECONDS, stored, known_purge=known_purge)


def test_an_output_ends_in_the_second_in_which_its_claim_does():
    """P08: also where it was begun less than a millisecond before a full second."""
    entry = cache.new_output(b"x", "image/png", 600, 1_800_000_000.9998)
    assert (entry.stored, entry.expires) == (1_800_000_000.999, 1_800_000_600.0)


def test_a_workspace_has_a_key_of_its_own_for_each_use(workspace):
    """K3, P05: none is made without the workspace's key, which its erasure destroys."""
    before = tenants.of_row(workspace, workspace.namespace)
    workspace.sealed_key = tokens.seal(secrets.token_bytes(32))
    after = tenants.of_row(workspace, workspace.namespace)
    keys = [room for each in (before, after) for room in (each.cache_key, each.claim_key, each.folder)]
    assert len(set(keys)) == 6 and after.folder not in (after.cache_key.hex()[:32], after.claim_key.hex()[:32])
