"""The tables of telemetry, each with its queries: the event stream and what is added up from it."""

from telemetry.models.dirty_hours import DirtyHour
from telemetry.models.events import Event
from telemetry.models.rollups import Rollup

__all__ = ["DirtyHour", "Event", "Rollup"]
