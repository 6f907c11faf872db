"""The heartbeat of `manage.py work`, read by /healthz."""

from pathlib import Path

from django.conf import settings

from imgapis.base import clock


def beat() -> None:
    """Touch the heartbeat file."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def age() -> float | None:
    """Seconds since the last heartbeat on this host; None where there never was one."""
    try:
        return round(max(0.0, clock.now() - _file().stat().st_mtime), 1)
    except FileNotFoundError:
        return None


def _file() -> Path:
    return settings.VAR_DIR / "run" / "work.heartbeat"
