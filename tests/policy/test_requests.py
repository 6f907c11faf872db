"""Privacy requests: due by their law, listed by their day, closed without the address (P19, P21)."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.people import people
from imgapis.base import clock
from imgapis.models import PrivacyRequest, privacy_requests
from imgapis.policy import requests
from imgapis.policy.requests import RequestRefused
from imgapis.policy.versions import midnight
from tests.people import fresh_address

pytestmark = pytest.mark.usefixtures("dynamodb")
DAY = 86_400


@pytest.fixture
def record():
    """A function that records a request received `days` ago; all requests are deleted before and after the test."""

    def make(law: str = "gdpr", kind: str = "access", days: float = 1, address: str = "") -> PrivacyRequest:
        received = clock.now() - days * DAY
        return requests.record(law=law, kind=kind, address=address or fresh_address("asks"), received=received)

    clear()
    yield make
    clear()


def clear() -> None:
    """Delete all requests."""
    for row in PrivacyRequest.scan():
        row.delete()


@pytest.mark.parametrize(
    ("law", "kind", "received", "due", "extended"),
    [
        ("gdpr", "access", "2026-01-31", "2026-02-28", "2026-04-30"),
        ("uk_gdpr", "correct", "2026-11-15", "2026-12-15", "2027-02-15"),
        ("gdpr", "object", "2027-12-31", "2028-01-31", "2028-03-31"),
        ("ccpa", "access", "2026-11-01", "2026-12-16", "2027-01-30"),
    ],
)
def test_a_request_is_due_when_its_law_says(law, kind, received, due, extended):
    assert requests.due(law, kind, midnight(received)) == midnight(due)
    assert requests.due(law, kind, midnight(received), extended=True) == midnight(extended)


@pytest.mark.parametrize("law", requests.LAWS)
@pytest.mark.parametrize("received", ["2026-01-31", "2026-07-01", "2026-12-05"])
def test_an_erasure_has_thirty_days_whatever_the_law_and_no_more(law, received):
    for extended in (False, True):
        assert requests.due(law, "delete", midnight(received), extended) - midnight(received) <= 30 * DAY


def test_requests_are_listed_by_their_day_and_late_ones_are_told(record):
    late_request, last_due, first_due = record(days=40), record("ccpa", days=3), record("ccpa", "delete", days=28)
    assert [row.request_id for row in requests.list_all()] == [
        row.request_id for row in (late_request, first_due, last_due)
    ]
    out = io.StringIO()
    call_command("privacy_requests", "list", stdout=out)
    assert f"{late_request.request_id} LATE" in out.getvalue() and out.getvalue().endswith("3 requests, 1 late.\n")


def test_a_closed_request_keeps_no_address_and_ends_in_two_years(record):
    row = record(kind="delete")
    requests.close(row.request_id, "done", "cert-1")
    closed_row = requests.of_id(row.request_id)
    assert (closed_row.state, closed_row.address, closed_row.certificate) == ("done", None, "cert-1")
    assert abs(closed_row.expires.timestamp() - clock.now() - 731 * DAY) < 60
    assert requests.list_all() == [] and len(requests.list_all(closed=True)) == 1


def test_a_closed_request_is_not_changed_again(record):
    row = record()
    requests.close(row.request_id, "refused")
    for act in (requests.confirm, requests.extend, lambda name: requests.close(name, "done")):
        with pytest.raises(RequestRefused):
            act(row.request_id)


def test_a_request_is_extended_once_in_time_and_never_for_an_erasure(record):
    row = record()
    assert requests.extend(row.request_id).due > row.due + 50 * DAY
    for request in (row, record(kind="delete"), record(days=40)):
        with pytest.raises(RequestRefused):
            requests.extend(request.request_id)


def test_the_account_of_an_address_is_found_and_an_erasure_takes_the_address(record):
    address = fresh_address("known")
    person = people.create(address)
    row, other_row = record(address=address.upper()), record()
    assert requests.of_id(row.request_id).person_id == person.person_id
    assert [request.request_id for request in privacy_requests.of_person(person.person_id)] == [row.request_id]
    assert privacy_requests.remove_address(row) and not privacy_requests.remove_address(requests.of_id(row.request_id))
    assert requests.of_id(row.request_id).address is None and requests.of_id(other_row.request_id).address


def test_the_command_records_confirms_and_closes(record):
    out = io.StringIO()
    arguments = ["record", "--law", "ccpa", "--kind", "access", "--email", "a@b.example", "--received", "2026-01-02"]
    call_command("privacy_requests", *arguments, stdout=out)
    name = out.getvalue().split()[0]
    call_command("privacy_requests", "confirm", name, stdout=out)
    call_command("privacy_requests", "close", name, "--as", "done", stdout=out)
    assert requests.of_id(name).confirmed and "for nobody any more" in out.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "--law", "gdpr", "--kind", "access", "--email", "nobody", "--received", "2026-01-02"],
        ["record", "--law", "gdpr", "--kind", "access", "--email", "a@b.example", "--received", "2999-01-02"],
        ["close", "pr_none", "--as", "done"],
    ],
)
def test_the_command_says_what_is_wrong(arguments):
    with pytest.raises(CommandError):
        call_command("privacy_requests", *arguments)
