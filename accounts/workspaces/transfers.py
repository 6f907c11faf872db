"""What has to be done about the bill before an owner of a workspace ceases to be one; billing registers it."""

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
_releases: list[Callable[[str], None]] = []


def register(preview_act: Act, settle_act: Act, release_act: Callable[[str], None]) -> None:
    """Set what `preview`, `settle` and `release` do, by workspace."""
    _acts.update(preview=preview_act, settle=settle_act)
    _releases[:] = [release_act]


def preview(workspace_id: str) -> BillOfTransfer:
    """What a transfer would mean; nothing is changed."""
    return _acts["preview"](workspace_id)


def settle(workspace_id: str) -> BillOfTransfer:
    """Settle the bill before an owner ceases to be one. Raises ApiError where that has to wait; the owners stay."""
    return _acts["settle"](workspace_id)


def release(workspace_id: str) -> None:
    """Let an owner go whom no bill holds back, as one who is taken out: settle as far as it can be now, and charge them
    no more."""
    for act in _releases:
        act(workspace_id)
