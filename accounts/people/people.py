"""People: found and created by a proven address, and moved to another."""

from accounts.models import EmailClaim, Person
from accounts.models import people as person_rows
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError, EditConflict
from imgapis.base.mail import mail, outbox


class EmailTaken(ApiError):
    """Another account has the address. Said only to somebody who proved the address."""

    status = 409
    code = "address_taken"

    def __init__(self) -> None:
        super().__init__("Another account has this address. Sign in with it, or use another one.", param="email")


class PersonGone(ApiError):
    """The account is erased: nothing is written for it any more."""

    status = 410
    code = "account_gone"

    def __init__(self) -> None:
        super().__init__("This account was deleted.")


def require(person_id: str) -> Person:
    """The person of an id. Raises PersonGone where there is none any more."""
    row = person_rows.find(person_id)
    if row is None:
        raise PersonGone
    return row


def of_email(email: str) -> Person | None:
    """The person of a canonical address."""
    claim = person_rows.find_claim(email)
    if claim is None:
        return None
    return person_rows.find(claim.person_id)


def create(email: str) -> Person:
    """Create the account of a proven address; of two concurrent calls the second returns the row of the first. The
    caller has the confirmation of being 16 or older (P22). Raises EditConflict."""
    now = clock.now()
    row = Person(tokens.random_id("p"), email=email, adult_confirmed=now, created=now, is_staff=False)
    claim = EmailClaim(email, person_id=row.person_id)
    try:
        with dynamo.transaction() as transaction:
            transaction.save(claim, if_absent=True)
            transaction.save(row, if_absent=True)
    except dynamo.TransactionCanceled as error:
        existing = of_email(email)
        if existing is None:
            raise EditConflict from error
        return existing
    return row


def change_email(row: Person, email: str) -> None:
    """Move an account to a proven address, and tell the old one by mail. Raises EmailTaken, or EditConflict where the
    account moved meanwhile."""
    if email == row.email:
        return
    claim = EmailClaim(email, person_id=row.person_id)
    farewell = outbox.new_mail(
        row.email, "Your address has changed", "emails/address_changed.txt", person_id=row.person_id
    )
    try:
        with dynamo.transaction() as transaction:
            transaction.save(claim, if_absent=True, name="new address")
            transaction.delete(EmailClaim(row.email), condition=EmailClaim.person_id == row.person_id)
            transaction.update(row, [Person.email.set(email)], condition=Person.email == row.email)
            transaction.save(farewell, if_absent=True)
    except dynamo.TransactionCanceled as error:
        raise (EmailTaken() if "new address" in error.failed else EditConflict()) from error
    mail.dispatch(farewell)
