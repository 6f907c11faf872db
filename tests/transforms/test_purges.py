"""Purges: a rule voids what is older, in memory, bucket and claims, on every server, and nobody else's."""

import json
import os
import time

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.workspaces import workspaces
from billing.charging import ledger
from billing.models import Claim
from imgapis.base import clock
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.models import PurgeRule
from transforms.models import purges as purge_rows
from transforms.serving import image_plans, purges
from transforms.sources import named_sources
from transforms.tenant import purge_index, tenants

SHOE, HAT = "/transform?src=shop/shoe.jpg&w=80", "/transform?src=shop/any/hat.jpg&w=80"
GRID = "/grid?src=shop/any/a.jpg&src=other/shoe.jpg&w=60&h=40"
OTHER = "/transform?src=other/shoe.jpg&w=80"
PLAIN = "/placeholder/color?color=fff&w=9&h=9"
EVERY = (SHOE, HAT, GRID, OTHER, PLAIN)
# what is purged → the addresses that are new work by it
SCOPES = {
    ("url", "https://{host}/transform?w=80&src=shop%2Fshoe.jpg&format=png&sig=a.b"): {SHOE},
    ("prefix", "shop/any/"): {HAT, GRID},
    ("source", "other"): {GRID, OTHER},
    ("workspace", ""): set(EVERY),
}


def used(row) -> int:
    proofs = ledger.prove(row.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


def rendered_workspace(number: int, origin):
    """A workspace with everything rendered, in the memory of both workers."""
    row = workspaces.create_unowned(namespace=f"purged-{number}-{os.getpid()}", allowance=2_000)
    for name in ("shop", "other"):
        named_sources.create(row.workspace_id, name=name, kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    assert {ask(row.namespace, address).status for address in EVERY for _ in range(6)} == {200}
    return row


@pytest.fixture(scope="module")
def purged(web, origin):
    """Case → (a workspace purged by it, its half-credits before); five seconds later every worker knows."""
    rows = {case: rendered_workspace(number, origin) for number, case in enumerate(SCOPES)}
    charges = {case: used(row) for case, row in rows.items()}
    for (scope, target), row in rows.items():
        purges.purge(row, "system", scope, target.format(host=f"{row.namespace}.localhost"))
    time.sleep(tenants.FRESH_SECONDS + 0.1)  # what is promised of time is the subject of the test
    return {case: (row, charges[case]) for case, row in rows.items()}


@pytest.mark.parametrize("case", list(SCOPES), ids=[scope for scope, _ in SCOPES])
def test_a_purge_makes_new_work_of_what_fits_and_of_nothing_else(purged, case):
    """K5: in both workers; the claim is void too, so that the new work is charged, once. The other workspaces of the
    fixture have the same addresses, and none of them loses more than its own purge says."""
    row, before = purged[case]
    replies = {address: [ask(row.namespace, address) for _ in range(6)] for address in EVERY}
    missed_addresses = {address for address, answers in replies.items() if answers[0].headers["x-img-cache"] == "MISS"}
    assert missed_addresses == SCOPES[case]
    assert all(reply.headers["x-img-cache"] == "HIT" for answers in replies.values() for reply in answers[1:])
    prices = {SHOE: 2, HAT: 2, GRID: 8, OTHER: 2, PLAIN: 1}
    assert used(row) - before == sum(prices[address] for address in missed_addresses)


def test_a_quote_knows_of_a_purge(web, workspace):
    ask(workspace.namespace, SHOE)
    row, tenant = workspace, tenants.of_row(workspace, workspace.namespace)
    purges.purge(row, "system", "workspace")
    row.refresh(consistent_read=True)
    purged_tenant = tenants.of_row(row, row.namespace)
    query = SHOE.partition("?")[2]
    plan_before, plan_after = (
        image_plans.make(state, "transform", Query.parse(query), None, None) for state in (tenant, purged_tenant)
    )
    assert (
        plan_before.purged_before == 0 < plan_after.purged_before <= clock.now() and plan_before.key == plan_after.key
    )


def test_what_becomes_new_work_is_told_beforehand(web, origin):
    row = rendered_workspace(len(SCOPES), origin)
    assert purges.preview(row, "url", SHOE) == 1
    assert purges.preview(row, "url", "/transform?src=shop/never.jpg&w=80") == 0
    assert purges.preview(row, "workspace", "") == purges.preview(row, "source", "shop") == 5
    purges.purge(row, "system", "workspace")
    row.refresh(consistent_read=True)
    assert purges.preview(row, "workspace", "") == purges.preview(row, "url", SHOE) == 0


def test_a_grid_that_was_claimed_whole_is_told_beforehand_too(web, workspace):
    """H24: before their sources had claims, grids had one."""
    grid = "/grid?src=shop/any/a.jpg&src=shop/any/b.jpg&w=60&h=40"
    plan = image_plans.make(
        tenants.of_row(workspace, workspace.namespace), "grid", Query.parse(grid.partition("?")[2]), None, None
    )
    assert purges.preview(workspace, "url", grid) == 0
    moment = clock.now()
    expires = clock.utc(int(moment) + plan.seconds)
    Claim(workspace.workspace_id, plan.former, charged=moment, expires=expires).save()
    assert purges.preview(workspace, "url", grid) == 1
    purges.purge(workspace, "system", "url", grid)
    workspace.refresh(consistent_read=True)
    assert purges.preview(workspace, "url", grid) == 0


@pytest.mark.parametrize(
    ("scope", "target", "sentence"),
    [
        ("url", "https://evil.test/transform?src=shop/shoe.jpg", "not one of this workspace's hosts"),
        ("url", "shoe.jpg", "Paste an address"),
        ("url", "/transform?src=shop/shoe.jpg&wdith=8", "Did you mean width"),
        ("url", "http://[", "no address"),
        ("prefix", "nowhere/", "no source named"),
        ("prefix", "shop", "names the source shop but no file"),
        ("prefix", "shop/../", "segment"),
        ("source", "nowhere", "no source named"),
        ("everything", "", "A purge is of"),
    ],
)
def test_what_cannot_be_read_is_refused_and_purges_nothing(workspace, scope, target, sentence):
    for act in (purges.preview, lambda row, *args: purges.purge(row, "system", *args)):
        with pytest.raises(purges.InvalidPurge, match=sentence):
            act(workspace, scope, target)
    assert purge_rows.of_workspace(workspace.workspace_id) == []


def test_an_address_of_another_workspace_is_none_of_ours(workspace, stranger):
    """A9"""
    for row, is_refused in ((workspace, False), (stranger, True)):
        address = f"http://{row.namespace}.{settings.IMAGE_DOMAIN}/transform?src=shop/shoe.jpg&w=80"
        if is_refused:
            with pytest.raises(purges.InvalidPurge, match="not one of this workspace's hosts"):
                purges.preview(workspace, "url", address)
        else:
            assert purges.preview(workspace, "url", address) == 0


def test_a_wider_rule_takes_the_place_of_the_narrower(workspace):
    for scope, target in (("prefix", "shop/a/b/"), ("prefix", "shop/c/"), ("url", SHOE), ("prefix", "shop/a/")):
        purges.purge(workspace, "system", scope, target)
    assert targets(workspace) == ["shop/c/", SHOE, "shop/a/"]
    purges.purge(workspace, "system", "prefix", "shop/")
    assert targets(workspace) == [SHOE, "shop/"]
    purges.purge(workspace, "system", "source", "shop")
    assert targets(workspace) == [SHOE, "shop"]
    purges.purge(workspace, "system", "workspace")
    assert targets(workspace) == [""]


def targets(workspace) -> list[str]:
    return [rule.target for rule in purge_rows.of_workspace(workspace.workspace_id)]


def test_a_workspace_has_so_many_rules_and_a_wider_one_makes_room(workspace, monkeypatch):
    monkeypatch.setattr(purges, "MOST_RULES", 2)
    purges.purge(workspace, "system", "prefix", "shop/a/")
    purges.purge(workspace, "system", "prefix", "shop/b/")
    with pytest.raises(purges.TooManyPurges):
        purges.purge(workspace, "system", "prefix", "shop/c/")
    purges.purge(workspace, "system", "source", "shop")
    assert targets(workspace) == ["shop"]


def test_no_rule_outlives_what_it_could_void(workspace):
    rule = purges.purge(workspace, "system", "workspace")
    assert 366 * 86_400 - 2 <= rule.expires.timestamp() - rule.moment <= 366 * 86_400 + 2
    rule.update(actions=[PurgeRule.expires.set(rule.expires.replace(year=2020))])
    assert purge_rows.of_workspace(workspace.workspace_id) == []


RULES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                ("workspace", []),
                ("source", ["s1"]),
                ("source", ["s2"]),
                ("prefix", ["source", "s1", "1", "/a"]),
                ("prefix", ["source", "s1", "9", "/a/b"]),
                ("prefix", ["url", "https://h/a"]),
                ("url", ["op", "x"]),
            ]
        ),
        st.integers(1, 9),
    )
)
ORIGINALS = st.lists(
    st.sampled_from([("source", "s1", "1", "/a/b/c"), ("source", "s2", "1", "/a"), ("url", "https://h/a/b")]),
    max_size=3,
)


@given(rules=RULES, identity=st.sampled_from([("op", "x"), ("op", "y")]), originals=ORIGINALS)
@example(  # H24: the same path of another source
    rules=[(("prefix", ["source", "s1", "1", "/a"]), 1)], identity=("op", "x"), originals=[("source", "s2", "1", "/a")]
)
def test_the_index_says_what_reading_every_rule_would(rules, identity, originals):
    def voids(scope, names) -> bool:
        if scope == "workspace" or (scope == "url" and tuple(names) == identity):
            return True
        if scope == "source":
            return any(original[0] == "source" and original[1] == names[0] for original in originals)
        if scope != "prefix":
            return False
        matching = [
            original
            for original in originals
            if original[0] == names[0] and (original[0] == "url" or original[1] == names[1])
        ]
        return any(original[-1].startswith(names[-1]) for original in matching)

    rows = [PurgeRule("w", "r", scope=scope, names=names, moment=moment) for (scope, names), moment in rules]
    expected = max([moment for (scope, names), moment in rules if voids(scope, names)], default=0)
    assert purge_index.build(rows).before(identity, originals) == expected


def test_no_address_leaves_a_hash_in_a_rule(workspace):
    """P05: a hash of an address is on its claim alone."""
    rule = purges.purge(workspace, "system", "url", SHOE)
    tenant = tenants.of_row(workspace, workspace.namespace)
    plan = image_plans.make(tenant, "transform", Query.parse(SHOE.partition("?")[2]), None, None)
    stored_text = json.dumps([rule.target, rule.names])
    assert plan.claim not in stored_text and plan.key not in stored_text
