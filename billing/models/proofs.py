"""The last proof of the ledger, and of each other nightly comparison: claimed, paused and stored."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.update import Action

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

PROOF = DataHandling("none", "until the next one", exported=False)
STRIPE = "stripe"  # the nightly comparison with Stripe: workspaces compared, and changed
LEDGER = "ledger"


class LedgerProof(dynamo.Row):
    """The last proof that events, counters and rollups agree: for the status page, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("proofs")

    name = declared(UnicodeAttribute(hash_key=True), "names the proof", PROOF)
    moment = declared(Moment(), "when it was made", PROOF)
    periods = declared(Whole(), "how many periods were added up", PROOF)
    broken = declared(Whole(), "how many did not add up", PROOF)
    due = declared(Moment(), "when the next one may begin", PROOF)
    reached = declared(UnicodeAttribute(default=""), "the workspace up to which one that is not done has come", PROOF)
    periods_so_far = declared(Whole(default=0), "how many periods that one has added up", PROOF)
    broken_so_far = declared(Whole(default=0), "how many of these did not add up", PROOF)


def last(name: str = LEDGER) -> LedgerProof | None:
    """The result of the last proof of the ledger, or of another nightly comparison."""
    return LedgerProof.find(name)


def require(name: str) -> LedgerProof:
    """The result of the last proof, where there is one."""
    return LedgerProof.require(name)


def claim(now: float, next_due: float, name: str = LEDGER) -> bool:
    """Whether this worker may make the proof now; the next may begin at `next_due`, whatever becomes of this one."""
    condition = LedgerProof.is_absent() | (LedgerProof.due <= now)
    defaults = {"moment": now, "periods": 0, "broken": 0}
    actions: list[Action] = [LedgerProof.due.set(next_due)]
    actions += [getattr(LedgerProof, name).set(getattr(LedgerProof, name) | value) for name, value in defaults.items()]
    return LedgerProof(name).update_if(condition, actions)


def save(moment: float, periods: int, broken: int, name: str = LEDGER) -> None:
    """Store the result of a proof."""
    _set(name, moment=moment, periods=periods, broken=broken, reached="", periods_so_far=0, broken_so_far=0)


def pause(due: float, reached: str, periods: int, broken: int, name: str = LEDGER) -> None:
    """Store how far a proof has come that goes on at `due`, and what it found so far."""
    _set(name, due=due, reached=reached, periods_so_far=periods, broken_so_far=broken)


def _set(name: str, **values: float | str) -> None:
    actions = LedgerProof.assignments(values)
    LedgerProof(name).update(actions=actions, condition=LedgerProof.is_present())
