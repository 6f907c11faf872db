"""The REST routes of billing notices: which mails the maker of the key gets, and the workspace's webhook."""

from typing import Any

from ninja import Field, Schema

from accounts.api import Strict, workspace_of
from accounts.models import Workspace
from accounts.requests import ApiHttpRequest
from accounts.rest_router import Repeat, RestRouter
from billing.notifications import kinds, outgoing_webhooks, preferences, webhook_delivery
from imgapis.base import clock
from imgapis.base.errors import ApiError

router = RestRouter(tags=["notices"])
SCOPE = "billing.manage"


class UnknownNotice(ApiError):
    """There is no such kind of mail."""

    status = 404
    code = "unknown_notice"

    def __init__(self) -> None:
        super().__init__(f"A kind of mail is one of {', '.join(kinds.MAILS)}.", param="kind")


class NoWebhook(ApiError):
    """There is no webhook to test."""

    status = 404
    code = "no_webhook"

    def __init__(self) -> None:
        super().__init__("This workspace has no webhook.")


class TestedJustNow(ApiError):
    """One test a minute."""

    status = 429
    code = "tested_just_now"

    def __init__(self) -> None:
        super().__init__("A test was sent within this minute.", retry_after=60)


class HookOut(Schema):
    """The webhook. `last_tried` is UTC; `last_outcome` is a status of its answer or a code of ours.
    `made_by` is the prefix of the API key that set it, with which it ends."""

    address: str
    last_tried: str | None
    last_outcome: str
    made_by: str | None


class NoticesOut(Schema):
    """What is told: by mail to the maker of the key, by kind; by webhook to a server."""

    mails: dict[str, bool]
    webhook: HookOut | None


class WantedIn(Strict):
    """Whether such mails are wanted."""

    wanted: bool


class HookIn(Strict):
    """Where notices are posted to."""

    address: str = Field(max_length=outgoing_webhooks.LONGEST_ADDRESS)


class SecretOut(Schema):
    """A webhook that was just set: its secret is shown this once."""

    address: str
    secret: str


def _preferences_out(row: Workspace, person_id: str) -> dict[str, Any]:
    webhook = outgoing_webhooks.of(row.workspace_id)
    webhook_out = webhook and {
        "address": webhook.address,
        "last_outcome": webhook.last_outcome,
        "last_tried": clock.stamp(float(webhook.last_tried)) if webhook.last_tried else None,
        "made_by": webhook.made_by or None,
    }
    return {"mails": preferences.choices(row.workspace_id, person_id), "webhook": webhook_out}


# Operation ids are part of the OpenAPI document, which clients are generated from: they stay when a module moves.
@router.get("/notices", response=NoticesOut, operation_id="imgapis_notices_api_notices")
def notices(request: ApiHttpRequest) -> dict[str, Any]:
    """The mails and the webhook. Scope: billing.manage."""
    return _preferences_out(workspace_of(request, SCOPE), request.caller.person_id)


@router.put("/notices/mails/{kind}", response=NoticesOut, operation_id="imgapis_notices_api_choose")
def choose(request: ApiHttpRequest, kind: str, payload: WantedIn) -> dict[str, Any]:
    """Get mails of a kind, `usage` or `burst`, or none. Scope: billing.manage."""
    row, person_id = workspace_of(request, SCOPE), request.caller.person_id
    if kind not in kinds.MAILS:
        raise UnknownNotice
    preferences.choose(row.workspace_id, person_id, kind, enabled=payload.wanted)
    return _preferences_out(row, person_id)


@router.put("/notices/webhook", response=SecretOut, operation_id="imgapis_notices_api_set_hook")
def set_hook(request: ApiHttpRequest, payload: HookIn) -> dict[str, Any]:
    """Set the webhook, or put another in its place, with a new secret. Scope: billing.manage."""
    row = workspace_of(request, SCOPE)
    secret = webhook_delivery.configure(row.workspace_id, request.caller.actor, payload.address)
    return {"address": payload.address, "secret": secret}


@router.delete("/notices/webhook", response={204: None}, operation_id="imgapis_notices_api_remove_hook")
def remove_hook(request: ApiHttpRequest) -> tuple[int, None]:
    """Post nothing any more; doing it twice is no error. Scope: billing.manage."""
    outgoing_webhooks.remove(workspace_of(request, SCOPE).workspace_id, request.caller.actor)
    return 204, None


@router.post(
    "/notices/webhook/test",
    response={202: None},
    operation_id="imgapis_notices_api_test_hook",
    repeat=Repeat(rebuild=lambda request, made: workspace_of(request, SCOPE) and None),
)
def test_hook(request: ApiHttpRequest) -> tuple[int, None]:
    """Have a test notice posted, at most one a minute; GET says what came of it. Scope: billing.manage."""
    row = workspace_of(request, SCOPE)
    if outgoing_webhooks.of(row.workspace_id) is None:
        raise NoWebhook
    if not outgoing_webhooks.send_test(row.workspace_id):
        raise TestedJustNow
    return 202, None
