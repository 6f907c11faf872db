"""Where the notices of a workspace are posted to."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

HOOK = DataHandling("account", "until it is removed, or erasure")


class Webhook(dynamo.Row):
    """Where a workspace's notices are posted to, and the secret that signs them."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("hooks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose webhook it is", HOOK)
    address = declared(UnicodeAttribute(), "where notices are posted to", HOOK)
    sealed_secret = declared(
        UnicodeAttribute(),
        "signs what is posted; shown once",
        DataHandling("security", "until it is removed, or erasure", exported=False),
    )
    created = declared(Moment(), "when it was set up", HOOK)
    made_by = declared(UnicodeAttribute(default=""), "the API key that set it up, with which it ends", HOOK)
    last_tried = declared(Moment(default=0), "when it was last posted to", HOOK)
    last_outcome = declared(UnicodeAttribute(default=""), "what came of it: a status or a code of ours", HOOK)
    failures = declared(Whole(default=0), "how often in a row it did not take a notice", HOOK)
    rests_until = declared(Moment(default=0), "until when nothing is posted, after some failures in a row", HOOK)


def find(workspace_id: str) -> Webhook | None:
    """The webhook of a workspace."""
    return Webhook.find(workspace_id)


def put(workspace_id: str, values: dict[str, Any]) -> None:
    """Set the webhook of a workspace, whether it had one or not."""
    Webhook(workspace_id).update(actions=Webhook.assignments(values))


def delete_made_by(workspace_id: str, made_by: str) -> bool:
    """Delete the webhook of a workspace that an API key set up; False where it is another by now."""
    return Webhook(workspace_id).delete_if(Webhook.made_by == made_by)


def delete(workspace_id: str) -> bool:
    """Delete the webhook of a workspace; False where there was none."""
    return Webhook(workspace_id).delete_if(Webhook.is_present())


def rest(row: Webhook, until: float) -> bool:
    """Let a receiver rest until then; False where another process let it, since the row was read."""
    return row.update_if(Webhook.rests_until == row.rests_until, rests_until=until)


def rest_after_failures(row: Webhook, until: float) -> None:
    """Let a receiver rest until then, unless there were more failures, or it is back, since the row was read."""
    row.update_if(Webhook.failures == row.failures, rests_until=until)


def record_success(workspace_id: str, now: float, outcome: str) -> None:
    """Write down that the receiver took a notice."""
    Webhook(workspace_id).update_if(
        Webhook.is_present(), last_tried=now, last_outcome=outcome, failures=0, rests_until=0
    )


def record_failure(workspace_id: str, now: float, outcome: str) -> Webhook | None:
    """Write down that a posting failed; the row as it is then, None where there is no webhook any more."""
    row = Webhook(workspace_id)
    counted = [Webhook.failures.set((Webhook.failures | 0) + 1)]
    return row if row.update_if(Webhook.is_present(), counted, last_tried=now, last_outcome=outcome) else None
