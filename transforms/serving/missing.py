"""HEAD of a picture that is not made: whether its sources are there, asked of their servers and remembered a minute."""

import threading
from contextlib import suppress

from cachetools import TTLCache

from imgapis.base import clock
from transforms.serving.image_plans import RenderPlan

SECONDS = 60
MOST = 10_000

_lock = threading.Lock()
_missing: TTLCache[tuple[str, ...], bool] = TTLCache(MOST, SECONDS, timer=lambda: clock.monotonic())


def require_sources(workspace_id: str, plan: RenderPlan) -> None:
    """Raise source_missing where a server says that a source is not there. A grid does without it."""
    if plan.operation == "grid":
        return
    for original in plan.originals:
        key = (workspace_id, *original.identity)
        is_missing = None
        with _lock, suppress(KeyError):
            is_missing = _missing[key]
        if is_missing is None:
            is_missing = original.is_missing()
            with _lock:
                _missing[key] = is_missing
        if is_missing:
            raise original.missing()
