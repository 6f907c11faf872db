"""Custom hostnames and their certificates at Cloudflare: the only module that imports its SDK."""

from dataclasses import dataclass
from functools import lru_cache

import cloudflare
from cloudflare.types.custom_hostnames import (
    CustomHostnameCreateResponse,
    CustomHostnameEditResponse,
    CustomHostnameGetResponse,
    CustomHostnameListResponse,
)
from cloudflare.types.custom_hostnames.custom_hostname_create_params import SSL
from django.conf import settings

SECONDS = 10.0
LONGEST_REASON = 300
# http: the CNAME points to Cloudflare, which then validates the domain with the certificate authority by itself.
CERTIFICATE: SSL = {"method": "http", "type": "dv", "settings": {"min_tls_version": "1.2"}}
ACTIVE_STATUSES = {"active", "active_redeploying"}
FAILED_STATUSES = {"blocked", "moved", "deleted", "pending_blocked", "pending_deletion"}
FAILED_CERTIFICATE_STATUSES = {"expired", "deleted", "inactive", "deactivating"}
SENTENCES = {
    "initializing": "Cloudflare has taken the order for the certificate.",
    "pending_validation": "The certificate authority waits to see the CNAME record.",
    "pending_issuance": "The certificate authority is making the certificate.",
    "pending_deployment": "The certificate is being brought to the edge.",
    "validation_timed_out": "The certificate authority did not see the CNAME record in time.",
    "issuance_timed_out": "The certificate authority did not issue the certificate in time.",
    "blocked": "Cloudflare does not serve this name: write to support.",
    "moved": "The CNAME record leads elsewhere now.",
    "expired": "The certificate has expired.",
}

CustomHostname = (
    CustomHostnameListResponse | CustomHostnameCreateResponse | CustomHostnameGetResponse | CustomHostnameEditResponse
)


class CloudflareFailed(Exception):
    """Cloudflare did not answer, or refused our own request; the message names the kind of failure alone."""


@dataclass(frozen=True)
class Hostname:
    """A domain at Cloudflare: its id, whether it is served with a certificate, whether it has failed, and why."""

    cloudflare_id: str
    active: bool
    failed: bool
    reason: str


def configured() -> bool:
    """Whether domains go through Cloudflare here."""
    return bool(settings.CLOUDFLARE_API_TOKEN and settings.CLOUDFLARE_ZONE_ID)


def ensure(domain: str) -> Hostname:
    """The domain at Cloudflare, created where it does not exist: an interrupted order is resumed."""
    zone_id = _zone_id()
    try:
        for hostname in _client().custom_hostnames.list(zone_id=zone_id, hostname={"exact": domain}):
            if hostname.hostname == domain:
                return _read(hostname)
        return _read(_client().custom_hostnames.create(zone_id=zone_id, hostname=domain, ssl=CERTIFICATE))
    except cloudflare.CloudflareError as error:
        raise CloudflareFailed(type(error).__name__) from error


def read(cloudflare_id: str) -> Hostname | None:
    """The domain's state now; None where Cloudflare does not know the id."""
    try:
        return _read(_client().custom_hostnames.get(cloudflare_id, zone_id=_zone_id()))
    except cloudflare.NotFoundError:
        return None
    except cloudflare.CloudflareError as error:
        raise CloudflareFailed(type(error).__name__) from error


def retry(cloudflare_id: str) -> Hostname:
    """Order the certificate again after it failed."""
    zone_id = _zone_id()
    try:
        return _read(_client().custom_hostnames.edit(cloudflare_id, zone_id=zone_id, ssl=CERTIFICATE))
    except cloudflare.CloudflareError as error:
        raise CloudflareFailed(type(error).__name__) from error


def delete(cloudflare_id: str) -> None:
    """Delete the domain and its certificate at Cloudflare; idempotent."""
    try:
        _client().custom_hostnames.delete(cloudflare_id, zone_id=_zone_id())
    except cloudflare.NotFoundError:
        return
    except cloudflare.CloudflareError as error:
        raise CloudflareFailed(type(error).__name__) from error


def _zone_id() -> str:
    if not settings.CLOUDFLARE_ZONE_ID:
        raise CloudflareFailed("no zone is configured")
    return settings.CLOUDFLARE_ZONE_ID


def _client() -> cloudflare.Cloudflare:
    return _client_of(settings.CLOUDFLARE_API_TOKEN, settings.CLOUDFLARE_API_URL)


@lru_cache(maxsize=2)
def _client_of(token: str, url: str) -> cloudflare.Cloudflare:
    return cloudflare.Cloudflare(
        api_token=token,
        base_url=url,
        timeout=SECONDS,
        max_retries=1,
        http_client=cloudflare.DefaultHttpxClient(trust_env=False),
    )


def _read(hostname: CustomHostname | None) -> Hostname:
    if hostname is None:
        raise CloudflareFailed("empty answer")
    certificate_status = hostname.ssl.status if hostname.ssl else None
    failed = (
        hostname.status in FAILED_STATUSES
        or certificate_status in FAILED_CERTIFICATE_STATUSES
        or str(certificate_status).endswith("_timed_out")
    )
    active = hostname.status in ACTIVE_STATUSES and certificate_status == "active"
    return Hostname(hostname.id, active, failed, "" if active else _reason(hostname, certificate_status))


def _reason(hostname: CustomHostname, certificate_status: str | None) -> str:
    """The errors of Cloudflare and the certificate authority; else the state as a sentence."""
    messages = [*(hostname.verification_errors or [])]
    messages += [error.message for error in (hostname.ssl and hostname.ssl.validation_errors) or [] if error.message]
    if hostname.status in FAILED_STATUSES:
        messages.insert(0, SENTENCES.get(hostname.status, "Cloudflare does not serve this name."))
    return "; ".join(messages)[:LONGEST_REASON] or SENTENCES.get(
        certificate_status or "", "Cloudflare is at work on it."
    )
