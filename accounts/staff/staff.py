"""Support staff: who they are, and what begins and ends their way into the admin."""

import base64
import secrets

from accounts import audit
from accounts.models import Person, Staff
from accounts.models import people as person_rows
from accounts.models import staff as staff_rows
from accounts.people import email_addresses, people
from accounts.sessions import sessions
from accounts.staff import staff_rights
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail

ENROL_SECONDS = clock.DAY
LOG = "staff"


class UnknownPerson(ApiError):
    """Nobody of this address has an account."""

    status = 404
    code = "unknown_person"


class InvalidStaff(ApiError):
    """Staff cannot be made so."""

    code = "invalid_staff"


def member(person_id: str) -> Staff | None:
    """The staff row of a person, as it is now; None for everybody else."""
    return staff_rows.find(person_id)


def list_all() -> list[Staff]:
    """All of the staff: a table of a few rows."""
    return staff_rows.list_all()


def add(address: str, role: str) -> Staff:
    """Make somebody with an account staff, or change their role; their second factor has a day to be set up. Raises
    UnknownPerson, InvalidStaff."""
    if role not in staff_rights.ROLES:
        raise InvalidStaff(f"A staff role is one of {', '.join(staff_rights.ROLES)}.", param="role")
    person = _person(address)
    row = Staff(person.person_id, role=role, created=clock.now(), **_new_factor())
    if not staff_rows.add(row):
        row = staff_rows.get(person.person_id)
        old_role = row.role
        staff_rows.change_role(row, role)
        audit.record(LOG, "system", "staff.changed", person.person_id, {"role": old_role}, {"role": role})
        return row
    person_rows.set_staff(person, is_staff=True)
    audit.record(LOG, "system", "staff.added", person.person_id, None, {"role": role})
    return row


def reset(address: str) -> Staff:
    """Take away somebody's second factor, so that they set up another within a day; every session of theirs ends.
    Raises UnknownPerson, InvalidStaff."""
    person = _person(address)
    row = Staff(person.person_id)
    values = {"enrolled": 0, "last_t": 0, "tries": 0, "locked_until": 0, **_new_factor()}
    if not staff_rows.reset(row, values):
        raise InvalidStaff("This person is not on the staff.")
    sessions.end_all(person.person_id)
    audit.record(LOG, "system", "staff.reset", person.person_id)
    tell_of_second_factor(person.person_id, "was taken away by an operator: set up another within a day")
    return row


def tell_of_second_factor(person_id: str, what: str) -> None:
    """Tell a member of staff by mail what became of their second factor, in the end of a sentence."""
    person = person_rows.find(person_id)
    if person is not None:
        subject, context = "Your second factor on img apis", {"what": what}
        mail.send(person.email, subject, "emails/second_factor.txt", context, person_id=person_id)


def remove(address: str) -> None:
    """Take somebody off the staff; every session of theirs ends. Raises UnknownPerson, InvalidStaff."""
    person = _person(address)
    if member(person.person_id) is None:
        raise InvalidStaff("This person is not on the staff.")
    staff_rows.delete(person.person_id)
    person_rows.set_staff(person, is_staff=False)
    sessions.end_all(person.person_id)
    audit.record(LOG, "system", "staff.removed", person.person_id)


def _person(address: str) -> Person:
    person = people.of_email(email_addresses.canonical(address))
    if person is None:
        raise UnknownPerson("Nobody of this address has an account: they sign up first, at the front door.")
    return person


def _new_factor() -> dict:
    return {
        "device_id": tokens.random_id("dev"),
        "sealed_secret": tokens.seal(secrets.token_bytes(20)),
        "enrol_until": clock.now() + ENROL_SECONDS,
    }


def secret(row: Staff) -> bytes:
    """The secret of the second factor, opened."""
    return tokens.unseal(row.sealed_secret)


def base32_secret(row: Staff) -> str:
    """The secret as an authenticator app takes it by hand: base32."""
    return base64.b32encode(secret(row)).decode().rstrip("=")
