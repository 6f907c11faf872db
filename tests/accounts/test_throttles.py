"""Mails are counted: five an hour to one address, and a flood over many addresses slows everybody and stops nobody."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import Throttle
from accounts.sessions import codes, throttles
from imgapis.base import clock
from tests import people

MIDNIGHT = 1_800_057_600.0  # 2027-01-16T00:00Z
pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def moment(monkeypatch):
    """A clock that a test sets: `moment[0]` is now."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


def test_of_a_hundred_at_once_five_are_allowed():
    """A20"""
    address = people.fresh_address("flooded")
    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(lambda _: throttles.allow_mail(address, "invite"), range(100))) == 5


@pytest.mark.parametrize("start", [MIDNIGHT + 36_000, MIDNIGHT - 1_800, MIDNIGHT - 3_599, MIDNIGHT])
def test_no_hour_has_more_than_five_not_even_the_one_around_midnight(moment, start):
    """A20: the hour slides."""
    address = people.fresh_address("patient")
    mail_times = []
    for minute in range(0, 130, 7):
        moment[0] = start + minute * 60
        if throttles.allow_mail(address, "invite"):
            mail_times.append(moment[0])
    assert len(mail_times) > 8
    assert all(later - first >= 3_600 for first, later in zip(mail_times, mail_times[5:], strict=False))


def test_one_address_does_not_use_up_anothers():
    first, second = people.fresh_address("one"), people.fresh_address("two")
    assert [throttles.allow_mail(first, "invite") for _ in range(6)] == [True] * 5 + [False]
    assert throttles.allow_mail(second, "invite")


def test_the_rows_know_no_address_and_two_days_of_one_address_do_not_match(moment):
    """P16: no IP, and an address only as a digest whose key changes with the day."""
    moment[0] = MIDNIGHT + 40_000
    address = people.fresh_address("unknown")
    old_buckets = {row.bucket for row in Throttle.scan()}
    throttles.allow_mail(address, "invite")
    moment[0] += 86_400
    throttles.allow_mail(address, "invite")
    rows = [row for row in Throttle.scan() if row.bucket not in old_buckets]
    assert len(rows) == 2
    assert all(address not in str(row.attribute_values) and "example" not in str(row.attribute_values) for row in rows)


def test_a_flood_over_many_addresses_delays_minute_by_minute_and_at_last_holds_back(moment, settings):
    """A1: the global limit slows issuing."""
    settings.MAILS_PER_HOUR = 240
    moment[0] = MIDNIGHT + 50_000 // 60 * 60 + 30
    slots = [throttles.next_slot(known=False) for _ in range(22)]
    assert slots == [0.0, 0.0] + [float(60 * minutes - 30) for minutes in range(1, 10) for _ in range(2)] + [None, None]
    assert throttles.next_slot(known=True) == 0, "the share of addresses that have signed in before is theirs"
    moment[0] += 60
    assert throttles.next_slot(known=False) == 9 * 60 - 30


def test_a_code_that_was_mailed_works_through_a_flood(moment, settings):
    """A1: a right code is never refused by a throttle."""
    moment[0], address = MIDNIGHT + 60_000, people.fresh_address("early")
    challenge, code = codes.send(address, "login"), people.newest_code(address)
    settings.MAILS_PER_HOUR = 60
    while throttles.next_slot(known=False) is not None:
        pass
    assert codes.send(people.fresh_address("late"), "login") is None
    assert codes.verify(challenge, "login", code) == address


def test_the_kinds_of_mail_do_not_use_up_each_other():
    """H9, A20: five invitations to an address keep nobody from signing in with it."""
    address = people.fresh_address("kinds")
    for kind in ("invite", "export", "confirm", "email"):
        assert [throttles.allow_mail(address, kind) for _ in range(6)] == [True] * 5 + [False]
    assert throttles.allow_mail(address, "login")


def test_the_tide_rises_with_mails_to_new_addresses_and_falls_with_the_minutes(moment, settings):
    """H9"""
    settings.MAILS_PER_HOUR = 480  # four a minute to new addresses
    moment[0] = MIDNIGHT + 70_000 // 60 * 60
    heights = []
    for _ in range(13):
        heights.append(throttles.tide())
        throttles.next_slot(known=False)
    assert heights == [0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    moment[0] += 5 * 60
    assert throttles.tide() == 0
