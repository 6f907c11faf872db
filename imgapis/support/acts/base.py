"""A staff action: its right, its form, its function, and the errors it raises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import Staff
from imgapis.base.errors import ApiError
from imgapis.support.forms import ActForm


class StaffLimitExceeded(ApiError):
    """More credits than the staff role gives in one act."""

    status = 403
    code = "staff_limit"


class DoneAlready(ApiError):
    """The form was sent twice."""

    status = 409
    code = "done_already"

    def __init__(self) -> None:
        super().__init__("This was done already, with the same form. Open the act again to do it once more.")


class SubjectGone(ApiError):
    """The object of the action no longer exists."""

    status = 404
    code = "nothing_there"


@dataclass(frozen=True)
class Act:
    """An act: the right it asks for, what its button says, its form, and what it does; `perform` returns what to say.
    `warning` is shown before an act that cannot be undone, `is_applicable` says whether it makes sense now.

    Whatever `perform` changes is recorded: in the transaction of the change where that is one write, before it where
    it is several, so that a crash can leave an entry without its act and never an act without its entry (A17).
    """

    name: str
    right: str
    title: str
    form: type[ActForm]
    perform: Callable[[Staff, Any, dict], str]
    warning: str = ""
    is_applicable: Callable[[Any], bool] = lambda subject: True


def table(*acts: Act) -> dict[str, Act]:
    """Acts by name, in the order of their buttons."""
    return {act.name: act for act in acts}
