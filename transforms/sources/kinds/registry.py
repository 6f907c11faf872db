"""The kinds of source: a new one is a module beside this, its row in KINDS and its test."""

from transforms.models import Source
from transforms.sources.kinds.http import WebServer
from transforms.sources.kinds.kind import Kind
from transforms.sources.kinds.r2 import R2Bucket
from transforms.sources.kinds.s3 import S3Bucket

# By the name that rows, the REST API and commands use; in the order that pages show.
KINDS: dict[str, Kind] = {kind.name: kind for kind in (WebServer(), S3Bucket(), R2Bucket())}


def kind_of(source: Source) -> Kind:
    """The kind of a stored source."""
    return KINDS[source.kind]
