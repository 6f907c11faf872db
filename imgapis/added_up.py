"""What is looked at whenever an hour of a workspace was added up: alerts and bursts."""

from billing import alerts, bursts
from telemetry import rollups


def work_off() -> int:
    """Add up the marked hours, and look at each workspace whose hour changed."""
    return rollups.work_off(added_up=look)


def look(workspace_id: str, hour: str) -> None:
    """Tell the workspace what it should know. A store that is away leaves the hour marked, so it is looked at again."""
    alerts.look(workspace_id)
    bursts.look(workspace_id, hour)
