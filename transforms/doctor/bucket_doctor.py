"""Bucket checks of the source doctor: the service's error code, and whether the key may list or write."""

import re
import time
from dataclasses import dataclass

from imgapis.base.outbound import fetch
from imgapis.base.outbound.fetch import FetchError
from imgapis.base.outbound.urls import Location
from transforms.doctor import remedies
from transforms.doctor.diagnosis import Step
from transforms.models import Source
from transforms.sources.kinds.bucket import BucketKind

SECONDS = 5.0
CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")
MESSAGE = re.compile(rb"<Message>([^<]{1,2000})</Message>")
DENIED = (401, 403)
# With these error codes the permissions of the key cannot be determined.
KEYLESS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized", "NoSuchBucket"}
PROBE_NAME = "imgapis-doctor"


@dataclass(frozen=True)
class Refusal:
    """The service's own error code and message for an object that cannot be read; empty where its answer has none."""

    code: str = ""
    message: str = ""


def refusal(kind: BucketKind, source: Source, key: str) -> Refusal:
    """Ask the service once more for an object that cannot be read, and read its error."""
    try:
        response = _glance(kind.object_location(source, key), "GET")
    except FetchError:
        return Refusal()
    return Refusal(_first(CODE, response.body), _first(MESSAGE, response.body))


def _first(pattern: re.Pattern[bytes], body: bytes) -> str:
    match = pattern.search(body)
    return match[1].decode(errors="replace") if match else ""


def listing(kind: BucketKind, source: Source) -> Step:
    """Whether the key may list the bucket. It should not, where the service has a permission that narrow."""
    try:
        status = _glance(kind.listing_location(source), "GET").status
    except FetchError:
        return Step("listing", "skipped", "The bucket's service did not answer.")
    if status in DENIED:
        return Step("listing", "passed", "The key cannot list the bucket.")
    if status != 200:
        return Step("listing", "skipped", f"The bucket's service answered {status}.")
    if not kind.can_deny_listing:
        return Step("listing", "passed", "The key can list the bucket: its service has no narrower permission to read.")
    return Step("listing", "warned", "The key can list the bucket, which we never do.", remedies.NARROW)


def writing(kind: BucketKind, source: Source) -> Step:
    """Whether the key may write: sends a part of a multipart upload that does not exist, so nothing can be written."""
    try:
        status = _glance(kind.part_location(source, source.prefix + PROBE_NAME), "PUT").status
    except FetchError:
        return Step("writing", "skipped", "The bucket's service did not answer.")
    if status in DENIED:
        return Step("writing", "passed", "The key cannot write to the bucket.")
    if status in (400, 404, 411):
        return Step("writing", "warned", "The key can write to the bucket, which we never do.", remedies.NARROW)
    return Step("writing", "skipped", f"The bucket's service answered {status}.")


def _glance(location: Location, method: str) -> fetch.ProbeResult:
    return fetch.probe(location, method=method, deadline=time.monotonic() + SECONDS)
