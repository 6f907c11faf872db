"""One-time codes."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

CODE = DataHandling("security", "10 minutes from when its mail leaves, 35 minutes at most", exported=False)


class Challenge(dynamo.Row):
    """A code that was mailed, bound to the browser session that asked for it (A2); or one that several sessions asked
    for, and what each of these has of it."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("codes")

    challenge_id = declared(
        UnicodeAttribute(hash_key=True), "is in the session that asked, or names a shared code", CODE
    )
    email = declared(UnicodeAttribute(), "whose proof it is", CODE)
    purpose = declared(UnicodeAttribute(), "what the code proves", CODE)
    digest = declared(
        UnicodeAttribute(), "proves the code, once its mail has left; keyed and salted by the id (A3)", CODE
    )
    shared_id = declared(
        UnicodeAttribute(null=True), "whose code counts, where several sessions were told of one mail", CODE
    )
    mail_id = declared(UnicodeAttribute(null=True), "finds the mail of a shared code until it has left", CODE)
    former_id = declared(UnicodeAttribute(null=True), "what the session had before, which still counts", CODE)
    tries = declared(Whole(default=0), "ends the code after three wrong ones (A1)", CODE)
    used = declared(BooleanAttribute(default=False), "ends the code after one right one (A2)", CODE)
    expires = declared(TTLAttribute(), "ends the code", CODE)


def find(challenge_id: str) -> Challenge | None:
    """A challenge, expired or not."""
    return Challenge.find(challenge_id)


def add(row: Challenge) -> None:
    """Write a new challenge."""
    row.save(condition=Challenge.is_absent())


def set_code(challenge_id: str, digest: str, expires: datetime) -> bool:
    """Write down what proves the code of a challenge; False where it was used, or replaced by a newer one."""
    return Challenge(challenge_id).update_if(_is_unused(), digest=digest, expires=expires)


def count_try(row: Challenge, purpose: str, most: int, lives: Condition) -> bool:
    """Count a try; False where there were `most`, or the code is used, of another purpose, or over by `lives`. `row` is
    as it is from then on."""
    condition = (Challenge.tries < most) & _is_unused() & (Challenge.purpose == purpose)
    return row.update_if(condition & lives, [Challenge.tries.add(1)])


def use(row: Challenge, lives: Condition) -> bool:
    """Use a code; False where it is used, or over by `lives`."""
    return row.update_if(_is_unused() & lives, used=True)


def _is_unused() -> Condition:
    return Challenge.used == False  # noqa: E712 - a condition expression, not a comparison
