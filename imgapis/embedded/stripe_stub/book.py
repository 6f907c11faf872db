"""The stub's book: every object it knows, on disk after each change, and a clock that can be moved ahead."""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = (
    "customers", "products", "prices", "meters", "meter_events", "sessions", "subscriptions", "schedules", "invoices",
    "charges", "refunds", "events", "endpoints", "configurations",
)  # fmt: skip


class Book:
    """Objects by kind and id. `change()` holds the lock and leaves the file whole, however the process ends."""

    def __init__(self, path: Path):
        self.path = path
        self.lock = threading.RLock()
        self.objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self.offset = 0
        self.replies: dict[str, Any] = {}
        self.refuses_cards = False
        if path.exists():
            known = json.loads(path.read_text())
            self.objects |= known["objects"]
            self.offset, self.replies = known["offset"], known["replies"]
            self.refuses_cards = known["refuses_cards"]

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change objects, then write everything down."""
        with self.lock:
            yield
            self._write()

    def _write(self) -> None:
        known = {
            "objects": self.objects, "offset": self.offset, "replies": self.replies,
            "refuses_cards": self.refuses_cards,
        }  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(known))
        os.replace(fresh, self.path)

    def now(self) -> int:
        """Seconds since 1970, by the stub's clock."""
        return int(time.time()) + self.offset

    def put(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        """Keep an object."""
        self.objects[kind][thing["id"]] = thing
        return thing

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """An object, or None."""
        return self.objects[kind].get(name)

    def every(self, kind: str, **same: str) -> list[dict[str, Any]]:
        """The objects of a kind whose values are those named, newest first."""
        found = [
            one for one in self.objects[kind].values() if all(one.get(key) == value for key, value in same.items())
        ]
        return sorted(found, key=lambda one: (one.get("created", 0), one["id"]), reverse=True)


def new_id(prefix: str) -> str:
    """An id as Stripe's look."""
    return f"{prefix}_stub{secrets.token_hex(9)}"
