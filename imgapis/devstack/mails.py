"""The mails of embedded mode, printed to the terminal: what `make run` would have sent, sign-in code included."""

import email
import email.policy
from pathlib import Path


class MailWatcher:
    """The messages that arrive in a folder from now on."""

    def __init__(self, folder: Path) -> None:
        """Watch `folder` for new `.eml` files; those already there are not reported, and it may not exist yet."""
        self.folder = folder
        self._seen = set(folder.glob("*.eml"))

    def new_messages(self) -> list[str]:
        """Each new message since the last call as a block to print: to whom, about what, and the text."""
        new_paths = sorted(set(self.folder.glob("*.eml")) - self._seen)
        self._seen.update(new_paths)
        return [_block(path) for path in new_paths]


def _block(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    lines = body.get_content().strip().splitlines() if body else []
    heading = f"  Mail to {_plain(message['To'])}: {_plain(message['Subject'])} ({path})"
    return "\n".join(["", heading, *(f"  | {_plain(line)}" for line in lines), ""])


def _plain(text: str) -> str:
    """The text without control characters: an address typed by a stranger must not steer the terminal."""
    return "".join(character for character in text if character.isprintable())
