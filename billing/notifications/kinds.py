"""The kinds of notifications: each is the `type` of what customers' webhooks are posted, and some are mailed too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NotificationKind:
    """`mails` is what its mails tell, as the choice of a member says; `subject` makes their subject from the figures
    of a notification, and `emails/<kind>.txt` is their text. Both are empty for a kind that is posted alone."""

    mails: str = ""
    subject: Callable[[dict[str, Any]], str] | None = None


def _usage_subject(facts: dict[str, Any]) -> str:
    quota = "credits" if facts["of"] == "allowance" else f"cap of the {facts['span']}"
    return f"{facts['share']} % of your {quota} on img apis are used"


KINDS = {
    "usage": NotificationKind("when 50, 80 and 100 % of the credits or of a cap are used", _usage_subject),
    "burst": NotificationKind(
        "when billed work is far above the usual", lambda facts: "Unusually much billed work on img apis"
    ),
    "test": NotificationKind(),
}
# What each mail tells, by kind: every member may decline them. What is essential, as a failed payment, is none of them.
MAILS = {name: kind.mails for name, kind in KINDS.items() if kind.subject}
