"""Erasures of workspaces and people; a worker claims one by a condition before it runs it."""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

EVIDENCE = DataHandling("none", "as proof, by opaque id", exported=False, erased=False)


class Erasure(dynamo.Row):
    """The erasure of a workspace or a person: requested, scheduled, running, swept, done (D4)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("erasures")

    subject_id = declared(UnicodeAttribute(hash_key=True), "names what is erased, without personal data", EVIDENCE)
    kind = declared(UnicodeAttribute(), "workspace or person", EVIDENCE)
    state = declared(UnicodeAttribute(), "scheduled, running, swept, done or undone", EVIDENCE)
    asked = declared(Moment(), "when it was asked for; the days are counted from it", EVIDENCE)
    due = declared(Moment(), "when its next step may begin, or be tried again", EVIDENCE)
    step = declared(Whole(default=0), "how many steps every store has confirmed", EVIDENCE)
    folder = declared(UnicodeAttribute(default=""), "where its outputs lay in the bucket", EVIDENCE)
    customer_id = declared(
        UnicodeAttribute(default=""), "names its customer at Stripe until it is deleted there", EVIDENCE
    )
    invoices = declared(
        UnicodeAttribute(default="none"), "whether Stripe holds invoices, and an open one among them", EVIDENCE
    )
    began = declared(Moment(default=0), "when the first step began", EVIDENCE)
    swept = declared(Moment(default=0), "when the first sweep was whole", EVIDENCE)
    emptied = declared(Moment(default=0), "when the second sweep of our own stores was whole", EVIDENCE)
    counts = declared(JSONAttribute(default=dict), "how much of each kind was removed", EVIDENCE)
    trying = declared(BooleanAttribute(default=False), "whether a try has begun and has not ended", EVIDENCE)
    broken_off = declared(
        BooleanAttribute(default=False),
        "whether a try was broken off, so that more may have gone than was counted",
        EVIDENCE,
    )
    failure = declared(UnicodeAttribute(default=""), "which step did not go through at its last try", EVIDENCE)
    certificate = declared(JSONAttribute(null=True), "the signed certificate", EVIDENCE)


def find(subject_id: str) -> Erasure | None:
    """The erasure of a workspace or a person, as it is now."""
    return Erasure.find(subject_id)


def require(subject_id: str) -> Erasure:
    """The erasure of a workspace or a person that has one, as it is now."""
    return Erasure.require(subject_id)


def iter_all() -> Iterator[Erasure]:
    """Every erasure."""
    return Erasure.scan(consistent_read=True)


def change(row: Erasure, *states: str, **values: Any) -> bool:
    """Change an erasure in one of `states` whose `due` is as read; False where another write came first."""
    return row.update_if(unchanged(row, states), **values)


def unchanged(row: Erasure, states: tuple[str, ...]) -> Condition:
    """The condition that an erasure is in one of `states`, and its `due` as read."""
    return Erasure.state.is_in(*states) & (Erasure.due == row.due)


def set_folder(row: Erasure, folder: str) -> None:
    """Record the folder of the outputs."""
    row.update(actions=[Erasure.folder.set(folder)], condition=Erasure.is_present())


def set_customer(row: Erasure, customer_id: str, invoices: str = "") -> None:
    """Record the customer at Stripe; or with an empty id that it is deleted, and what is left of its invoices."""
    actions: list[Action] = [Erasure.customer_id.set(customer_id)]
    if invoices:
        actions.append(Erasure.invoices.set(invoices))
    row.update(actions=actions, condition=Erasure.is_present())


def set_emptied(row: Erasure, moment: int) -> None:
    """Record when the second sweep of our own stores was whole."""
    row.update(actions=[Erasure.emptied.set(moment)], condition=Erasure.is_present())


def reload(row: Erasure) -> None:
    """Bring a row to what it is now."""
    row.refresh(consistent_read=True)
