"""`manage.py demo`: the demo workspace with its photographs, made from the shell."""

import pytest
from django.core.management import CommandError

from accounts.models import workspaces
from imgapis.base import buckets
from imgapis.site import playground, sample_source
from tests.commands import run
from transforms.models import sources


def test_the_demo_has_every_photograph_that_is_there_however_often_it_is_made(dynamodb, bucket, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("one.png", "two.jpg", "README.txt"):
        (folder / name).write_bytes(b"bytes of " + name.encode())
    assert [run("demo") for _ in range(2)] == ["demo: 2 photographs.\n"] * 2
    row = workspaces.of_namespace(playground.DEMO)
    source = sources.find(row.workspace_id, sample_source.NAME)
    assert (source.kind, source.bucket) == ("s3", sample_source.BUCKET)
    listed = buckets.cache_client().list_objects_v2(Bucket=sample_source.BUCKET)["Contents"]
    stored = {entry["Key"] for entry in listed}
    assert {"one.png", "two.jpg"} <= stored and "README.txt" not in stored


@pytest.mark.parametrize("is_there", [True, False])
def test_without_photographs_the_demo_says_where_they_belong(dynamodb, bucket, settings, tmp_path, is_there):
    settings.VAR_DIR = tmp_path
    if is_there:
        (tmp_path / "samples").mkdir()
    with pytest.raises(CommandError, match=str(tmp_path / "samples")):
        run("demo")
