"""What a bucket's service refuses: its own error code gives the remedy, and a request for fewer requests is heeded."""

import pytest

from imgapis.base.outbound.fetch import FetchError
from tests.origin import picture
from tests.transforms.raw_origin import RawOrigin, answer
from transforms.doctor import examination
from transforms.sources import named_sources, originals
from transforms.tenant import tenants


@pytest.fixture
def service(workspace, settings):
    """A bucket's service that answers every request by `talk`, and a source there: (tenant, source, service)."""
    services = []

    def start(talk):
        service = RawOrigin(talk)
        services.append(service)
        settings.S3_ENDPOINT = f"http://127.0.0.1:{service.port}"
        settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{service.port}"})
        keys = {"access_key": "AKIDEXAMPLE", "secret_key": "secret"}
        row = named_sources.create(
            workspace.workspace_id, name="own", kind="s3", bucket="pictures", region="eu-west-1", **keys
        )
        return tenants.of_row(workspace, workspace.namespace), row, service

    yield start
    for service in services:
        service.close()


def refusal(status: str, code: str, message: str = "") -> bytes:
    """A refusal in the words of S3."""
    return answer(f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(), status)


@pytest.mark.parametrize(
    ("status", "code", "message", "word"),
    [
        ("403 Forbidden", "RequestTimeTooSkewed", "The difference is too large.", "NTP"),
        ("403 Forbidden", "AccessDenied", "Request has expired", "NTP"),
        ("400 Bad Request", "ExpiredRequest", "", "NTP"),
        ("403 Forbidden", "AccessDenied", "not authorized to perform: kms:Decrypt on resource", "kms:Decrypt"),
        ("403 Forbidden", "AccessDenied", "with an explicit deny in a resource-based policy", "Lift the deny"),
        ("403 Forbidden", "AccessDenied", "Access Denied", "policy below"),
        ("400 Bad Request", "KMS.DisabledException", "", "KMS key"),
        ("400 Bad Request", "KMS.NotFoundException", "", "KMS key"),
        ("400 Bad Request", "InvalidRequest", "stored using a form of Server Side Encryption.", "SSE-C"),
        ("403 Forbidden", "InvalidObjectState", "", "archive"),
        ("400 Bad Request", "ExpiredToken", "", "permanent key"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", "", "region"),
        ("301 Moved Permanently", "PermanentRedirect", "", "region"),
        ("403 Forbidden", "AccountProblem", "", "account"),
        ("405 Method Not Allowed", "MethodNotAllowed", "", "delete marker"),
        ("500 Internal Server Error", "InternalError", "", "trouble"),
        ("503 Slow Down", "SlowDown", "", "fewer requests"),
    ],
)
def test_the_remedy_names_the_cause(service, status, code, message, word):
    tenant, row, _ = service(refusal(status, code, message))
    diagnosis = examination.examine(tenant, row, "a.jpg")
    assert (diagnosis.failed.detail, word in diagnosis.failed.remedy) == (f"The bucket's service says {code}.", True)


@pytest.mark.parametrize("status", ["503 Slow Down", "429 Too Many Requests"])
def test_a_service_that_asks_for_fewer_requests_is_asked_once_more(service, status):
    def talk(connection, request):
        is_first = len(bucket_service.requests) == 1
        connection.sendall(refusal(status, "SlowDown") if is_first else answer(picture()))

    tenant, _, bucket_service = service(talk)
    assert originals.resolve(tenant, "own/a.jpg").fetch().body == picture()
    assert len(bucket_service.requests) == 2


def test_a_service_that_goes_on_asking_for_fewer_requests_is_busy(service):
    tenant, _, bucket_service = service(refusal("503 Slow Down", "SlowDown"))
    with pytest.raises(FetchError) as caught:
        originals.resolve(tenant, "own/a.jpg").fetch()
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("source_busy", 503, 5)
    assert len(bucket_service.requests) == 2
