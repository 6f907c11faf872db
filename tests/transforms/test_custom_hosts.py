"""What lives at a customer's own domain: their pictures, and nothing else of ours."""

import json

import pytest

from imgapis.base.outbound import fetch, own_hosts
from tests.transforms.domain_world import fresh_domain, names  # noqa: F401 - fixtures
from tests.transforms.web_client import ask
from transforms.domains import custom_domains
from transforms.models import domains
from transforms.sources import originals
from transforms.tenant import tenants


@pytest.fixture
def own_domain(workspace, names):  # noqa: F811
    """A proven domain of the owner's workspace."""
    row = custom_domains.add(workspace.workspace_id, fresh_domain(), "person")
    names.prove(row.domain, row.txt_token)
    custom_domains.check_now(row)
    return row.domain


def code(reply) -> str:
    """The code of a problem."""
    return json.loads(reply.body)["code"]


def test_a_proven_domain_serves_the_pictures_of_its_workspace(web, workspace, own_domain):
    reply = ask(None, "/transform?src=shop/shoe.jpg&w=70", host=own_domain)
    assert (reply.status, reply.headers["x-img-cache"]) == (200, "MISS")
    namespace_reply = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=70")
    assert (namespace_reply.headers["x-img-cache"], namespace_reply.body) == ("HIT", reply.body)
    for spelling in (own_domain.upper(), own_domain + ".", own_domain + ":443"):
        assert ask(None, "/transform?src=shop/shoe.jpg&w=70", host=spelling).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/dashboard",
        "/login",
        "/signup",
        "/account",
        "/workspaces",
        "/w/demo/",
        "/admin/",
        "/api/v1/sources",
        "/static/site.css",
        "/docs",
        "/healthz",
        "/invites/x",
    ],
)
def test_no_page_of_ours_is_at_a_custom_domain_and_no_cookie(web, own_domain, path):
    """A15"""
    reply = ask(None, path, host=own_domain, Cookie="sessionid=x; __Host-sessionid=x")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert "set-cookie" not in reply.headers


def test_the_sources_of_others_are_unknown_at_a_domain(web, own_domain, stranger):
    """A15: B's path on A's domain."""
    reply = ask(None, f"/transform?src={stranger.namespace}/shoe.jpg&w=70", host=own_domain)
    assert (reply.status, code(reply)) == (404, "unknown_source")


def test_a_domain_nobody_has_proven_is_an_unknown_host(web, workspace):
    """A15, A14"""
    row = custom_domains.add(workspace.workspace_id, fresh_domain(), "person")
    for host in (row.domain, f"other.{row.domain}", "203.0.113.9", "a." * 200 + "example"):
        reply = ask(None, "/transform?src=shop/shoe.jpg&w=70", host=host)
        assert (reply.status, code(reply)) == (400, "unknown_host")


def test_service_ends_with_the_proof_and_with_the_removal(workspace, own_domain, names, forgetful):  # noqa: F811
    """A15"""
    assert tenants.of_domain(own_domain).workspace_id == workspace.workspace_id
    domains.save_check(domains.find(own_domain), proven=False, state="failing")
    tenants.clear_cache()
    assert tenants.of_domain(own_domain) is None
    domains.save_check(domains.find(own_domain), proven=True, state="active")
    custom_domains.remove(domains.find(own_domain), "person")
    tenants.clear_cache()
    assert tenants.of_domain(own_domain) is None


def test_a_customers_domain_is_no_source(workspace, own_domain, forgetful):
    """S17"""
    tenant = tenants.of_namespace(workspace.namespace)
    with pytest.raises(originals.SourceNotAllowed):
        originals.resolve(tenant, f"https://{own_domain}/transform?src=shop/shoe.jpg")
    assert not own_hosts.own_host("shop.example")


def test_our_own_fetcher_is_refused_at_image_hosts(web, workspace, own_domain):
    """S17"""
    for host in (None, own_domain):
        agent = fetch.HEADERS["User-Agent"]
        reply = ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=70", host=host, User_Agent=agent)
        assert (reply.status, code(reply)) == (400, "fetch_loop")
