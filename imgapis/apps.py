"""The project as a Django app: its commands, and the one act at start, which is to set up logging."""

from django.apps import AppConfig
from django.conf import settings

from imgapis import checks
from imgapis.server import logs


class ImgapisConfig(AppConfig):
    """The project package as an app."""

    name = "imgapis"
    verbose_name = "Privacy"
    deploy_checks = (
        checks.check_private_fetching,
        checks.check_engines,
        checks.check_middleware,
        checks.check_region,
        checks.check_keys,
        checks.check_reachable,
    )

    def ready(self) -> None:
        """Configure logging at the start of the process, before any library logs."""
        logs.configure(settings.LOG_LEVEL)
