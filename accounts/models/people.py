"""People, and the claims of their addresses."""

from collections.abc import Iterator

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from accounts.models.handling import ACCOUNT
from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole


class Person(dynamo.Row):
    """Somebody with an account."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("people")

    person_id = declared(UnicodeAttribute(hash_key=True), "names the account without personal data", ACCOUNT)
    email = declared(UnicodeAttribute(), "receives the login code", ACCOUNT)
    is_staff = declared(BooleanAttribute(default=False), "opens the admin to support staff", ACCOUNT)
    adult_confirmed = declared(Moment(default=0), "when being 16 or older was confirmed (P22)", ACCOUNT)
    created = declared(Moment(), "when the account began", ACCOUNT)
    session_round = declared(
        Whole(default=0),
        "ends every session begun before it was last raised",
        DataHandling("security", "until erasure", exported=False),
    )


class EmailClaim(dynamo.Row):
    """The claim of an address: one account each."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("emails")

    email = declared(UnicodeAttribute(hash_key=True), "finds the account of an address", ACCOUNT)
    person_id = declared(UnicodeAttribute(), "names the account", ACCOUNT)


def find(person_id: str) -> Person | None:
    """The person of an id."""
    return Person.find(person_id)


def of_ids(person_ids: list[str]) -> list[Person]:
    """The people of some ids, those that there are, in no order."""
    return list(Person.batch_get(person_ids, consistent_read=True))


def find_claim(email: str) -> EmailClaim | None:
    """The claim of a canonical address; None where no account has it."""
    return EmailClaim.find(email)


def iter_all() -> Iterator[Person]:
    """Everybody, in no order."""
    return Person.scan(consistent_read=True)


def raise_session_round(person_id: str) -> Person | None:
    """End every session of a person by their round; the person as they are then, None where there is none."""
    row = Person(person_id)
    return row if row.update_if(Person.is_present(), [Person.session_round.add(1)]) else None


def set_staff(row: Person, *, is_staff: bool) -> None:
    """Set whether a person is of the staff. Raises UpdateError where they are gone."""
    row.update(actions=[Person.is_staff.set(is_staff)], condition=Person.is_present())
