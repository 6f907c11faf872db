"""The source doctor and buckets, on a real S3 server: what a key may do is tried, and nothing is ever written."""

import json
from pathlib import Path

import pytest

from imgapis.base import buckets
from imgapis.devstack import engines
from tests import environment
from tests.origin import picture
from transforms.doctor import examination
from transforms.sources import named_sources
from transforms.sources.kinds.registry import kind_of
from transforms.tenant import tenants

BUCKET = "doctors"
REGION = "us-east-1"
# name → what SeaweedFS lets the key do
KEYS = {
    "reader": [f"Read:{BUCKET}"],
    "lister": [f"Read:{BUCKET}", f"List:{BUCKET}"],
    "writer": [f"Read:{BUCKET}", f"Write:{BUCKET}"],
    "nobody": ["Read:other"],
    "admin": ["Admin", "Read", "Write", "List", "Tagging"],
}


class ManyKeys(engines.SeaweedFS):
    """SeaweedFS with a key of each kind; every secret is the key's name and `secret`."""

    def _write_keys(self) -> Path:
        identities = [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": name + "secret"}], "actions": actions}
            for name, actions in KEYS.items()
        ]
        path = self.directory.with_name(self.directory.name + ".json")
        path.write_text(json.dumps({"identities": identities}))
        return path


@pytest.fixture(scope="module")
def customer():
    """A customer's bucket with a picture and a file that is none."""
    engine = ManyKeys(Path(environment.FOLDER) / "doctors")
    engine.start()
    client = buckets.client(engine.endpoint, REGION, "admin", "adminsecret")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="photos/a.jpg", Body=picture())
    client.put_object(Bucket=BUCKET, Key="photos/b.jpg", Body=b"no picture")
    yield engine
    engine.stop()


@pytest.fixture
def examine(workspace, customer, settings):
    """Examine the bucket with one of the keys; `changes` are fields of the source."""
    settings.S3_ENDPOINT = settings.R2_ENDPOINT = customer.endpoint
    settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{customer.port}"})

    def run(key, path="a.jpg", kind="s3", **changes):
        fields = {
            "kind": kind,
            "bucket": BUCKET,
            "region": REGION if kind == "s3" else "a" * 32,
            "prefix": "photos/",
            "access_key": key,
            "secret_key": key + "secret",
            **changes,
        }
        row = named_sources.create(workspace.workspace_id, name="bucket", **fields)
        return examination.examine(tenants.of_row(workspace, workspace.namespace), row, path)

    return run


def states(diagnosis) -> tuple[str, str]:
    """The states of the steps listing and writing."""
    step_states = {step.name: step.state for step in diagnosis.steps}
    return step_states["listing"], step_states["writing"]


@pytest.mark.parametrize(
    ("key", "kind", "expected"),
    [
        ("reader", "s3", ("passed", "passed")),
        ("lister", "s3", ("warned", "passed")),
        ("writer", "s3", ("passed", "warned")),
        ("admin", "s3", ("warned", "warned")),
        ("lister", "r2", ("passed", "passed")),
        ("admin", "r2", ("passed", "warned")),
    ],
)
def test_what_a_key_may_do_beyond_reading_is_told(examine, customer, key, kind, expected):
    diagnosis = examine(key, kind=kind)
    assert (diagnosis.failed, diagnosis.code, states(diagnosis)) == (None, "", expected)
    client = buckets.client(customer.endpoint, REGION, "admin", "adminsecret")
    object_keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert object_keys == ["photos/a.jpg", "photos/b.jpg"] and not client.list_multipart_uploads(Bucket=BUCKET).get(
        "Uploads"
    )


@pytest.mark.parametrize(
    ("key", "changes", "path", "step", "word"),
    [
        ("nobody", {}, "a.jpg", "answer", "AccessDenied"),
        ("reader", {"access_key": "unknown"}, "a.jpg", "answer", "access key id again"),
        ("reader", {"secret_key": "wrong"}, "a.jpg", "answer", "secret access key again"),
        ("admin", {"bucket": "nowhere"}, "a.jpg", "answer", "bucket's name"),
        ("reader", {}, "none.jpg", "answer", "capital letters"),
        ("reader", {}, "b.jpg", "type", "JPEG"),
    ],
)
def test_a_fault_of_a_bucket_is_named_with_its_remedy(examine, key, changes, path, step, word):
    diagnosis = examine(key, path, **changes)
    assert diagnosis.failed.name == step, diagnosis
    assert word in f"{diagnosis.failed.detail} {diagnosis.failed.remedy}"


def test_a_key_nobody_knows_is_not_tried_further(examine):
    assert states(examine("reader", access_key="unknown")) == ("skipped", "skipped")


def test_the_least_policy_reads_the_prefix_and_nothing_else(workspace, dynamodb):
    fields = {"bucket": BUCKET, "prefix": "photos/", "access_key": "k", "secret_key": "s"}
    row = named_sources.create(workspace.workspace_id, name="s3", kind="s3", region="eu-west-1", **fields)
    [statement] = json.loads(kind_of(row).policy(row))["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/photos/*")
    row = named_sources.create(workspace.workspace_id, name="cn", kind="s3", region="cn-north-1", **fields)
    assert "arn:aws-cn:s3:::" in kind_of(row).policy(row)
    row = named_sources.create(workspace.workspace_id, name="r2", kind="r2", region="a" * 32 + ".eu", **fields)
    assert list(json.loads(kind_of(row).policy(row))["resources"]) == [
        f"com.cloudflare.edge.r2.bucket.{'a' * 32}_eu_{BUCKET}"
    ]
