"""Billing as a Django app: at start it says what a transfer of ownership means for the bill."""

from django.apps import AppConfig

from accounts.workspaces import transfers


class BillingConfig(AppConfig):
    """Plans, credits and caps."""

    name = "billing"

    def ready(self) -> None:
        """Bills are settled before somebody else becomes the owner (H34)."""
        from billing.transfers import preview, release, settle  # rows can be imported only once every app is loaded

        transfers.register(preview, settle, release)
