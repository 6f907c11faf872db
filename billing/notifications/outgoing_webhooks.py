"""The customer's webhook: its address, its secret shown once, and the signature a receiver checks."""

import hmac
import json
import secrets
from dataclasses import dataclass

from accounts import audit
from accounts.keys import apikeys
from billing.models import Notification, Webhook, webhooks
from billing.notifications import notifications
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError

LONGEST_ADDRESS = 2_048
SIGNATURE = "X-Img-Signature"
MOST_FAILURES = 3
FIRST_REST, LONGEST_REST = 30.0, 3_600.0  # seconds


class InvalidWebhook(ApiError):
    """The address cannot be a webhook's."""

    code = "invalid_webhook"


@dataclass(frozen=True)
class WebhookRequest:
    """What is posted: where to, the body, and its headers."""

    address: str
    body: bytes
    headers: dict[str, str]


def of(workspace_id: str) -> Webhook | None:
    """The webhook of a workspace. One that an API key set up ends with that key (H8)."""
    hook = webhooks.find(workspace_id)
    if hook is None or apikeys.holds(hook.made_by):
        return hook
    if webhooks.delete_made_by(workspace_id, hook.made_by):
        audit.record(workspace_id, f"key:{hook.made_by}", "webhook.changed", workspace_id)
    return webhooks.find(workspace_id)


def configure(workspace_id: str, actor: str, address: str) -> str:
    """Set the webhook of a workspace; returns its new secret, which is shown this once. The caller has checked the
    address with the fetch guard. Raises InvalidWebhook."""
    if not address.startswith(("https://", "http://")) or len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise InvalidWebhook("A webhook is an address that begins with https://.", param="address")
    secret = "whsec_" + secrets.token_urlsafe(32)
    values = {
        "address": address,
        "sealed_secret": tokens.seal(secret.encode()),
        "created": clock.now(),
        "made_by": apikeys.maker_of(actor),
        "last_tried": 0,
        "last_outcome": "",
        "failures": 0,
        "rests_until": 0,
    }
    webhooks.put(workspace_id, values)
    audit.record(workspace_id, actor, "webhook.changed", workspace_id)
    return secret


def remove(workspace_id: str, actor: str) -> None:
    """Post nothing any more. Removing it twice is no error."""
    if not webhooks.delete(workspace_id):
        return
    audit.record(workspace_id, actor, "webhook.changed", workspace_id)


def send_test(workspace_id: str) -> bool:
    """Have a test notice sent to the webhook alone; whether one was due: at most one a minute."""
    minute = clock.stamp(clock.now())
    return notifications.create(workspace_id, f"test {minute}", "test", {"sent": minute})


def build_request(hook: Webhook, notice: Notification, namespace: str) -> WebhookRequest:
    """The request that posts a notice. Its id is the same at each try, so that a receiver can recognise a
    repetition."""
    payload = {
        "id": tokens.keyed_digest(tokens.unseal(hook.sealed_secret), (notice.workspace_id, notice.notice_id))[:32],
        "type": notice.kind,
        "workspace": namespace,
        "created": int(notice.moment),
        "data": notice.facts,
    }
    body = json.dumps(payload, ensure_ascii=True, separators=(",", ":")).encode()
    signature = sign(tokens.unseal(hook.sealed_secret), body, int(clock.now()))
    return WebhookRequest(hook.address, body, {"Content-Type": "application/json", SIGNATURE: signature})


def sign(secret: bytes, body: bytes, moment: int) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 with the secret over the time, a full stop and the body."""
    return f"t={moment},v1={hmac.new(secret, f'{moment}.'.encode() + body, 'sha256').hexdigest()}"


def may_post(hook: Webhook) -> bool:
    """Whether its receiver may be posted to now. After MOST_FAILURES in a row it rests, ever longer, so that it costs
    the others nothing; then one posting tries whether it is back."""
    if hook.failures < MOST_FAILURES:
        return True
    now = clock.now()
    if hook.rests_until > now:
        return False
    return webhooks.rest(hook, now + FIRST_REST)


def next_try(hook: Webhook) -> float:
    """When a receiver that may not be posted to now is asked for again, in seconds since 1970."""
    return max(float(hook.rests_until), clock.now() + FIRST_REST)


def record_success(workspace_id: str, outcome: str) -> None:
    """Keep for the page that the receiver took a notice."""
    webhooks.record_success(workspace_id, clock.now(), outcome)


def record_failure(workspace_id: str, outcome: str) -> None:
    """Keep for the page what came of a posting that failed, and let the receiver rest after some in a row."""
    now = clock.now()
    hook = webhooks.record_failure(workspace_id, now, outcome)
    if hook is None:
        return
    further = int(hook.failures) - MOST_FAILURES
    if further >= 0:
        rest = min(LONGEST_REST, FIRST_REST * 2 ** min(further, 10))
        webhooks.rest_after_failures(hook, now + rest)
