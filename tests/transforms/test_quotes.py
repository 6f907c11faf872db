"""No surprise on a bill: the quote, the header and the ledger agree, and a picture is charged once however spelled."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.charging import ledger
from imgapis.base import clock
from tests import environment
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.serving import cache, image_plans
from transforms.serving.charging import claims
from transforms.tenant import tenants

COUNT = environment.count(6, 40, 1_000)
CALM = settings(
    max_examples=COUNT,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = [pytest.mark.usefixtures("web"), pytest.mark.timeout(1_800)]

SIDE = st.integers(1, 64).map(str)
# name → (its alias or none, its values): the parameters of /transform that are cheap at this size
TRANSFORM = {
    "w": ("width", SIDE),
    "h": ("height", SIDE),
    "size": (None, SIDE),
    "dpr": (None, st.sampled_from(["1", "1.5", "2", "2.0"])),
    "fit": (None, st.sampled_from(["contain", "cover", "fill", "pad"])),
    "position": (None, st.sampled_from(["center", "top", "0.2,0.7"])),
    "enlarge": (None, st.sampled_from("01")),
    "rotate": (None, st.sampled_from(["0", "90", "180"])),
    "flip": (None, st.sampled_from(["h", "v", "hv"])),
    "background": ("bg", st.sampled_from(["fff", "#80402010"])),
    "blur": (None, st.sampled_from(["0.5", "2"])),
    "grayscale": (None, st.sampled_from("01")),
    "saturation": (None, st.sampled_from(["1", "0.5", "1.50"])),
    "hue": (None, st.sampled_from(["0", "360", "-30"])),
    "quality": ("q", st.sampled_from(["80", "40"])),
    "format": ("fm", st.sampled_from(["jpg", "webp", "png"])),
}
ROOMY = st.integers(32, 64).map(str)  # a gap needs room for its pictures
GRID = {
    "w": ("width", ROOMY),
    "h": ("height", ROOMY),
    "type": (None, st.sampled_from(["auto", "classic", "row"])),
    "gap": (None, st.sampled_from("015")),
    "background": ("bg", st.sampled_from(["abc"])),
}
PLACEHOLDER = {"w": ("width", SIDE), "h": ("height", SIDE), "fit": (None, st.sampled_from(["contain", "cover"]))}


@st.composite
def spellings(draw, table):
    """Two spellings of one request: the second permuted, with aliases where there are some."""
    names = draw(st.lists(st.sampled_from(sorted(table)), unique=True, max_size=6))
    pairs = [(name, draw(table[name][1])) for name in names]
    other = [(table[name][0] or name if draw(st.booleans()) else name, value) for name, value in pairs]
    return pairs, draw(st.permutations(other))


def query(sources: list[str], pairs: list[tuple[str, str]]) -> str:
    """The pairs as a query."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in [("src", src) for src in sources] + pairs)


def used(workspace) -> int:
    """Half-credits charged so far; the ledger holds."""
    proofs = ledger.prove(workspace.workspace_id)
    assert all(proof.is_valid for proof in proofs)
    return sum(proof.used for proof in proofs)


def check(workspace, endpoint: str, sources: list[str], first: list, second: list) -> None:
    """Quote, ask, ask again in other words; compare with the ledger. A quote says whether it is exact (H4)."""
    before = used(workspace)
    quote_body = json.loads(ask(workspace.namespace, f"/explain/{endpoint}?{query(sources, first)}").body)
    assert used(workspace) == before
    reply = ask(workspace.namespace, f"/{endpoint}?{query(sources, first)}")
    assert reply.status == 200, (quote_body, reply.body[:300])
    charge = float(reply.headers["x-img-credits"])
    assert used(workspace) - before == charge * 2
    is_exact = not quote_body["credits_are"].startswith("a maximum")
    assert charge == float(quote_body["credits"]) if is_exact else charge <= float(quote_body["credits"])
    second_reply = ask(workspace.namespace, f"/{endpoint}?{query(sources, second)}")
    assert (second_reply.headers["x-img-cache"], second_reply.headers["x-img-credits"]) == ("HIT", "0")
    assert second_reply.body == reply.body and used(workspace) - before == charge * 2


@pytest.fixture
def tenant(workspace):
    """The workspace as an image request sees it."""
    return tenants.of_namespace(workspace.namespace)


ANY = st.one_of(
    st.tuples(st.just("transform"), spellings(TRANSFORM), st.just(["shop/shoe.jpg"])),
    st.tuples(st.just("grid"), spellings(GRID), st.just(["shop/shoe.jpg", "shop/hat.png", "shop/none.jpg"])),
    st.tuples(
        st.sampled_from(["placeholder/color", "placeholder/blurhash"]),
        spellings(PLACEHOLDER),
        st.just(["shop/shoe.jpg"]),
    ),
)
HALVES = {"transform": 2, "grid": 12, "placeholder": 1}


@settings(CALM, max_examples=environment.count(100, 300, 1_000))
@given(request=ANY, accept=st.sampled_from(["image/avif,image/webp", "image/webp", "*/*"]))
def test_two_spellings_have_one_cache_key_one_claim_and_one_price(tenant, request, accept):
    """B1: the plan that the quote shows is the plan that the charge is made by."""
    endpoint, variants, sources = request
    first, second = (
        image_plans.make(tenant, endpoint, Query.parse(query(sources, pairs)), None, accept) for pairs in variants
    )
    assert (first.key, first.claim, first.seconds) == (second.key, second.claim, second.seconds)
    assert first.halves == second.halves == HALVES[first.operation]


@pytest.mark.counted
@CALM
@given(variants=spellings(TRANSFORM), src=st.sampled_from(["shop/shoe.jpg", "shop/hat.png"]), known=st.booleans())
def test_a_transform_costs_what_its_quote_says(workspace, variants, src, known):
    if known:
        ask(workspace.namespace, f"/info?src={src}")  # from here on the size is known, and every quote exact
    check(workspace, "transform", [src], *variants)


@pytest.mark.counted
@settings(CALM, max_examples=COUNT // 3)
@given(variants=spellings(GRID), dead=st.booleans())
def test_a_grid_costs_at_most_its_quote(workspace, variants, dead):
    check(workspace, "grid", ["shop/shoe.jpg", "shop/hat.png", *["shop/none.jpg"] * dead], *variants)


@pytest.mark.counted
@settings(CALM, max_examples=COUNT // 3)
@given(variants=spellings(PLACEHOLDER), kind=st.sampled_from(["color", "blurhash"]))
def test_a_placeholder_costs_what_its_quote_says(workspace, variants, kind):
    check(workspace, f"placeholder/{kind}", ["shop/shoe.jpg"], *variants)


@pytest.mark.parametrize("endpoint", ["info", "info/metadata", "info/colors", "info/blurhash"])
def test_info_costs_what_its_quote_says(workspace, endpoint):
    check(workspace, endpoint, ["shop/shoe.jpg"], [], [])


def test_what_info_said_of_a_source_counts_for_a_day(bucket, workspace):
    """H24: its source may be another one since."""
    tenant = tenants.of_row(workspace, workspace.namespace)
    plan = image_plans.make(tenant, "transform", Query.parse("src=shop/any/aged.jpg&w=20"), None, None, None)
    key = image_plans.key(tenant, image_plans.named(("info",), plan.originals), "json")
    for age, is_known in ((clock.DAY + 1, False), (clock.DAY - 60, True)):
        entry = cache.new_output(
            b"{}", "application/json", cache.DAY_SECONDS, clock.now() - age, source_size="3x2", prints="p"
        )
        cache.write(tenant.folder, key, cache.DAY_SECONDS, entry)
        assert (claims.known_source(tenant, plan) is not None) is is_known
