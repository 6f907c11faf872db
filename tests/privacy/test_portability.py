"""The "leave us" files say what imgproxy and imagor can truly be told, and what they cannot."""

import csv
import io
import re
import zipfile

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from imgapis.base import tokens
from imgapis.privacy import export, portability_parameters
from tests.accounts import teams
from transforms.access import fallbacks, presets
from transforms.engine.request import params
from transforms.sources import named_sources

ACCOUNT = "0123456789abcdef0123456789abcdef"
SECRETS = {"access_key": "AKIDSECRET", "secret_key": "verysecret"}


@pytest.fixture
def leaver(dynamodb):
    """Somebody's workspace, with a web source."""
    owner = teams.new_person("leaver")
    row = workspaces.create(owner.person_id, namespace=f"lv-{tokens.random_id('x')[2:14]}", business_name="Leaver")
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix="https://shop.example/photos/")
    return row


def with_bucket(row, name: str, kind: str = "s3", region: str = "eu-west-1", prefix: str = "") -> None:
    named_sources.create(
        row.workspace_id, name=name, kind=kind, bucket=f"{name}-bucket", region=region, prefix=prefix, **SECRETS
    )


def taken(row) -> dict[str, str]:
    """The files, by name, and nothing secret in them."""
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream("workspace", row.workspace_id))))
    held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any(secret in text for text in held.values() for secret in SECRETS.values())
    return {name.removeprefix("leave-us/"): text for name, text in held.items() if name.startswith("leave-us/")}


def settings_of(text: str) -> dict[str, str]:
    """An environment file as its reader takes it: one value a name, comments apart."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = dict(line.split("=", 1) for line in lines)
    assert len(found) == len(lines), "a name that stands twice: only the last would count"
    return found


def named(files: dict[str, str]) -> dict[str, dict[str, str]]:
    return {line["source"]: line for line in csv.DictReader(io.StringIO(files["sources.csv"]))}


def test_one_bucket_and_a_web_source(leaver):
    with_bucket(leaver, "attic", prefix="old/")
    files = taken(leaver)
    imgproxy, imagor = settings_of(files["imgproxy.env"]), settings_of(files["imagor.env"])
    assert imgproxy["IMGPROXY_ALLOWED_SOURCES"] == "s3://attic-bucket/old/,https://shop.example/photos/"
    assert (imgproxy["IMGPROXY_USE_S3"], imgproxy["IMGPROXY_S3_REGION"]) == ("true", "eu-west-1")
    allowed = re.compile(imagor["HTTP_LOADER_ALLOWED_SOURCE_REGEXP"])
    assert allowed.match("https://shop.example/photos/a.jpg") and not allowed.match("https://shop.example/other/a.jpg")
    assert not allowed.match("https://shopXexample/photos/a.jpg")
    assert (imagor["S3_LOADER_BUCKET"], imagor["AWS_REGION"]) == ("attic-bucket", "eu-west-1")
    assert (imagor["S3_LOADER_PATH_PREFIX"], imagor["S3_LOADER_BASE_DIR"]) == ("attic", "old/")
    assert named(files)["attic"]["imagor"] == "attic/PATH" and "S3_ENDPOINT" not in imagor
    assert named(files)["shop"] == {
        "source": "shop",
        "img apis": "src=shop/PATH",
        "imgproxy": "plain/https://shop.example/photos/PATH",
        "imagor": "https://shop.example/photos/PATH",
    }
    assert "imagor-buckets.yaml" not in files


def test_several_buckets_are_routed_at_imagor_and_share_a_key_at_imgproxy(leaver):
    """imagor's router takes a bucket, a region and an endpoint a rule; imgproxy finds regions out, with one key."""
    with_bucket(leaver, "attic", prefix="old/")
    with_bucket(leaver, "vault", region="us-east-1")
    files = taken(leaver)
    imagor, rules = settings_of(files["imagor.env"]), files["imagor-buckets.yaml"]
    assert (
        imagor["S3_LOADER_BUCKET_ROUTER_CONFIG"].endswith("/imagor-buckets.yaml") and "S3_LOADER_BUCKET" not in imagor
    )
    pattern = re.compile(re.search(r'routing_pattern: "(.+)"', rules)[1])
    path = named(files)["attic"]["imagor"].replace("PATH", "a/b.jpg")
    assert pattern.match(path).groupdict() == {"bucket": "attic", "path": "old/a/b.jpg"}
    assert '  - match: vault\n    bucket:\n      name: "vault-bucket"\n      region: "us-east-1"\n' in rules
    assert rules.count("match:") == 2 and "default_bucket:" in rules
    imgproxy = settings_of(files["imgproxy.env"])
    assert imgproxy["IMGPROXY_S3_MULTI_REGION"] == "true"
    assert "One pair of keys has to read all of them" in files["imgproxy.env"]


def test_what_lies_at_another_endpoint_is_said_to_need_a_second_imgproxy(leaver):
    with_bucket(leaver, "attic")
    with_bucket(leaver, "cloud", kind="r2", region=ACCOUNT)
    files = taken(leaver)
    assert "# cloud lies at another endpoint" in files["imgproxy.env"]
    assert "IMGPROXY_S3_ENDPOINT" not in settings_of(files["imgproxy.env"])
    assert 'region: "auto"\n      endpoint: "' in files["imagor-buckets.yaml"]


def test_r2_alone_is_named_by_its_endpoint(leaver, settings):
    settings.R2_ENDPOINT = "https://{account}.r2.cloudflarestorage.com"
    with_bucket(leaver, "cloud", kind="r2", region=ACCOUNT)
    files, endpoint = taken(leaver), f"https://{ACCOUNT}.r2.cloudflarestorage.com"
    assert settings_of(files["imgproxy.env"])["IMGPROXY_S3_ENDPOINT"] == endpoint
    assert settings_of(files["imagor.env"])["S3_ENDPOINT"] == endpoint


def test_which_hosts_may_be_sources_is_no_wider_than_here_unless_one_chooses(leaver):
    workspace_rows.change(leaver, allowed_sources=["*"])
    files = taken(leaver)
    assert "any web address" in files["imgproxy.env"] and "any web address" in files["imagor.env"]
    workspace_rows.change(leaver, allowed_sources=["*.cdn.example"])
    files = taken(leaver)
    assert "any web address" not in files["imgproxy.env"] + files["imagor.env"]
    assert "https://*.cdn.example/" in settings_of(files["imgproxy.env"])["IMGPROXY_ALLOWED_SOURCES"]
    assert settings_of(files["imagor.env"])["HTTP_LOADER_ALLOWED_SOURCES"] == "*.cdn.example"


def test_presets_are_imgproxys_as_far_as_they_mean_the_same(leaver):
    presets.save(leaver.workspace_id, "system", "card", "w=320&h=200&fit=cover&position=smart&format=jpeg&quality=70")
    presets.save(leaver.workspace_id, "system", "odd", "w=9&hue=40&position=0.25,0.75&background=ff0000")
    files = taken(leaver)
    wanted = dict(each.split("=") for each in settings_of(files["imgproxy.env"])["IMGPROXY_PRESETS"].split(","))
    assert set(wanted["card"].split("/")) == {
        "width:320",
        "height:200",
        "resizing_type:fill",
        "gravity:sm",
        "format:jpg",
        "quality:70",
    }
    assert "gravity:fp:0.25:0.75" in wanted["odd"] and "not translated: hue" in files["imgproxy.env"]
    assert "card\tw=320&h=200&fit=cover" in files["presets.txt"]


def test_fallbacks_are_listed_and_the_default_is_imgproxys(leaver):
    assert "FALLBACK" not in taken(leaver)["imgproxy.env"]
    fallbacks.save(leaver.workspace_id, "system", "empty", "shop/none.png")
    fallbacks.change_defaults(leaver.workspace_id, "system", "empty", {"shop": "empty"})
    files = taken(leaver)
    imgproxy = settings_of(files["imgproxy.env"])
    assert imgproxy["IMGPROXY_FALLBACK_IMAGE_URL"] == "https://shop.example/photos/none.png"
    assert (imgproxy["IMGPROXY_FALLBACK_IMAGE_HTTP_CODE"], imgproxy["IMGPROXY_FALLBACK_IMAGE_TTL"]) == ("0", "60")
    assert "empty,shop/none.png,error,every source shop\r\n" in files["fallbacks.csv"]


def test_every_parameter_of_the_map_is_one_of_ours():
    ours = {name.partition("=")[0] for name in portability_parameters.PARAMETERS}
    assert ours <= set(params.ROWS["transform"]) and {"w", "h", "fit", "quality", "format", "crop"} <= ours


def test_any_host_beside_named_ones_opens_no_loader(leaver):
    """H24: that any web address may be a source is told in words; a setting would let anybody fetch anything there."""
    workspace_rows.change(leaver, allowed_sources=["*", "cdn.example"])
    files = taken(leaver)
    assert settings_of(files["imagor.env"])["HTTP_LOADER_ALLOWED_SOURCES"] == "cdn.example"
    assert "*" not in settings_of(files["imgproxy.env"])["IMGPROXY_ALLOWED_SOURCES"]
    assert all("any web address may be a source" in files[name] for name in ("imagor.env", "imgproxy.env"))
