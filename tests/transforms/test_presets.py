"""Presets: a name for parameters, and the same picture as the parameters spelled out."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import audit
from accounts.models import workspaces
from imgapis.base.errors import ApiError
from tests import environment
from tests.transforms.web_client import ask
from transforms.access import access_settings, presets
from transforms.engine.request.query import Query
from transforms.serving import image_plans
from transforms.tenant import tenants

CARD = "w=160&h=120&fit=cover&q=70"


@pytest.fixture
def card(workspace):
    """The preset `card`."""
    return presets.save(workspace.workspace_id, "system", "card", CARD)


def problem(workspace, address: str) -> dict:
    return json.loads(ask(workspace.namespace, address).body)


def test_a_preset_is_the_picture_spelled_out(web, workspace, card):
    first = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&preset=card")
    second = ask(workspace.namespace, f"/transform?src=shop/shoe.jpg&{CARD}")
    assert (first.headers["x-img-cache"], second.headers["x-img-cache"]) == ("MISS", "HIT")
    assert first.body == second.body


def test_what_an_address_says_itself_goes_before_its_preset(web, workspace, card):
    first = ask(workspace.namespace, "/transform?preset=card&src=shop/shoe.jpg&quality=50&width=80")
    second = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=80&h=120&fit=cover&q=50")
    assert (second.headers["x-img-cache"], second.body) == ("HIT", first.body)


def test_an_unknown_preset_is_refused_by_name_with_the_nearest(web, workspace, card):
    unknown = problem(workspace, "/transform?src=shop/shoe.jpg&preset=crad")
    assert (unknown["code"], unknown["param"], unknown["status"]) == ("unknown_preset", "preset", 400)
    assert "Did you mean card?" in unknown["detail"]
    duplicate = problem(workspace, "/transform?src=shop/shoe.jpg&preset=card&preset=card")
    assert (duplicate["code"], duplicate["param"]) == ("duplicate_parameter", "preset")
    assert problem(workspace, "/info?src=shop/shoe.jpg&preset=card")["code"] == "unknown_parameter"


SETS = st.dictionaries(
    st.sampled_from(["w", "h", "size", "dpr", "quality", "fit", "blur", "background", "format"]),
    st.sampled_from(["1", "2"]),
    min_size=1,
).map(lambda texts: {name: WORDS.get(name, {}).get(text, text) for name, text in texts.items()})
WORDS = {"fit": {"1": "cover", "2": "pad"}, "background": {"1": "fff", "2": "000"}, "format": {"1": "png", "2": "webp"}}


@settings(
    max_examples=environment.count(10, 40, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(under=SETS, over=st.one_of(st.just({}), SETS))
def test_the_canonical_form_is_that_of_the_merged_parameters(workspace, under, over):
    """A preset under explicit parameters, against both merged by hand; an explicit size takes both sides."""
    presets.save(workspace.workspace_id, "system", "any", presets.query_of(under))
    row = workspaces.find(workspace.workspace_id)
    tenant = tenants.of_row(row, row.namespace)
    if "size" in over:
        under = {name: text for name, text in under.items() if name not in ("w", "h")}
    preset_query = f"src=shop/shoe.jpg&preset=any&{presets.query_of(over)}"
    merged_query = f"src=shop/shoe.jpg&{presets.query_of(under | over)}"
    first, second = (
        image_plans.make(tenant, "transform", Query.parse(query), None, None) for query in (preset_query, merged_query)
    )
    assert (first.key, first.claim) == (second.key, second.claim)


@pytest.mark.parametrize(
    ("name", "query", "param"),
    [
        ("Card", "w=1", "name"),
        ("", "w=1", "name"),
        ("a b", "w=1", "name"),
        ("card", "", "query"),
        ("card", "w=0", "query"),
        ("card", "src=shop/a.jpg&w=1", "query"),
        ("card", "wdith=1", "query"),
        ("card", "preset=other", "query"),
        ("card", "w=1&width=2", "query"),
        ("card", "w=%zz", "query"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_at_its_field(workspace, name, query, param):
    with pytest.raises(presets.InvalidPreset) as excinfo:
        presets.save(workspace.workspace_id, "system", name, query)
    assert excinfo.value.param == param


def test_a_workspace_has_so_many_presets_and_no_more(workspace, monkeypatch):
    monkeypatch.setattr(presets, "MOST_PRESETS", 1)
    presets.save(workspace.workspace_id, "system", "card", "w=1")
    presets.save(workspace.workspace_id, "system", "card", "w=2")
    with pytest.raises(presets.TooManyPresets):
        presets.save(workspace.workspace_id, "system", "other", "w=1")
    assert presets.delete(workspace.workspace_id, "system", "card")
    assert not presets.delete(workspace.workspace_id, "system", "card")


def test_what_becomes_of_presets_stands_in_the_audit_log(workspace, card):
    presets.delete(workspace.workspace_id, "system", "card")
    entries = audit.page(workspace.workspace_id).rows
    acts = [(entry.act, entry.target) for entry in entries[:2]]
    assert acts == [("preset.deleted", "card"), ("preset.saved", "card")]
    assert entries[1].after == {"w": "160", "h": "120", "fit": "cover", "quality": "70"}


def test_presets_only_leaves_src_preset_and_format(web, workspace, card, origin):
    """C1"""
    access_settings.change(workspace, "system", presets_only=True)
    before = sum(origin.requests.values())
    card_of = "/transform?src=shop/hat.png&preset=card"
    refused_addresses = (
        "/transform?src=shop/hat.png&w=80",
        "/transform?src=shop/hat.png",
        f"{card_of}&w=81",
        f"{card_of}&dpr=2",
        f"{card_of}&download=a.exe",
        "/grid?src=shop/hat.png&src=shop/shoe.jpg",
        "/placeholder/color?color=fff&w=9&h=9",
        "/explain/transform?src=shop/hat.png&w=80",
    )
    assert {problem(workspace, address)["code"] for address in refused_addresses} == {"presets_only"}
    assert sum(origin.requests.values()) == before
    served_addresses = (card_of, "/transform/shop/shoe.jpg?preset=card&fm=png", "/info?src=shop/shoe.jpg")
    assert {ask(workspace.namespace, address).status for address in served_addresses} == {200}


def test_an_invalid_choice_is_refused(workspace):
    with pytest.raises(ApiError, match="402, original, placeholder"):
        access_settings.change(workspace, "system", refused="nothing")
