"""Mails of the test process are written to the web server's mail folder: pytest-django would keep them in memory."""

import pytest


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"
