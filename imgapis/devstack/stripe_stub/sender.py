"""The stub's webhooks: signed as Stripe signs, sent in order of creation, retried until the receiver answers 2xx."""

import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from typing import Any

PAUSES = (0.5, 1, 2, 5, 15, 60, 300)
SECONDS = 20


def signature(secret: str, body: bytes, moment: int) -> str:
    """The Stripe-Signature header of a body."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Sender:
    """Sends to one address from a thread of its own."""

    def __init__(self, address: str, secret: str):
        self.address, self.secret = address, secret
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._forever, name="webhooks", daemon=True).start()

    def send(self, event: dict[str, Any]) -> None:
        """Send an event, soon."""
        self._waiting.put(event)

    def idle(self) -> bool:
        """Whether nothing waits."""
        return self._waiting.unfinished_tasks == 0

    def _forever(self) -> None:
        while True:
            event = self._waiting.get()
            for pause in (0, *PAUSES):
                time.sleep(pause)
                if self._post(json.dumps(event).encode()):
                    event["pending_webhooks"] = 0
                    break
            self._waiting.task_done()

    def _post(self, body: bytes) -> bool:
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": signature(self.secret, body, int(time.time())),
        }
        request = urllib.request.Request(self.address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return 200 <= response.status < 300
        except (urllib.error.URLError, OSError):
            return False
