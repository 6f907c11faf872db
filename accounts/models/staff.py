"""Support staff: their role, and their second factor."""

from dataclasses import replace
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.update import Action

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

STAFF = DataHandling("security", "until the person leaves the staff")
FACTOR = replace(STAFF, exported=False)


class Staff(dynamo.Row):
    """Somebody of the support staff: what they may do, and how they prove it is them (A16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("staff")

    person_id = declared(UnicodeAttribute(hash_key=True), "names the member of staff", STAFF)
    role = declared(UnicodeAttribute(), "what they may do in the admin", STAFF)
    created = declared(Moment(), "since when", STAFF)
    device_id = declared(UnicodeAttribute(), "tells this second factor from an earlier one", FACTOR)
    sealed_secret = declared(UnicodeAttribute(), "makes the codes of the second factor; encrypted", FACTOR)
    enrolled = declared(Moment(default=0), "when the second factor was first proven; 0 is not yet", STAFF)
    enrol_until = declared(Moment(), "until when it can be set up", FACTOR)
    last_t = declared(Whole(default=0), "the last step whose code was used, so that none is used twice", FACTOR)
    tries = declared(Whole(default=0), "wrong codes since the last right one", FACTOR)
    locked_until = declared(Moment(default=0), "refuses every code until then", FACTOR)
    recovery = declared(UnicodeSetAttribute(null=True), "digests of the recovery codes that are left", FACTOR)


def find(person_id: str) -> Staff | None:
    """The staff row of a person, as it is now; None for everybody else."""
    return Staff.find(person_id)


def get(person_id: str) -> Staff:
    """The staff row of somebody who is on the staff. Raises DoesNotExist."""
    return Staff.require(person_id)


def list_all() -> list[Staff]:
    """All of the staff: a table of a few rows."""
    return list(Staff.scan())


def add(row: Staff) -> bool:
    """Write a new member of staff; False where the person is one."""
    return row.save_if(Staff.is_absent())


def change_role(row: Staff, role: str) -> None:
    """Change the role of a member of staff. Raises UpdateError where they are none any more."""
    row.update(actions=[Staff.role.set(role)], condition=Staff.is_present())


def reset(row: Staff, values: dict[str, Any]) -> bool:
    """Set values of a second factor that is to be set up anew; False where the person is not on the staff."""
    return row.update_if(Staff.is_present(), [Staff.recovery.remove()], **values)


def delete(person_id: str) -> None:
    """Delete a member of staff; deleting them twice is no error."""
    Staff(person_id).delete()


def enrol(row: Staff, step: int, recovery_digests: set[str], now: float) -> bool:
    """Write down that a second factor is proven; False where its time is over, or it was proven or replaced."""
    condition = (Staff.device_id == row.device_id) & (Staff.enrolled == 0) & (Staff.enrol_until > now)
    actions: list[Action] = [
        Staff.enrolled.set(now),
        Staff.last_t.set(step),
        Staff.tries.set(0),
        Staff.recovery.set(recovery_digests),
    ]
    return row.update_if(condition, actions)


def use_step(row: Staff, step: int) -> bool:
    """Use the code of a time step; False where it, or a later one, was used: the step only ever grows."""
    condition = (Staff.device_id == row.device_id) & (Staff.last_t < step) & (Staff.enrolled > 0)
    return row.update_if(condition, [Staff.last_t.set(step), Staff.tries.set(0)])


def use_recovery(row: Staff, digest: str) -> bool:
    """Use a recovery code; False where it is not one of those left."""
    condition = (Staff.device_id == row.device_id) & Staff.recovery.contains(digest)
    return row.update_if(condition, [Staff.recovery.delete({digest})], tries=0)


def count_try(row: Staff, most: int, now: float) -> bool:
    """Count a try; False where there were `most`, or every code is refused just now."""
    can_try = (Staff.tries < most) & (Staff.locked_until <= now)
    return row.update_if(can_try & Staff.is_present(), [Staff.tries.add(1)])


def lock(row: Staff, most: int, now: float, until: float) -> None:
    """Refuse every code until then, where there were `most` tries."""
    out_of_tries = (Staff.tries >= most) & (Staff.locked_until <= now)
    row.update_if(out_of_tries, locked_until=until, tries=0)
