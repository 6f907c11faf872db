"""One search box: an address, a namespace, a domain, or any id of ours leads to its page, by key and never by scan."""

import re

from django.contrib.admin.utils import quote
from django.urls import reverse

from accounts import emails, people, store
from billing import customers, stripe_events
from imgapis.base.errors import Refusal
from imgapis.policy import requests
from imgapis.privacy import store as erasures
from telemetry import store as telemetry_store
from transforms import domain_store

EVENT = re.compile(r"([a-z0-9_-]+)[/ ]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")


def place(text: str) -> str | None:
    """The path of the page that a text names; None where nothing is known of it."""
    text = text.strip()
    if "@" in text:
        return _of_address(text)
    if text.startswith(("cus_", "evt_")):
        return _of_stripe(text)
    text = text.lower()
    for find in (_of_person, _of_workspace, _of_request, _of_event, _of_domain, _of_erasure):
        found = find(text)
        if found:
            return found
    return None


def _of_address(text: str) -> str | None:
    try:
        person = people.of_email(emails.canonical(text))
    except Refusal:
        return None
    return reverse("admin:support-person", args=[person.person_id]) if person else None


def _of_person(text: str) -> str | None:
    return reverse("admin:support-person", args=[text]) if store.person(text) else None


def _of_workspace(text: str) -> str | None:
    row = store.workspace(text) or store.workspace_of_namespace(text)
    return reverse("admin:support-workspace", args=[row.workspace_id]) if row else None


def _of_request(text: str) -> str | None:
    try:
        return reverse("admin:support-request", args=[requests.of_id(text).request_id])
    except Refusal:
        return None


def _of_event(text: str) -> str | None:
    """An event is named with its workspace, as on its receipt: `shop/019…`."""
    match = EVENT.match(text)
    row = match and (store.workspace(match[1]) or store.workspace_of_namespace(match[1]))
    if not row or telemetry_store.event(row.workspace_id, match[2]) is None:
        return None
    return reverse("admin:telemetry_eventpage_change", args=[quote(f"{row.workspace_id}~{match[2]}")])


def _of_stripe(text: str) -> str | None:
    """The workspace of a customer at Stripe, or of an event that came from there; their ids keep their case."""
    event = stripe_events.of_id(text) if text.startswith("evt_") else None
    workspace_id = event.workspace_id if event else customers.workspace_of(text)
    return reverse("admin:support-workspace", args=[workspace_id]) if workspace_id else None


def _of_erasure(text: str) -> str | None:
    """An id that was erased, which also names its certificate."""
    row = erasures.erasure(text)
    return reverse("admin:imgapis_erasurepage_change", args=[quote(text)]) if row is not None else None


def _of_domain(text: str) -> str | None:
    row = domain_store.domain(text)
    return reverse("admin:support-workspace", args=[row.workspace_id]) if row else None
