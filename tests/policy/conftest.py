"""What the tests of policies share."""

import pytest

from imgapis.base import clock
from imgapis.policy import notices, versions
from tests.policy.notice_world import World


@pytest.fixture
def world(dynamodb, tmp_path, settings, monkeypatch):
    """Twelve people of a year long gone, a version that is coming to them, and nobody has been told."""
    made = World(tmp_path)
    settings.EMAIL_BACKEND = "imgapis.base.mailbox.FolderBackend"
    monkeypatch.setattr(versions, "folder", lambda: tmp_path)
    monkeypatch.setattr(notices, "KEPT_SECONDS", 40 * 365 * 86_400)  # the engine may sweep what lies in the past
    monkeypatch.setattr(clock, "now", lambda: made.now)
    made.fill(12)
    yield made
    made.clean()
