"""What has to be done about the bill before the ownership of a workspace is transferred; billing registers it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class BillOfTransfer:
    """What a transfer means for the bill: `before` stands on the page above the button, `former` and `new` are mailed
    to the two owners afterwards. Empty where there is nothing to say."""

    before: tuple[str, ...] = ()
    former: str = ""
    new: str = ""


Act = Callable[[str], BillOfTransfer]


def _nothing(workspace_id: str) -> BillOfTransfer:
    return BillOfTransfer()


_acts: dict[str, Act] = {"preview": _nothing, "settle": _nothing}


def register(preview_act: Act, settle_act: Act) -> None:
    """Set what `preview` and `settle` do, by workspace."""
    _acts.update(preview=preview_act, settle=settle_act)


def preview(workspace_id: str) -> BillOfTransfer:
    """What a transfer would mean; nothing is changed."""
    return _acts["preview"](workspace_id)


def settle(workspace_id: str) -> BillOfTransfer:
    """Settle the bill before a transfer. Raises ApiError where that has to wait; nobody else is the owner then."""
    return _acts["settle"](workspace_id)
