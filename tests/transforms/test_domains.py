"""Custom domains: claimed once, served only while their proof stands, with or without Cloudflare."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import audit
from accounts.models import workspaces
from imgapis.base.errors import ApiError
from imgapis.models import erasures
from imgapis.privacy import erasure
from tests.transforms.domain_world import clock_at, cloudflare, fresh_domain, names  # noqa: F401 - fixtures
from transforms.domains import custom_domains, dns_records, domain_names
from transforms.models import domains

pytestmark = pytest.mark.usefixtures("dynamodb")
HOUR, DAY = 3_600, 86_400
TARGET = "cdn.localhost"


def add_domain(workspace, name=None):
    """A domain of a workspace, not yet proven."""
    return custom_domains.add(workspace.workspace_id, name or fresh_domain(), "person")


def check_domain(row, clock_at, seconds=0.0):  # noqa: F811
    """The row after a check at a time from now."""
    clock_at(seconds)
    return custom_domains.check_now(domains.find(row.domain))


@pytest.fixture
def proven(workspace, names, clock_at):  # noqa: F811
    """A domain in service by DNS alone."""
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    names.records[row.domain, "CNAME"] = [TARGET + "."]
    return check_domain(row, clock_at)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("img.shop.example", "img.shop.example"),
        ("  IMG.Shop.Example. ", "img.shop.example"),
        ("bilder.bücher.example", "bilder.xn--bcher-kva.example"),
        ("shop.example", "shop.example"),
    ],
)
def test_a_host_name_has_one_form(text, name):
    assert domain_names.canonical(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop",
        "localhost",
        "img.localhost",
        "demo.localhost",
        "cdn.localhost",
        "127.0.0.1",
        "10.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "::1",
        "https://img.shop.example",
        "img.shop.example/",
        "img.shop.example:443",
        "me@shop.example",
        "*.shop.example",
        "_imgapis.shop.example",
        "-a.example",
        "a-.example",
        "a..example",
        "printer.local",
        "db.internal",
        "img shop.example",
        "img.shop.example\r\nx",
        "a" * 64 + ".example",
        "a." * 123 + "example",
        "ｉｍｇ.shop.example",
        "img.shop.example\\",
        "img%2eshop.example",
    ],
)
def test_what_is_no_public_host_name_of_a_customer_is_refused(workspace, text):
    """A15: never ours, never an address."""
    with pytest.raises(domain_names.InvalidDomain) as excinfo:
        custom_domains.add(workspace.workspace_id, text, "person")
    assert (excinfo.value.status, excinfo.value.param) == (400, "domain")


def test_a_second_claim_is_refused(workspace, stranger):
    """A15"""
    row = add_domain(workspace)
    for claimer, word in ((stranger, "another workspace"), (workspace, "already")):
        with pytest.raises(custom_domains.DomainTaken) as excinfo:
            add_domain(claimer, row.domain.upper())
        assert excinfo.value.status == 409 and word in excinfo.value.message
    assert custom_domains.of_workspace(stranger.workspace_id, row.domain) is None


def test_two_claims_at_once_have_one_winner(workspace, stranger):
    """A15"""
    name = fresh_domain()

    def claim(owner):
        try:
            return add_domain(owner, name).workspace_id
        except ApiError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(claim, [workspace, stranger] * 4))
    assert outcomes.count("domain_taken") == 7
    assert domains.find(name).workspace_id in outcomes


def test_a_claim_nobody_proves_can_be_taken_after_three_days(workspace, stranger, names, clock_at):  # noqa: F811
    row = add_domain(workspace)
    clock_at(2.9 * DAY)
    with pytest.raises(custom_domains.DomainTaken):
        add_domain(stranger, row.domain)
    clock_at(3.1 * DAY)
    new_row = add_domain(stranger, row.domain)
    assert domains.find(row.domain).workspace_id == stranger.workspace_id and new_row.txt_token != row.txt_token
    assert not domains.save_check(row, proven=True), "the old claim writes nothing any more"


def test_a_proven_domain_is_never_taken(proven, stranger, clock_at):  # noqa: F811
    clock_at(400 * DAY)
    with pytest.raises(custom_domains.DomainTaken):
        add_domain(stranger, proven.domain)


def test_a_domain_waits_for_its_two_records(workspace, names, clock_at):  # noqa: F811
    row = add_domain(workspace)
    row = check_domain(row, clock_at)
    assert (row.state, bool(row.proven)) == ("pending", False) and "TXT" in row.reason
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at, 10)
    assert (row.state, bool(row.proven)) == ("verified", True) and TARGET in row.reason
    names.records[row.domain, "CNAME"] = [TARGET.upper() + "."]
    row = check_domain(row, clock_at, 20)
    assert (row.state, row.reason) == ("active", "")
    acts = [entry.act for entry in audit.page(workspace.workspace_id).rows]
    assert acts[:2] == ["domain.proven", "domain.added"]


def test_an_apex_leads_to_us_by_the_targets_addresses(workspace, names, clock_at):  # noqa: F811
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    names.records |= {(row.domain, "A"): ["192.0.2.7"], (TARGET, "A"): ["192.0.2.8", "192.0.2.7"]}
    assert check_domain(row, clock_at).state == "active"


@pytest.mark.parametrize(
    "value", ["imgapis-verification=", "imgapis-verification=0000", "{}", "x imgapis-verification={}"]
)
def test_another_text_proves_nothing(workspace, names, clock_at, value):  # noqa: F811
    row = add_domain(workspace)
    names.records[f"_imgapis.{row.domain}", "TXT"] = [f'"{value.format(row.txt_token)}"']
    assert check_domain(row, clock_at).state == "pending"


def test_the_token_of_another_claim_proves_nothing(workspace, stranger, names, clock_at):  # noqa: F811
    """A15"""
    own_row, other_row = add_domain(workspace), add_domain(stranger)
    names.prove(other_row.domain, own_row.txt_token)
    assert not check_domain(other_row, clock_at).proven


def test_a_record_taken_away_ends_service_at_the_next_check(proven, names, clock_at, workspace):  # noqa: F811
    """A15: the round comes within a day."""
    assert proven.due - proven.checked <= 23 * HOUR
    names.forget(proven.domain)
    clock_at(23 * HOUR)
    while custom_domains.check_due(50):
        pass
    row = domains.find(proven.domain)
    assert (row.state, bool(row.proven)) == ("failing", False) and "TXT" in row.reason
    assert row.lapses - row.checked == 7 * DAY, "nobody else is given it meanwhile"
    assert "domain.lost" in [entry.act for entry in audit.page(workspace.workspace_id).rows]
    names.prove(row.domain, row.txt_token)
    assert check_domain(row, clock_at, 24 * HOUR).state == "active"


def test_a_resolver_that_fails_changes_nothing_for_three_days(proven, names, clock_at):  # noqa: F811
    names.failing.add(f"_imgapis.{proven.domain}")
    row = check_domain(proven, clock_at, 2 * DAY)
    assert (row.state, bool(row.proven)) == ("active", True) and "did not answer" in row.reason
    row = check_domain(row, clock_at, 3.1 * DAY)
    assert (row.state, bool(row.proven)) == ("failing", False)


def test_a_lookup_tells_absent_from_unknown(names):  # noqa: F811
    assert (dns_records.texts("none.example"), dns_records.alias("none.example")) == ([], None)
    names.failing.add("sick.example")
    with pytest.raises(dns_records.LookupFailed):
        dns_records.texts("sick.example")


def test_a_certificate_is_ordered_after_the_proof_and_reported_until_it_stands(
    workspace,
    names,  # noqa: F811
    cloudflare,  # noqa: F811
    clock_at,  # noqa: F811
):
    """A15: nothing is ordered for a name nobody has proven."""
    row = check_domain(add_domain(workspace), clock_at)
    assert row.state == "pending" and not cloudflare.calls
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at, 10)
    assert (row.state, len(cloudflare.hostnames)) == ("issuing", 1) and "CNAME" in row.reason
    cloudflare.set(row.domain, "pending", "pending_validation", "SERVFAIL looking up CAA")
    assert check_domain(row, clock_at, 20).reason == "SERVFAIL looking up CAA"
    cloudflare.certify(row.domain)
    row = check_domain(row, clock_at, 30)
    assert (row.state, row.reason) == ("active", "") and row.due - row.checked > 12 * HOUR


def test_a_failed_certificate_is_asked_for_again(workspace, names, cloudflare, clock_at):  # noqa: F811
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at)
    cloudflare.set(row.domain, "pending", "validation_timed_out")
    row = check_domain(row, clock_at, 10)
    assert row.state == "issuing" and cloudflare.calls[-1] == ("PATCH", row.cloudflare_id)
    cloudflare.set(row.domain, "blocked", "active")
    cloudflare._patch = lambda hostname_id, query, body: (
        200,
        {"success": True, "result": cloudflare.hostnames[hostname_id]},
    )
    row = check_domain(row, clock_at, 20)
    assert (row.state, bool(row.proven)) == ("failing", True) and "support" in row.reason


def test_a_cloudflare_that_is_down_changes_nothing(workspace, names, cloudflare, clock_at):  # noqa: F811
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    cloudflare.down = True
    row = check_domain(row, clock_at)
    assert (row.state, bool(row.proven), row.cloudflare_id) == ("verified", True, "")
    cloudflare.down = False
    assert check_domain(row, clock_at, 10).state == "issuing"


def test_an_order_that_was_cut_off_is_taken_up_again(workspace, names, cloudflare, clock_at):  # noqa: F811
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at)
    domains.save_check(row, cloudflare_id="")
    assert check_domain(row, clock_at, 10).cloudflare_id in cloudflare.hostnames
    assert len(cloudflare.hostnames) == 1


def test_removing_frees_the_domain_here_and_at_cloudflare(workspace, stranger, names, cloudflare, clock_at):  # noqa: F811
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at)
    custom_domains.remove(row, "person")
    assert domains.find(row.domain) is None and not cloudflare.hostnames
    custom_domains.remove(row, "person")
    assert add_domain(stranger, row.domain).workspace_id == stranger.workspace_id
    assert [entry.act for entry in audit.page(workspace.workspace_id).rows].count("domain.removed") == 1


def test_an_erasure_frees_the_domain_at_cloudflare_too(workspace, names, cloudflare, clock_at, bucket, monkeypatch):  # noqa: F811
    """H24, P19: the name of a customer's site is kept nowhere, and the certificate counts it."""
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    assert check_domain(row, clock_at).cloudflare_id in cloudflare.hostnames
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(workspace.workspace_id)])
    erasure.request("workspace", workspace.workspace_id, at_once=True)
    erasure.process_due()
    erased = erasures.find(workspace.workspace_id)
    assert (erased.state, not cloudflare.hostnames, dict(erased.counts)["hostnames"]) == ("swept", True, 1)


def test_a_removal_is_finished_by_the_worker_when_cloudflare_is_back(
    workspace,
    names,  # noqa: F811
    cloudflare,  # noqa: F811
    clock_at,  # noqa: F811
):
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    row = check_domain(row, clock_at)
    cloudflare.down = True
    custom_domains.remove(row, "person")
    row = domains.find(row.domain)
    assert (row.state, bool(row.proven)) == ("removing", False)
    cloudflare.down = False
    clock_at(2 * 60)
    while custom_domains.check_due(50):
        pass
    assert domains.find(row.domain) is None and not cloudflare.hostnames


def test_a_check_that_loses_to_a_removal_writes_nothing_and_takes_its_order_back(
    workspace,
    names,  # noqa: F811
    cloudflare,  # noqa: F811
    clock_at,  # noqa: F811
):
    row = add_domain(workspace)
    names.prove(row.domain, row.txt_token)
    stale_row = domains.find(row.domain)
    custom_domains.remove(row, "person")
    custom_domains._examine(stale_row, 0)
    assert domains.find(row.domain) is None and not cloudflare.hostnames


def test_many_checkers_look_once(proven, names, clock_at):  # noqa: F811
    clock_at(21 * HOUR)
    names.queries.clear()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: custom_domains.check_due(50), range(8)))
    assert names.queries.count((f"_imgapis.{proven.domain}", "TXT")) == 1


def test_a_workspace_has_as_many_domains_as_its_plan_allows(workspace):
    workspaces.change(workspace, limits={"domains": 1})
    add_domain(workspace)
    with pytest.raises(custom_domains.TooManyDomains):
        add_domain(workspace)
