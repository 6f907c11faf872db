"""The commands of delivery: presets, purges, signing and sources of a workspace, changed from the shell."""

import re
import secrets

import pytest
from django.core.management import CommandError

from accounts import audit
from accounts.models import workspaces
from billing.charging import credits
from billing.plans import periods
from imgapis.base import tokens
from tests.billing.test_charge import bill
from tests.commands import run
from tests.transforms.signer import signed
from transforms.models import presets, purges, sources

PICTURE = "/transform?src=shop/shoe.jpg&w=80"
BUCKET = ("--kind", "s3", "--bucket", "pictures", "--region", "eu-central-1")
KEY = ("--access-key", "AKIDEXAMPLE", "--secret-key", "wJalrXUtnFEMI")


def reread(row):
    """The workspace as it is stored now."""
    return workspaces.find(row.workspace_id)


def acts(row) -> list[str]:
    """What the audit log says was done from the shell, the newest first."""
    return [entry.act for entry in audit.newest(row.workspace_id, 20) if entry.actor == "system"]


def test_a_preset_is_saved_listed_and_deleted(workspace):
    name = workspace.namespace
    every = "presets and every other parameter\n"
    assert run("preset", "list", name) == every
    assert run("preset", "save", name, "card", "w=400&fit=cover&h=300") == every + "card: w=400&h=300&fit=cover\n"
    assert presets.find(workspace.workspace_id, "card").values == {"w": "400", "h": "300", "fit": "cover"}
    assert run("preset", "save", name, "card", "w=9") == every + "card: w=9\n"
    assert run("preset", "delete", name, "card") == every
    assert presets.find(workspace.workspace_id, "card") is None
    assert acts(workspace)[:3] == ["preset.deleted", "preset.saved", "preset.saved"]


def test_a_workspace_serves_presets_only_from_the_shell_and_everything_again(workspace):
    assert run("preset", "only", workspace.namespace) == "presets only\n" and reread(workspace).presets_only
    assert run("preset", "any", workspace.namespace) == "presets and every other parameter\n"
    assert not reread(workspace).presets_only


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("save", "Card", "w=1"), "A preset's name"),
        (("save",), "A preset's name"),
        (("save", "card", "wide=1"), "wide"),
        (("save", "card", "w=0"), "w"),
        (("delete", "card"), "no preset 'card'"),
        (("delete",), "no preset ''"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_and_nothing_saved(workspace, words, reason):
    action, *rest = words
    with pytest.raises(CommandError, match=reason):
        run("preset", action, workspace.namespace, *rest)
    assert presets.of_workspace(workspace.workspace_id) == [] and acts(workspace)[0] == "source.created"


@pytest.fixture
def billed(workspace):
    """The workspace with one billed operation."""
    credits.charge(bill(workspace.workspace_id), periods.terms_of(workspace))
    return workspace


def test_a_purge_says_what_it_costs_and_a_dry_run_says_it_alone(billed):
    words = ("purge", billed.namespace, "prefix", "shop/summer/")
    assert run(*words, "--dry-run") == "at most 1 billed operations would become new work\n"
    assert purges.of_workspace(billed.workspace_id) == []
    assert run(*words) == "at most 1 billed operations become new work\n"
    (rule,) = purges.of_workspace(billed.workspace_id)
    assert (rule.scope, rule.target) == ("prefix", "shop/summer/")
    assert run("purge", billed.namespace, "list") == f"{rule.rule_id} prefix shop/summer/\n"


def test_a_purge_of_a_workspace_takes_the_place_of_the_narrower_ones_and_is_of_no_other(billed, stranger):
    run("purge", billed.namespace, "source", "shop")
    run("purge", billed.namespace, "workspace")
    assert [rule.scope for rule in purges.of_workspace(billed.workspace_id)] == ["workspace"]
    assert run("purge", billed.namespace, "workspace", "--dry-run").startswith("at most 0 ")
    assert purges.of_workspace(stranger.workspace_id) == []
    assert acts(billed)[:2] == ["cache.purged", "cache.purged"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("source", "nowhere"), "no source named 'nowhere'"),
        (("source",), "no source named ''"),
        (("prefix", "nowhere/summer/"), "nowhere"),
        (("prefix",), "no source named ''"),
        (("url", "/transform?src=shop/a.jpg&wide=1"), "wide"),
        (("url",), "address"),
        (("workspace", "shop/summer/"), "shop/summer/"),
        (("everything",), "everything"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_purge_of_what_there_is_not_is_refused_and_voids_nothing(workspace, words, reason, dry):
    with pytest.raises(CommandError, match=reason):
        run("purge", workspace.namespace, *words, *dry)
    assert purges.of_workspace(workspace.workspace_id) == []


def key_in(text: str) -> str:
    """The new key that the command printed, this once."""
    return re.match(r"[0-9a-f]{6}\.[\w-]{43}$", text, re.MULTILINE)[0]


def test_signing_is_required_with_a_first_key_that_signs_addresses(workspace):
    text = run("signing", "require", workspace.namespace)
    key = key_in(text)
    key_id = key.partition(".")[0]
    assert text == f"{key}\nsigning required, live keys: {key_id}\n"
    assert reread(workspace).signing == "required"
    assert key.partition(".")[2] not in run("signing", "show", workspace.namespace)
    assert run("signing", "sign", workspace.namespace, PICTURE) == f"{signed(key, PICTURE)}\n"
    assert run("signing", "off", workspace.namespace) == f"signing off, live keys: {key_id}\n"
    assert reread(workspace).signing == "off" and len(reread(workspace).signing_keys) == 1
    assert acts(workspace)[:2] == ["signing.changed", "signing.changed"]


def test_the_newest_key_signs_and_one_that_is_ended_is_gone(workspace):
    old = key_in(run("signing", "rotate", workspace.namespace))
    new = key_in(run("signing", "rotate", workspace.namespace))
    old_id, new_id = (key.partition(".")[0] for key in (old, new))
    assert run("signing", "sign", workspace.namespace, PICTURE) == f"{signed(new, PICTURE)}\n"
    assert run("signing", "end", workspace.namespace, old_id) == f"signing off, live keys: {new_id}\n"
    assert [key["id"] for key in reread(workspace).signing_keys] == [new_id]
    assert tokens.unseal(reread(workspace).signing_keys[0]["sealed"]).decode() == new.partition(".")[2]


def test_a_key_that_there_is_not_and_the_last_one_are_not_ended(workspace):
    key_id = key_in(run("signing", "require", workspace.namespace)).partition(".")[0]
    for name, reason in (("ffffff", "no such signing key"), ("", "no such signing key"), (key_id, "the only key")):
        with pytest.raises(CommandError, match=reason):
            run("signing", "end", workspace.namespace, name)
    assert [key["id"] for key in reread(workspace).signing_keys] == [key_id]


def test_nothing_is_signed_without_a_key_or_without_an_address(workspace):
    with pytest.raises(CommandError, match="no signing key"):
        run("signing", "sign", workspace.namespace, PICTURE)
    run("signing", "rotate", workspace.namespace)
    for address in ("", "/transform", "w=80&src=shop/shoe.jpg"):
        with pytest.raises(CommandError, match="a path and a query"):
            run("signing", "sign", workspace.namespace, address)


def test_a_source_is_created_changed_and_deleted_from_the_shell(workspace):
    name, prefix = workspace.namespace, sources.find(workspace.workspace_id, "shop").prefix
    shop = f"shop: http {prefix} revision 1\n"
    photos = "photos: http https://shop.example/photos/ revision 1\n"
    assert run("source", "create", name, "photos", "--prefix", "https://shop.example/photos/") == photos + shop
    text = run("source", "change", name, "photos", "--prefix", "https://shop.example/pictures/")
    assert text == "photos: http https://shop.example/pictures/ revision 2\n" + shop
    assert sources.find(workspace.workspace_id, "photos").prefix == "https://shop.example/pictures/"
    assert run("source", "delete", name, "photos") == shop
    assert sources.find(workspace.workspace_id, "photos") is None
    assert acts(workspace)[:3] == ["source.deleted", "source.changed", "source.created"]


def test_a_change_of_a_bucket_is_of_what_is_named_and_of_nothing_else(workspace):
    run("source", "create", workspace.namespace, "bucket", *BUCKET, *KEY, "--prefix", "summer/")
    before = sources.find(workspace.workspace_id, "bucket")
    assert tokens.unseal(before.sealed_secret) == b"wJalrXUtnFEMI"
    run("source", "change", workspace.namespace, "bucket", "--region", "eu-west-1")
    row = sources.find(workspace.workspace_id, "bucket")
    assert (row.prefix, row.bucket, row.region) == ("summer/", "pictures", "eu-west-1")
    assert (row.access_key, row.sealed_secret) == ("AKIDEXAMPLE", before.sealed_secret)
    run("source", "change", workspace.namespace, "bucket", "--access-key", "AKIDOTHER", "--secret-key", "other")
    row = sources.find(workspace.workspace_id, "bucket")
    assert (row.access_key, tokens.unseal(row.sealed_secret)) == ("AKIDOTHER", b"other")
    assert run("source", "change", workspace.namespace, "bucket", "--prefix", "").startswith("bucket: s3 pictures ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("create", "Photos", "--prefix", "https://shop.example/"), "A source's name"),
        (("create", "--prefix", "https://shop.example/"), "A source's name"),
        (("create", "photos"), "address|prefix|https"),
        (("create", "photos", "--kind", "ftp"), "ftp"),
        (("create", "photos", *BUCKET), "key"),
        (("create", "shop", "--prefix", "https://shop.example/"), "has a source named shop"),
        (("create", "photos", "--prefix", "https://shop.example/", "--bucket", "pictures"), "no --bucket"),
        (("change", "photos", "--prefix", "https://shop.example/"), "no source 'photos'"),
        (("change", "shop", "--kind", "s3", "--prefix", "https://shop.example/"), "of kind http"),
        (("change", "shop", "--access-key", "AKIDEXAMPLE", "--secret-key", "s"), "no --access-key, --secret-key"),
        (("change", "shop"), "--prefix, --bucket, --region, --access-key, --secret-key"),
        (("change", "shop", "--prefix", ""), "address|prefix|https"),
        (("delete", "photos"), "no source 'photos'"),
        (("delete",), "no source ''"),
    ],
)
def test_a_source_that_cannot_be_is_refused_and_those_that_are_stay(workspace, words, reason):
    (before,) = (row.serialize() for row in sources.of_workspace(workspace.workspace_id))
    action, *rest = words
    with pytest.raises(CommandError, match=reason):
        run("source", action, workspace.namespace, *rest)
    assert [row.serialize() for row in sources.of_workspace(workspace.workspace_id)] == [before]


@pytest.mark.parametrize(
    "words",
    [
        ("preset", "save", "{}", "card", "w=1"),
        ("purge", "{}", "workspace"),
        ("signing", "require", "{}"),
        ("source", "create", "{}", "photos", "--prefix", "https://shop.example/"),
    ],
    ids=lambda words: words[0],
)
def test_a_workspace_that_there_is_not_is_refused_by_name(dynamodb, words):
    namespace = f"nobody-{secrets.token_hex(4)}"
    with pytest.raises(CommandError, match=f"There is no workspace {namespace}"):
        run(*(word.format(namespace) for word in words))


def test_how_long_the_pictures_of_a_source_live_is_set_from_the_shell(workspace):
    """P08: without a new revision."""
    name = workspace.namespace
    line = run("source", "change", name, "shop", "--ttl", "600", "--origin-cache-control", "1")
    assert line.endswith(" revision 1 ttl 600 Cache-Control\n")
    assert run("source", "change", name, "shop", "--ttl", "0").endswith(" revision 1 Cache-Control\n")
    assert run("source", "change", name, "shop", "--origin-cache-control", "0").endswith(" revision 1\n")
    made = run("source", "create", name, "vault", *BUCKET, *KEY, "--ttl", "60", "--origin-cache-control", "1")
    assert made.endswith("vault: s3 pictures revision 1 ttl 60 Cache-Control\n")
    for ttl in ("59", "31536001", "-1"):
        with pytest.raises(CommandError, match="60 to 31536000"):
            run("source", "change", name, "shop", f"--ttl={ttl}")
    assert acts(workspace)[0] == "source.created" and sources.find(workspace.workspace_id, "shop").ttl == 0


def test_a_workspace_follows_the_cache_control_of_full_urls_from_the_shell(workspace):
    for value in (1, 0):
        run("workspace", "change", workspace.namespace, "--origin-cache-control", str(value))
        assert reread(workspace).origin_cache_control is bool(value)
