"""The endpoint of Stripe's webhooks: raw body in, a status out; an unsigned request learns nothing."""

import json
import re
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.stripe import stripe_events, webhooks
from billing.stripe.stripe_facts import InvalidWebhookSignature
from imgapis.base.errors import ApiError

LARGEST = 512_000
TIME = re.compile(r"(?:\A|,)\s*t=([0-9]{1,15})")


class TooLarge(ApiError):
    """A body larger than any event."""

    code = "body_too_large"

    def __init__(self) -> None:
        super().__init__("This message is too large to be an event.")


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """200 for what was acted on, came before, or is ignored; 400 for what Stripe did not sign (B10); 503 where it is
    to be sent again, 409 where its version is not read here (H21)."""
    if not webhooks.is_configured():
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise TooLarge
    signature = request.META.get("HTTP_STRIPE_SIGNATURE", "")
    _refuse_future(signature)
    event = stripe_events.verify_event(request.body, signature)
    return HttpResponse(json.dumps({"outcome": webhooks.handle(event)}), content_type="application/json")


def _refuse_future(signature: str) -> None:
    """InvalidWebhookSignature for a time further ahead than the tolerance (H12): Stripe's library refuses old ones
    alone, so that one from the future could be repeated until it is old. Both read the machine's clock."""
    if any(int(moment) > time.time() + settings.STRIPE_TOLERANCE_SECONDS for moment in TIME.findall(signature)):
        raise InvalidWebhookSignature
