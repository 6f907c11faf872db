"""Times the stages of one rendering."""

import time


class Stopwatch:
    """Laps in milliseconds by stage; a repeated stage is summed."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to `stage`."""
        now = time.perf_counter()
        self.laps[stage] = self.laps.get(stage, 0.0) + round((now - self._since) * 1000, 3)
        self._since = now
