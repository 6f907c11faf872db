"""P02: a row that ends by itself ends when its declaration says; DynamoDB sweeps it by `expires`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pynamodb.attributes import TTLAttribute

from accounts.keys import idempotency
from accounts.keys.apikeys import Caller
from accounts.models import Challenge, IdempotentRequest, Invite, InvitedAddress, SessionRow, Throttle
from accounts.models import invites as invite_rows
from accounts.models import throttles as throttle_rows
from accounts.sessions import codes, sessions, throttles
from accounts.sessions.sessions import SessionStore
from accounts.teams import invites
from imgapis.base import clock
from imgapis.base.dynamo import Row, declaration_of
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail
from imgapis.tables import row_classes
from tests import people
from tests.accounts import teams
from tests.people import fresh_address

pytestmark = pytest.mark.usefixtures("dynamodb")
ROOT = Path(__file__).resolve().parents[2]
HOUR, DAY = 3_600, 86_400


def new_invite() -> Invite:
    """An invitation of a moment ago."""
    workspace, staff = teams.whole_team()
    row = invites.invite(teams.place(workspace, staff["owner"]), fresh_address("guest"), "viewer")
    return invite_rows.find(row.workspace_id, row.invite_id)


def begun_request() -> IdempotentRequest:
    """A request of the REST API under an idempotency key."""
    caller = Caller("ws_x", fresh_address("key"), "p_x", (), "owner")
    return idempotency.begin(caller, "one", ("POST", "/", b""))[0]


def counted_act() -> Throttle:
    """The count of an act of a day."""
    name = fresh_address("act")
    throttles.allow(name, 5)
    return throttle_rows.find(f"{name} {clock.day(clock.now())}")


def counted_mail() -> Throttle:
    """The moments of the mails to an address."""
    address = fresh_address("mailed")
    throttles.allow_mail(address, "export")
    return throttle_rows.find(throttles._names("export", address)[0])


def counted_wrong_code() -> Throttle:
    """The count of wrong codes that operators see."""
    throttles.count_wrong_code()
    return throttle_rows.find(throttles._name_for_operator("wrong codes", 0))


def new_session() -> SessionRow:
    """The session of somebody who is signed in."""
    return SessionRow.find(sessions.digest_of(people.new_session(teams.new_person("signed-in"))))


def unsigned_session() -> SessionRow:
    """The session of somebody who waits for a code."""
    session = SessionStore()
    session["challenge"] = "x"
    session.save()
    return SessionRow.find(sessions.digest_of(session.session_key))


# table → how a row of it comes about → for how many seconds it is kept
LIVES: dict[type[Row], dict[Callable[[], Row], float]] = {
    Challenge: {lambda: Challenge.find(codes.send(fresh_address("coded"), "login")): 600},
    IdempotentRequest: {begun_request: DAY},
    Invite: {new_invite: 37 * DAY},
    InvitedAddress: {lambda: InvitedAddress.find((row := new_invite()).email, row.workspace_id): 7 * DAY},
    OutgoingMail: {lambda: outbox.new_mail("a@example.com", "A subject", "emails/code.txt"): 3 * DAY},
    SessionRow: {new_session: 14 * DAY, unsigned_session: DAY},
    Throttle: {counted_act: 25 * HOUR, counted_mail: 2 * HOUR, counted_wrong_code: HOUR},
}
# table → the test that holds how long its rows are kept
ELSEWHERE = {
    "Alert": "tests/architecture/test_figures.py",
    "Claim": "tests/promises/test_rows.py",
    "Counter": "tests/architecture/test_figures.py",
    "Event": "tests/telemetry/test_retention.py",
    "ExportLink": "tests/privacy/test_export_links.py",
    "Notice": "tests/architecture/test_figures.py",
    "Notification": "tests/architecture/test_figures.py",
    "PrivacyRequest": "tests/policy/test_requests.py",
    "PurgeRule": "tests/transforms/test_purges.py",
    "ScheduledTask": "tests/architecture/test_figures.py",
    "StripeEvent": "tests/architecture/test_figures.py",
}
WRITERS = [(write, seconds) for writers in LIVES.values() for write, seconds in writers.items()]


def test_every_table_whose_rows_end_is_here_or_has_its_test():
    ending = {
        row.__name__
        for row in row_classes.registered()
        if any(isinstance(attribute, TTLAttribute) for attribute in row.get_attributes().values())
    }
    assert ending == {row.__name__ for row in LIVES} | set(ELSEWHERE)
    assert all((ROOT / path).exists() for path in ELSEWHERE.values())


@pytest.mark.parametrize(("write", "seconds"), WRITERS)
def test_a_row_is_kept_as_long_as_is_declared(write, seconds):
    row = write()
    assert seconds - 5 <= row.expires.timestamp() - clock.now() <= seconds + 1


# What the published inventory says of those whose lives are not of one length, by hand: it was 10 minutes and a day.
SAID = {
    Challenge: "10 minutes from when its mail leaves, 35 minutes at most",
    SessionRow: "14 days after the last use",
    Throttle: "25 hours",
}


def test_the_inventory_says_the_longest_that_a_row_is_kept():
    said = {row: declaration_of(row.get_attributes()["expires"]).retention for row in SAID}
    assert said == SAID
    challenge = Challenge.find(codes.send_shared(fresh_address("told"), None, "worked"))
    assert 35 * 60 - 5 <= challenge.expires.timestamp() - clock.now() <= 35 * 60 + 1


def test_a_code_whose_mail_waits_is_kept_no_longer_than_its_mail_is_tried(monkeypatch):
    """A3, D3: ten minutes from the sending, and a quarter of an hour for that."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    challenge_id = codes.send(fresh_address("late"), "login")
    row = Challenge.find(challenge_id)
    (code_mail,) = OutgoingMail.scan(OutgoingMail.reference == challenge_id, consistent_read=True)
    assert 595 + 900 <= row.expires.timestamp() - clock.now() <= 600 + 900 + 1
    assert 895 + DAY <= code_mail.expires.timestamp() - clock.now() <= 900 + DAY + 1
    code_mail.delete()
