"""Mail of the test process goes where the web server's goes: pytest-django would keep it in memory."""

import pytest


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mailbox.FolderBackend"
