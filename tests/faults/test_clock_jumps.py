"""The machine's clock is set an hour back or ahead (R11): ages go on, old codes stay old."""

import pytest

from accounts.sessions import codes
from imgapis.base import clock
from tests import people
from transforms.serving import cache
from transforms.tenant import tenants

HOUR = 3_600.0


@pytest.fixture
def jump(monkeypatch):
    """Sets the clock of the day by some seconds; the one that only runs forward can be moved on beside it."""
    day, forward = clock.now, clock.monotonic

    def set_by(seconds: float, passed: float = 0.0) -> None:
        monkeypatch.setattr(clock, "now", lambda: day() + seconds)
        monkeypatch.setattr(clock, "monotonic", lambda: forward() + passed)

    return set_by


@pytest.fixture
def challenge(dynamodb, settings):
    """A code that was mailed: the challenge, its digits, and whose it is."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"
    address = people.fresh_address("clock")
    return codes.send(address, "login"), people.newest_code(address), address


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_a_remembered_picture_is_a_minute_old_after_a_minute(seconds, jump):
    memory = cache.MemoryCache(80_000)
    memory.put("one", cache.new_output(b"picture", "image/webp", cache.YEAR_SECONDS))
    jump(seconds, passed=cache.MEMORY_SECONDS + 1)
    assert memory.get("one") is None


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_settings_of_a_workspace_are_read_again_after_their_seconds(seconds, workspace, forgetful, jump, monkeypatch):
    tenants.of_namespace(workspace.namespace)
    lookups = []
    monkeypatch.setattr(tenants, "_read", lambda namespace: lookups.append(namespace))
    jump(seconds)
    tenants.of_namespace(workspace.namespace)
    assert lookups == []
    jump(seconds, passed=tenants.FRESH_SECONDS + 1)
    tenants.of_namespace(workspace.namespace)
    assert lookups == [workspace.namespace]


@pytest.mark.parametrize(("seconds", "valid"), [(-HOUR, False), (-30, True), (0, True), (300, True), (HOUR, False)])
def test_a_code_lives_ten_minutes_and_no_clock_makes_it_young_again(seconds, valid, challenge, jump):
    challenge_id, digits, address = challenge
    jump(seconds)
    if valid:
        assert codes.verify(challenge_id, "login", digits) == address
    else:
        with pytest.raises(codes.WrongCode):
            codes.verify(challenge_id, "login", digits)
