"""One search box: an address, a namespace, a domain, or any id of ours leads to its page, by key and never by scan.

What a customer pastes whole is taken as it is: the address of a picture, of a page of the dashboard, of an invitation,
an API key of which only the prefix is read.
"""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin.utils import quote
from django.urls import reverse

from accounts.keys import apikeys
from accounts.models import people as person_rows
from accounts.models import workspaces
from accounts.people import email_addresses, people
from billing.stripe import customers, payments, stripe_events
from imgapis.base.errors import ApiError
from imgapis.models import erasures
from imgapis.policy import requests
from telemetry.models import events
from transforms.models import domains

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
EVENT = re.compile(rf"([a-z0-9_-]+)[/ ]({ID})\Z")
KEY = re.compile(r"(?:img_)?([a-z2-7]{10})(?:_.*)?\Z")
INVITE = re.compile(rf"(?:.*/invites/)?(ws_[a-z2-7]+)\.({ID})(?:\..*)?\Z")
LONGEST = 400
PAGE = re.compile(rf"/w/([a-z0-9-]{{1,63}})(?:/usage/({ID}))?(?:/.*)?\Z")
STRIPE = re.compile(r"(?:cus|sub|in|evt)_[A-Za-z0-9_]{1,100}\Z")


def resolve(text: str) -> str | None:
    """The path of the page that a text names; None where nothing matches. Raises StripeUnavailable and NotConfigured
    for a subscription or an invoice, which only Stripe can look up."""
    text = text.strip()
    if STRIPE.match(text):
        return _of_stripe(text)
    if "://" in text:
        return _of_url(text)
    if len(text) > LONGEST:
        return None
    if "@" in text:
        return _of_address(text)
    text = text.lower()
    finders = (_of_person, _of_workspace, _of_request, _of_event, _of_host, _of_invite, _of_erasure, _of_key)
    return next(filter(None, (find(text) for find in finders)), None)


def _of_address(text: str) -> str | None:
    try:
        person = people.of_email(email_addresses.canonical(text))
    except ApiError:
        return None
    return reverse("admin:support-person", args=[person.person_id]) if person else None


def _of_person(text: str) -> str | None:
    return reverse("admin:support-person", args=[text]) if person_rows.find(text) else None


def _of_workspace(text: str) -> str | None:
    row = workspaces.find(text) or workspaces.of_namespace(text)
    return reverse("admin:support-workspace", args=[row.workspace_id]) if row else None


def _of_request(text: str) -> str | None:
    try:
        return reverse("admin:support-request", args=[requests.of_id(text).request_id])
    except ApiError:
        return None


def _of_event(text: str) -> str | None:
    """An event is named with its workspace, as on its receipt: `shop/019…`."""
    match = EVENT.match(text)
    if match is None:
        return None
    row = workspaces.find(match[1]) or workspaces.of_namespace(match[1])
    if not row or events.find(row.workspace_id, match[2]) is None:
        return None
    return reverse("admin:telemetry_eventpage_change", args=[quote(f"{row.workspace_id}~{match[2]}")])


def _of_stripe(text: str) -> str | None:
    """The workspace of a customer, a subscription, an invoice at Stripe, or of an event that came from there; their ids
    keep their case."""
    if text.startswith("evt_"):
        event = stripe_events.of_id(text)
        workspace_id = event.workspace_id if event else None
    else:
        customer_id = text if text.startswith("cus_") else payments.customer_of(text)
        workspace_id = customers.workspace_of(customer_id) if customer_id else None
    return reverse("admin:support-workspace", args=[workspace_id]) if workspace_id else None


def _of_erasure(text: str) -> str | None:
    """An id that was erased, which also names its certificate."""
    row = erasures.find(text)
    return reverse("admin:imgapis_erasurepage_change", args=[quote(text)]) if row is not None else None


def _of_host(text: str) -> str | None:
    """An image host of ours, or a customer's own domain."""
    namespace, _, domain = text.partition(".")
    if namespace and domain == settings.IMAGE_DOMAIN.partition(":")[0]:
        return _of_workspace(namespace)
    row = domains.find(text)
    return reverse("admin:support-workspace", args=[row.workspace_id]) if row else None


def _of_url(text: str) -> str | None:
    """The URL of a picture, or of a page of a workspace. Nothing else in it is read."""
    try:
        parts = urlsplit(text)
        host, path = (parts.hostname or "").lower(), parts.path
    except ValueError:
        return None
    page = PAGE.match(path)
    if page:
        return (page[2] and _of_event(f"{page[1]}/{page[2]}")) or _of_workspace(page[1])
    return _of_invite(path) or (_of_host(host) if 0 < len(host) <= LONGEST else None)


def _of_invite(text: str) -> str | None:
    """The workspace of an invitation's link, used up or not: its page lists what is open."""
    match = INVITE.match(text)
    return _of_workspace(match[1]) if match else None


def _of_key(text: str) -> str | None:
    """The workspace of an API key by its prefix; nothing else of a whole key is read."""
    match = KEY.match(text)
    row = apikeys.of_prefix(match[1]) if match else None
    return reverse("admin:support-workspace", args=[row.workspace_id]) if row else None
