"""The file backend of embedded mode: every message is a file in `var/mail`, written atomically."""

import os
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from imgapis.base import clock, tokens


class FolderBackend(BaseEmailBackend):
    """`EMAIL_BACKEND` of embedded mode. A mail that names its own Message-ID is one file, however often it is sent."""

    KNOWS_IDS = True

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Write each message atomically; returns how many."""
        folder = Path(settings.VAR_DIR) / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        for message in messages:
            message_id = message.extra_headers.get("Message-ID", "").strip("<").partition("@")[0]
            path = folder / f"{message_id or tokens.time_ordered_id(clock.now())}.eml"
            part_path = path.with_suffix(".part")
            part_path.write_bytes(message.message().as_bytes())
            os.replace(part_path, path)
        return len(messages)
