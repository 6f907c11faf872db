"""What is checked whenever an hour of a workspace was added up: alerts and bursts."""

from billing.notifications import alerts, bursts
from telemetry import rollups


def process_due(seconds: float = 60.0) -> int:
    """Add up the marked hours and check each workspace whose hour changed, for as many seconds; returns how many
    hours."""
    return rollups.process_due(added_up=check_workspace, seconds=seconds)


def check_workspace(workspace_id: str, hour: str) -> None:
    """Check a workspace for alerts and bursts. An unavailable store leaves the hour marked, so it is checked again."""
    alerts.check(workspace_id)
    bursts.check(workspace_id, hour)
