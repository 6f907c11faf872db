"""What `manage.py check --deploy` refuses before this project meets the world."""

from django.conf import settings
from django.core.checks import Error, register


@register("imgapis", deploy=True)
def check_private_fetching(app_configs, **kwargs) -> list[Error]:
    """No private address may be fetched from in production (S1)."""
    if not settings.FETCH_ALLOW_PRIVATE:
        return []
    return [Error("FETCH_ALLOW_PRIVATE opens private addresses: it is for tests and local trials.", id="imgapis.E001")]


@register("imgapis", deploy=True)
def check_engines(app_configs, **kwargs) -> list[Error]:
    """Embedded engines have fixed keys and no backups."""
    if not settings.EMBEDDED:
        return []
    return [Error("EMBEDDED=1 uses fixed keys and local engines: unset it.", id="imgapis.E002")]


@register("imgapis", deploy=True)
def check_middleware(app_configs, **kwargs) -> list[Error]:
    """The headers of every answer come first (A19), and pages with a session ask for the form's token (A8)."""
    first, *rest = settings.MIDDLEWARE
    if (
        first == "imgapis.server.middleware.SecurityHeadersMiddleware"
        and "accounts.sessions.middleware.PrivateCsrf" in rest
    ):
        return []
    return [Error("SecurityHeadersMiddleware must come first, and PrivateCsrf be there.", id="imgapis.E003")]


@register("imgapis", deploy=True)
def check_region(app_configs, **kwargs) -> list[Error]:
    """Accounts and usage live in one region (P13)."""
    if settings.AWS_REGION == "us-east-1":
        return []
    return [Error("AWS_REGION is not us-east-1, where the privacy policy says the tables are.", id="imgapis.E004")]
