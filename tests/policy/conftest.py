"""The fixture shared by the tests of policies."""

import pytest

from imgapis.base import clock
from imgapis.policy import notices, versions
from tests.policy.notice_world import World


@pytest.fixture
def world(dynamodb, tmp_path, settings, monkeypatch):
    """Twelve people whose accounts are of 2015, and a coming policy version of which nobody has been notified."""
    new_world = World(tmp_path)
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"
    monkeypatch.setattr(versions, "folder", lambda: tmp_path)
    monkeypatch.setattr(notices, "KEPT_SECONDS", 40 * 365 * 86_400)  # the engine may delete expired rows
    monkeypatch.setattr(clock, "now", lambda: new_world.now)
    new_world.fill(12)
    yield new_world
    new_world.clean()
