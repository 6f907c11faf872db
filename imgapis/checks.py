"""What `manage.py check --deploy` refuses before this project meets the world. Each error begins with the setting's
name."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register
from django.core.exceptions import ImproperlyConfigured

from imgapis.settings import key_fault

# Names of this machine, which nobody else can reach and no certificate is given for.
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", ""})
# Engines of others, which are asked over the internet.
REMOTE = ("CACHE_ENDPOINT", "S3_ENDPOINT", "R2_ENDPOINT", "STRIPE_API_URL", "CLOUDFLARE_API_URL")


@register("imgapis", deploy=True)
def check_private_fetching(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """No private address may be fetched from in production (S1)."""
    if not settings.FETCH_ALLOW_PRIVATE:
        return []
    return [Error("FETCH_ALLOW_PRIVATE opens private addresses: it is for tests and local trials.", id="imgapis.E001")]


@register("imgapis", deploy=True)
def check_engines(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Embedded engines have fixed keys and no backups."""
    if not settings.EMBEDDED:
        return []
    return [Error("EMBEDDED=1 uses fixed keys and local engines: unset it.", id="imgapis.E002")]


@register("imgapis", deploy=True)
def check_middleware(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """The headers of every answer come first (A19), and pages with a session ask for the form's token (A8)."""
    first, *rest = settings.MIDDLEWARE
    if (
        first == "imgapis.server.middleware.SecurityHeadersMiddleware"
        and "accounts.sessions.middleware.PrivateCsrf" in rest
    ):
        return []
    return [Error("SecurityHeadersMiddleware must come first, and PrivateCsrf be there.", id="imgapis.E003")]


@register("imgapis", deploy=True)
def check_region(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Accounts and usage live in one region (P13)."""
    if settings.AWS_REGION == "us-east-1":
        return []
    return [Error("AWS_REGION is not us-east-1, where the privacy policy says the tables are.", id="imgapis.E004")]


@register("imgapis", deploy=True)
def check_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """Keys that cannot be guessed (O1)."""
    faults = {"imgapis.E005": key_fault("SECRET_KEY", _secret_key())}
    if _secret_key() != settings.PRIVACY_KEY:
        hint = " An older, shorter one goes into PRIVACY_KEY_FALLBACKS." if settings.PRIVACY_KEY else ""
        fault = key_fault("PRIVACY_KEY", settings.PRIVACY_KEY)
        faults["imgapis.E006"] = fault and fault + hint
    return [Error(fault, id=error_id) for error_id, fault in faults.items() if fault]


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for an empty one
        return ""


@register("imgapis", deploy=True)
def check_reachable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The site, its images and its engines are not this machine's, and nothing is sent in clear (H12). A trial on local
    engines says so by LOCAL_ENGINES=1."""
    errors: list[CheckMessage] = [
        Error(fault, id=error_id) for error_id, fault in (*_addresses(), *_engines(), *_mail())
    ]
    if not settings.LOCAL_ENGINES:
        return errors
    names = ", ".join(sorted({error.msg.partition(" ")[0] for error in errors})) or "nothing"
    return [Info(f"LOCAL_ENGINES=1 lets pass what a trial on this machine needs: {names}.", id="imgapis.I001")]


def _addresses() -> Iterator[tuple[str, str]]:
    site = urlsplit(settings.SITE_URL)
    if site.scheme != "https" or (site.hostname or "") in OWN_NAMES:
        yield "imgapis.E007", f"SITE_URL is {settings.SITE_URL}: it accepts https:// and a public host."
    if own := sorted(OWN_NAMES & settings.SITE_HOSTS):
        yield "imgapis.E008", f"SITE_HOSTS holds {', '.join(own) or 'nothing'}: name the site's public hosts."
    if settings.IMAGE_DOMAIN in OWN_NAMES:
        yield "imgapis.E009", f"IMAGE_DOMAIN is {settings.IMAGE_DOMAIN}: name the public domain of image hosts."


def _engines() -> Iterator[tuple[str, str]]:
    if settings.DYNAMODB_ENDPOINT:
        yield "imgapis.E010", "DYNAMODB_ENDPOINT is set: leave it out, so that AWS keeps the tables and their backups."
    for name in ("CACHE_ENDPOINT", "CACHE_ACCESS_KEY", "CACHE_SECRET_KEY"):
        if not getattr(settings, name):
            yield "imgapis.E011", f"{name} is missing: without it no output is stored."
    for name in REMOTE:
        if (getattr(settings, name) or "").startswith("http:"):
            yield "imgapis.E012", f"{name} is an http address: it accepts https alone."
    if any(page.startswith("http:") for page in settings.STRIPE_PAGES.split()):
        yield "imgapis.E012", "STRIPE_PAGES holds an http address: it accepts https alone."


def _mail() -> Iterator[tuple[str, str]]:
    if settings.EMAIL_HOST in OWN_NAMES:
        yield "imgapis.E013", f"EMAIL_HOST is {settings.EMAIL_HOST}: name the mail server as its certificate does."
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        yield "imgapis.E015", "EMAIL_USE_SSL=1 is TLS from the first byte, EMAIL_USE_TLS=1 STARTTLS: set one of them."
    if not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        yield "imgapis.E014", "EMAIL_USE_TLS=0 mails codes in clear: set it, or EMAIL_USE_SSL, to 1."
