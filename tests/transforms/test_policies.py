"""Policy signatures: a rule allows what it names, and never more than the workspace allows without it."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests import environment
from tests.transforms.signer import policy, signed
from tests.transforms.web_client import ask
from transforms.access import signing, signing_keys
from transforms.engine.request.query import Query
from transforms.serving import image_plans
from transforms.tenant import tenants

LATER = int(clock.now()) + 3_600
RULE = {"src": "shop/any/", "until": LATER, "w": 1600, "params": "fit=cover&quality=70"}


@pytest.fixture
def key(workspace) -> str:
    return signing_keys.turn_on(workspace, "system")


def outcome(workspace, address: str) -> str:
    reply = ask(workspace.namespace, address)
    return json.loads(reply.body)["code"] if reply.status >= 400 else str(reply.status)


def test_one_policy_serves_a_whole_srcset(web, workspace, key):
    end = policy(key, **RULE)
    for width in (320, 640, 1600):
        assert outcome(workspace, f"/transform?src=shop/any/a.jpg&w={width}&quality=70&{end}") == "200"
    assert outcome(workspace, f"/transform/shop/any/a.jpg?w=800&dpr=2&fm=webp&{end}") == "200"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/transform?src=shop/any/a.jpg&w=1601", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=801&dpr=2", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&size=800", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=800&h=800", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg", "policy_exceeded"),
        ("/transform?src=shop/shoe.jpg&w=800", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=800&quality=71", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=800&blur=3", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=800&mark=shop/any/a.jpg", "policy_exceeded"),
        ("/transform?src=shop/any/a.jpg&w=800&download=virus.exe", "policy_exceeded"),
        ("/grid?src=shop/any/a.jpg&src=shop/any/b.jpg&w=800", "policy_exceeded"),
        ("/info?src=shop/any/a.jpg", "policy_exceeded"),
        ("/transform?src=shop/any/../shoe.jpg&w=800", "invalid_source"),
        ("/transform?src=shop/any/a.jpg&w=800&exp=3000000000", "conflicting_parameters"),
        ("/transform?src=shop/any/a.jpg&w=800&unknown=1", "unknown_parameter"),
    ],
)
def test_what_a_policy_does_not_name_is_refused(web, workspace, key, address, expected):
    assert outcome(workspace, f"{address}&{policy(key, **RULE)}") == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"until": 1_000_000_000}, "signature_expired"),
        ({"until": "tomorrow"}, "signature_invalid"),
        ({"src": ""}, "signature_invalid"),
        ({"src": "shop"}, "signature_invalid"),
        ({"w": 0}, "signature_invalid"),
        ({"widths": [1]}, "signature_invalid"),
        ({"ops": ["erase"]}, "signature_invalid"),
        ({"formats": ["webp"]}, "policy_exceeded"),
        ({"formats": ["auto"]}, "200"),
        ({"ops": ["info"]}, "policy_exceeded"),
        ({"ops": ["info", "transform"]}, "200"),
    ],
)
def test_a_policy_is_read_strictly(web, workspace, key, change, expected):
    assert outcome(workspace, f"/transform?src=shop/any/a.jpg&w=320&{policy(key, **RULE | change)}") == expected


def test_a_policy_signed_as_an_address_is_none_and_the_other_way_round(web, workspace, key):
    end = policy(key, **RULE)
    address = "/transform?src=shop/any/a.jpg&w=320"
    assert outcome(workspace, f"{address}&{end.partition('&sig=')[0]}") == "signature_missing"
    assert outcome(workspace, signed(key, f"{address}&{end.partition('&sig=')[0]}")) == "signature_invalid"
    assert outcome(workspace, f"{address}&{end.partition('&')[2]}") == "signature_invalid"


def test_a_policy_bounds_the_life_of_its_answers(web, workspace, key):
    reply = ask(workspace.namespace, f"/transform?src=shop/any/a.jpg&w=320&{policy(key, **RULE)}")
    assert int(reply.headers["cache-control"].removeprefix("public, max-age=")) <= LATER - clock.now() + 1


PREFIXES = st.sampled_from(["shop/", "shop/any/", "shop/any/a", "https://img.example/p/", "https://img.example/"])
SOURCES = st.sampled_from(
    ["shop/any/a.jpg", "shop/shoe.jpg", "https://img.example/p/a.jpg", "https://img.example/p/../q.jpg"]
)
FIXED = ["fit=cover", "quality=70", "blur=3", "grayscale=1"]
RULES = st.fixed_dictionaries(
    {"src": PREFIXES, "until": st.integers(2_000_000_000, 2_100_000_000)},
    optional={
        "w": st.integers(1, 2000),
        "h": st.integers(1, 2000),
        "ops": st.lists(st.sampled_from(["transform", "info"]), min_size=1, unique=True),
        "formats": st.lists(st.sampled_from(["auto", "webp", "png"]), min_size=1, unique=True),
        "params": st.lists(st.sampled_from(FIXED), unique=True).map("&".join),
    },
)
PIECES = st.lists(
    st.sampled_from(["w=300", "w=1500", "h=200", "size=900", "dpr=2", "format=webp", "format=png", *FIXED, "blur=4"]),
    unique_by=lambda piece: piece.partition("=")[0],
)
MOMENTS = st.integers(1_900_000_000, 2_200_000_000)


@pytest.fixture
def tenant(workspace, key):
    return tenants.of_row(workspace, workspace.namespace)


def plan_of(tenant, key, rule, endpoint: str, query: str, now: float):
    """The plan that a policy allows; None where it is refused."""
    try:
        ticket = signing.check(tenant, f"/{endpoint}", Query.parse(f"{query}&{policy(key, **rule)}"), now)
        return image_plans.make(tenant, endpoint, ticket.query, None, None, ticket.policy)
    except ApiError:
        return None


@pytest.mark.parametrize(
    ("src", "is_allowed"),
    [
        ("https://img.example/p/a.jpg", True),
        ("https://IMG.example:443/p/a.jpg", True),
        ("https://img.example/p/../q.jpg", False),
        ("https://img.example/p/%2e%2e/q.jpg", False),
        ("https://img.example/q.jpg", False),
        ("https://img.example.evil.test/p/a.jpg", False),
        ("shop/any/a.jpg", False),
    ],
)
def test_a_policy_of_full_urls_is_compared_by_where_they_lead(tenant, key, src, is_allowed):
    """C2: dot segments lead out of the folder that was signed."""
    rule = {"src": "https://img.example/p/", "until": LATER, "w": 1_600}
    plan = plan_of(tenant, key, rule, "transform", f"src={src}&w=300", clock.now())
    assert (plan is not None) is is_allowed


@pytest.mark.parametrize(("seconds", "is_allowed"), [(-1, True), (0, False), (1, False)])
def test_a_policy_and_an_address_end_in_their_second(tenant, key, seconds, is_allowed):
    """C2"""
    query = "src=shop/any/a.jpg&w=300"
    assert (plan_of(tenant, key, RULE, "transform", query, LATER + seconds) is not None) is is_allowed
    signed_query = signed(key, f"/transform?{query}&exp={LATER}").partition("?")[2]
    ended = contextlib.nullcontext() if is_allowed else pytest.raises(signing.SignatureExpired)
    with ended:
        signing.check(tenant, "/transform", Query.parse(signed_query), LATER + seconds)


@pytest.mark.parametrize("parameter", ["mark=shop/any/a.jpg", "download=a.jpg", "ttl=600"])
def test_a_policy_allows_beside_the_picture_what_it_names_and_nothing_else(tenant, key, parameter):
    rule = {"src": "shop/any/", "until": LATER, "w": 1_600}
    query = f"src=shop/any/a.jpg&w=300&{parameter}"
    assert plan_of(tenant, key, rule, "transform", query, clock.now()) is None
    assert plan_of(tenant, key, rule | {"params": parameter}, "transform", query, clock.now()) is not None


@settings(
    max_examples=environment.count(60, 300, 1_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rule=RULES, src=SOURCES, pieces=PIECES, now=MOMENTS, data=st.data())
def test_a_policy_only_narrows(tenant, key, rule, src, pieces, now, data):
    """What passes under a policy is the picture anybody gets who may ask without one; and a narrower rule lets nothing
    through that the wider did not."""
    endpoint = data.draw(st.sampled_from(["transform", "info"]))
    query = "&".join([f"src={src}", *pieces]) if endpoint == "transform" else f"src={src}"
    plan = plan_of(tenant, key, rule, endpoint, query, now)
    if plan is not None:
        unsigned_plan = image_plans.make(tenant, endpoint, Query.parse(query), None, None)
        assert (plan.key, plan.claim) == (unsigned_plan.key, unsigned_plan.claim)
    if plan_of(tenant, key, data.draw(narrower(rule, endpoint)), endpoint, query, now) is not None:
        assert plan is not None


def narrower(rule, endpoint: str):
    """Rules that are nowhere wider. A fixed parameter that the endpoint does not know refuses every request there, so
    leaving it out would be wider."""

    def sides(side):
        return {side: st.integers(1, rule[side])} if side in rule else {}

    rule_lists = {name: rule[name] for name in ("ops", "formats") if name in rule}
    lists = {name: st.lists(st.sampled_from(words), min_size=1, unique=True) for name, words in rule_lists.items()}
    fixed = rule.get("params", "")
    pairs = fixed.split("&") if fixed and endpoint == "transform" else []
    return st.fixed_dictionaries(
        {
            "src": st.sampled_from([rule["src"], rule["src"] + "a", rule["src"] + "any/"]),
            "until": st.integers(1_950_000_000, rule["until"]),
            "params": st.lists(st.sampled_from(pairs), unique=True).map("&".join) if pairs else st.just(fixed),
            **sides("w"),
            **sides("h"),
            **lists,
        }
    )
