"""Checking a custom domain in DNS and at Cloudflare, and the state that follows."""

from dataclasses import dataclass

from django.conf import settings

from imgapis.base import clock
from transforms.domains import custom_hostnames, dns_records, domain_names
from transforms.domains.custom_hostnames import CloudflareFailed, Hostname
from transforms.models import Domain

MINUTE, HOUR = 60, 3_600
RECHECK = 20 * HOUR  # with an hour of retries after it, a removed proof ends the domain within a day (A15)
BLIND = 3 * clock.DAY  # how long pictures are still served while DNS lookups fail
KEPT_AFTER_LOSS = 7 * clock.DAY  # how long a domain without its proof stays claimed


@dataclass(frozen=True)
class DnsResult:
    """DNS results; None where the lookup failed. `proven`: our TXT record exists. `pointed`: the name points to us."""

    proven: bool | None
    pointed: bool | None


def check_dns(domain: str, token: str) -> DnsResult:
    """Look up the TXT and the CNAME record in DNS."""
    txt_record, cname_record = domain_names.records(domain, token)
    try:
        is_proven = txt_record.value in [text.strip() for text in dns_records.texts(txt_record.name)]
    except dns_records.LookupFailed:
        is_proven = None
    try:
        is_pointed = _points(cname_record.name, cname_record.value)
    except dns_records.LookupFailed:
        is_pointed = None
    return DnsResult(is_proven, is_pointed)


def _points(domain: str, target: str) -> bool:
    """Whether the domain points to `target`, by CNAME or by equal addresses: an apex domain has no CNAME."""
    if dns_records.alias(domain) == target:
        return True
    return bool(dns_records.addresses(domain) & dns_records.addresses(target))


def next_state(row: Domain, dns_state: DnsResult, now: float) -> dict[str, object]:
    """The attributes to write to the row: its state, its reason, whether it serves, and when it is due again.

    Orders a certificate where Cloudflare is configured and the proof was found: never before (A15).
    """
    proof_lost = dns_state.proven is None and row.proven and now - row.proved > BLIND
    if dns_state.proven is None and not proof_lost:
        values = {"reason": "DNS did not answer, so that nothing has changed: we ask again.", "due": now + 10 * MINUTE}
    elif not dns_state.proven:
        values = _unproven(row, now)
    else:
        state = _cloudflare_state(row) if custom_hostnames.configured() else _dns_state(row, dns_state)
        values = {"proven": True, "proved": now, "lapses": 0, **state}
        values["due"] = now + (RECHECK if values["state"] == "active" else _retry_seconds(row, now))
    return {"checked": now, **values}


def _unproven(row: Domain, now: float) -> dict[str, object]:
    if row.proven:
        reason = "The TXT record is gone, so that pictures are no longer served under this domain: set it again."
        return {
            "state": "failing",
            "reason": reason,
            "proven": False,
            "lapses": now + KEPT_AFTER_LOSS,
            "due": now + HOUR,
        }
    if row.state == "failing":
        return {"due": now + (HOUR if now < row.lapses else RECHECK)}
    reason = "The TXT record is not there yet. A new record can take some minutes to be seen."
    return {"state": "pending", "reason": reason, "due": now + _retry_seconds(row, now)}


def _retry_seconds(row: Domain, now: float) -> float:
    """Seconds until the next check: 5 minutes on the first day, an hour in the first week, then daily."""
    age = now - row.created
    return 5 * MINUTE if age < clock.DAY else HOUR if age < 7 * clock.DAY else RECHECK


def _dns_state(row: Domain, dns_state: DnsResult) -> dict[str, object]:
    if dns_state.pointed or (dns_state.pointed is None and row.state == "active"):
        return {"state": "active", "reason": ""}
    return {
        "state": "verified",
        "reason": f"The domain is yours. Its CNAME record does not lead to {settings.DOMAIN_TARGET} yet.",
    }


def _cloudflare_state(row: Domain) -> dict[str, object]:
    try:
        hostname = _hostname(row)
    except CloudflareFailed:
        state = row.state if row.proven else "verified"
        return {"state": state, "reason": "Cloudflare did not answer: we ask again."}
    state = "active" if hostname.active else "failing" if hostname.failed else "issuing"
    return {"state": state, "reason": hostname.reason, "cloudflare_id": hostname.cloudflare_id}


def _hostname(row: Domain) -> Hostname:
    """The domain at Cloudflare: created, read, or ordered again after it failed."""
    hostname = custom_hostnames.read(row.cloudflare_id) if row.cloudflare_id else None
    if hostname is None:
        return custom_hostnames.ensure(row.domain)
    return custom_hostnames.retry(row.cloudflare_id) if hostname.failed else hostname
