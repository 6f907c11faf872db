"""What is checked whenever an hour of a workspace was added up: alerts and bursts."""

from billing import alerts, bursts
from telemetry import rollups


def work_off() -> int:
    """Add up the marked hours and check each workspace whose hour changed; returns how many hours."""
    return rollups.work_off(added_up=look)


def look(workspace_id: str, hour: str) -> None:
    """Check a workspace for alerts and bursts. An unavailable store leaves the hour marked, so it is checked again."""
    alerts.look(workspace_id)
    bursts.look(workspace_id, hour)
