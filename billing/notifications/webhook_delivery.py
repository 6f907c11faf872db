"""Customers' webhooks through the fetch guard: the only module that posts notices (P15, S1–S17)."""

import time

from django.conf import settings

from billing.notifications import outbox, outgoing_webhooks
from billing.notifications.outgoing_webhooks import InvalidWebhook, WebhookRequest
from imgapis.base import waiting
from imgapis.base.errors import ApiError
from imgapis.base.outbound import fetch, own_hosts, resolution, urls
from imgapis.base.outbound.urls import Location

TOTAL_SECONDS = 10.0


def send_due(seconds: float = 60.0) -> int:
    """Send the notices that are due, for as many seconds; returns how many were processed."""
    return outbox.process_due(send, seconds)


def send(posting: WebhookRequest) -> int:
    """Post to a customer's address, never following a redirect; the status of the answer. Raises ApiError."""
    deadline = time.monotonic() + TOTAL_SECONDS
    location = checked_address(posting.address)
    return fetch.probe(location, method="POST", deadline=deadline, body=posting.body, headers=posting.headers).status


def configure(workspace_id: str, actor: str, address: str) -> str:
    """Set the webhook of a workspace; returns its secret, shown once. Raises InvalidWebhook, for an address that the
    guard would not post to as well."""
    location = checked_address(address)
    try:
        with waiting.place(workspace_id):
            resolution.require_public(location)
    except fetch.FetchError as refusal:
        sentence = f"{location.host} has no public address: check the name, or set its DNS record first."
        raise InvalidWebhook(sentence, param="address") from refusal
    return outgoing_webhooks.configure(workspace_id, actor, address)


def checked_address(address: str) -> Location:
    """The location of a webhook's address. Raises InvalidWebhook for one that is malformed, ours, or not https."""
    try:
        location = urls.parse(address, private=settings.FETCH_ALLOW_PRIVATE)
    except ApiError as refusal:
        raise InvalidWebhook("That is no address we can post to.", param="address") from refusal
    if location.scheme != "https" and location.pair not in settings.FETCH_ALLOW_PRIVATE:
        raise InvalidWebhook("A webhook is an address that begins with https://.", param="address")
    if own_hosts.own_host(location.host):
        raise InvalidWebhook("This host is one of ours: name a server of your own.", param="address")
    return location
