"""Every setting of the project: the one place that reads the environment.

A wrong value stops the boot with the variable's name and what it accepts. `.env.example` lists each variable.
"""

import os
import sys
from pathlib import Path
from typing import TypeVar, overload

from django.core.exceptions import ImproperlyConfigured

from accounts.session_lifetimes import IDLE_SECONDS
from transforms.engine.limits import Limits

BASE_DIR = Path(__file__).resolve().parent.parent
Number = TypeVar("Number", int, float)


@overload
def env_text(name: str, default: str) -> str: ...


@overload
def env_text(name: str, default: str | None = None) -> str | None: ...


def env_text(name: str, default: str | None = None) -> str | None:
    """The variable as text; an empty value counts as absent."""
    return os.environ.get(name) or default


def env_flag(name: str, *, default: bool) -> bool:
    """The variable as a yes or no: 1 or 0."""
    value = os.environ.get(name) or ("1" if default else "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is {value!r}: it accepts 1 or 0.")
    return value == "1"


def env_number(name: str, default: Number, least: float = 0) -> Number:
    """The variable as a number not below `least`; whole where the default is whole."""
    value = os.environ.get(name)
    if not value:
        return default
    try:
        number: Number | None = type(default)(value)
    except ValueError:
        number = None
    if number is None or number < least:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ImproperlyConfigured(f"{name} is {value!r}: it accepts {kind} of at least {least}.")
    return number


LEAST_KEY_CHARACTERS, LEAST_DIFFERENT_CHARACTERS = 50, 5


def key_fault(name: str, value: str) -> str:
    """What is wrong with a key that must not be guessed; empty where nothing is."""
    accepts = f"it accepts a random text of at least {LEAST_KEY_CHARACTERS} characters"
    if not value:
        return f"{name} is missing: {accepts}."
    if len(value) < LEAST_KEY_CHARACTERS:
        return f"{name} has {len(value)} characters: {accepts}."
    is_varied = len(set(value)) >= LEAST_DIFFERENT_CHARACTERS
    return "" if is_varied else f"{name} repeats the same characters: {accepts}."


def env_key(name: str, default: str) -> str:
    """The variable as a key that cannot be guessed. `manage.py check` goes on with a bad one, to name every fault at
    once."""
    value = env_text(name, default)
    if (fault := key_fault(name, value)) and sys.argv[1:2] != ["check"]:
        raise ImproperlyConfigured(fault)
    return value


# --- The process ---
EMBEDDED = env_flag("EMBEDDED", default=False)
# Production's settings on engines of this machine, for a trial: `check --deploy` then lets pass what they need.
LOCAL_ENGINES = env_flag("LOCAL_ENGINES", default=False)
DEBUG = env_flag("DEBUG", default=False)
SECRET_KEY = env_key("SECRET_KEY", "embedded-only-" + "k" * 50 if EMBEDDED else "")
SECRET_KEY_FALLBACKS = [key for key in (env_text("SECRET_KEY_FALLBACKS", "") or "").split(",") if key]
# Signs erasure certificates and makes digests of spent namespaces: it outlives SECRET_KEY. Older ones still count.
PRIVACY_KEY = env_key("PRIVACY_KEY", SECRET_KEY)
PRIVACY_KEY_FALLBACKS = [key for key in (env_text("PRIVACY_KEY_FALLBACKS", "") or "").split(",") if key]
if PRIVACY_KEY == SECRET_KEY and not PRIVACY_KEY_FALLBACKS:
    PRIVACY_KEY_FALLBACKS = SECRET_KEY_FALLBACKS  # left empty it is rotated with SECRET_KEY
VAR_DIR = Path(env_text("VAR_DIR", str(BASE_DIR / "var")))
PORT = env_number("PORT", 8000, 1)
LISTEN = env_text("LISTEN", "127.0.0.1")  # `manage.py serve`; a proxy that buffers stands in front
SITE_URL = env_text("SITE_URL", f"http://localhost:{PORT}")
SITE_HOSTS = frozenset((env_text("SITE_HOSTS", "localhost,127.0.0.1") or "").split(","))
IMAGE_DOMAIN = env_text("IMAGE_DOMAIN", "localhost")
# Counts of every process of this host; prometheus-client reads the variable when it is imported, and only there.
METRICS_DIR = VAR_DIR / "run" / "metrics"
METRICS_PORT = env_number("METRICS_PORT", 0)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
GUNICORN_WORKERS = env_number("GUNICORN_WORKERS", 2, 1)
GUNICORN_THREADS = env_number("GUNICORN_THREADS", 32, 1)
# Requests of a web process that may wait for an origin, a look-up or a picture being made: each has a thread of its own
# beside GUNICORN_THREADS. TURN_SECONDS: how long one waits while its workspace makes as many as its plan allows.
WAITING_REQUESTS = env_number("WAITING_REQUESTS", 256, 2)
TURN_SECONDS = env_number("TURN_SECONDS", 30.0, 0.1)
# How long a client may take to send a request, and to take a piece of the answer: a picture is one piece.
CLIENT_READ_SECONDS = env_number("CLIENT_READ_SECONDS", 15.0, 0.1)
CLIENT_WRITE_SECONDS = env_number("CLIENT_WRITE_SECONDS", 30.0, 0.1)

# --- DynamoDB: all state (P13). There is no SQL database. ---
DATABASES: dict = {}
AWS_REGION = env_text("AWS_REGION", "us-east-1")
AWS_ACCESS_KEY_ID = env_text("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env_text("AWS_SECRET_ACCESS_KEY")
DYNAMODB_ENDPOINT = env_text("DYNAMODB_ENDPOINT")
# A call that is not answered in this time is tried once more, so that no page and no picture hangs above two seconds.
DYNAMODB_READ_SECONDS = env_number("DYNAMODB_READ_SECONDS", 0.9, 0.1)
TABLE_PREFIX = env_text("TABLE_PREFIX", "imgapis")
if EMBEDDED:
    # DynamoDB Local keys its data by access key: the shell's AWS_* must not choose another set of tables.
    AWS_ACCESS_KEY_ID = AWS_SECRET_ACCESS_KEY = "embedded"
    if not DYNAMODB_ENDPOINT:
        raise ImproperlyConfigured("DYNAMODB_ENDPOINT is missing: EMBEDDED=1 never talks to AWS; use `make run`.")

# --- R2: the cache of outputs ---
CACHE_BUCKET = env_text("CACHE_BUCKET", "imgapis-outputs")
CACHE_ENDPOINT = env_text("CACHE_ENDPOINT")
CACHE_REGION = env_text("CACHE_REGION", "auto")
CACHE_ACCESS_KEY = env_text("CACHE_ACCESS_KEY", "embedded" if EMBEDDED else None)
CACHE_SECRET_KEY = env_text("CACHE_SECRET_KEY", "embeddedsecret" if EMBEDDED else None)
# Where nginx writes the hits that it answers itself (deploy/nginx.conf); without it, nginx is told to keep nothing.
NGINX_SPOOL = env_text("NGINX_SPOOL")
MEMORY_CACHE_BYTES = env_number("MEMORY_CACHE_BYTES", 64_000_000)

# --- Fetching originals ---
FETCH_ALLOW_PRIVATE = frozenset(pair for pair in (env_text("FETCH_ALLOW_PRIVATE", "") or "").split(",") if pair)
FETCH_ALLOW_HTTP = env_flag("FETCH_ALLOW_HTTP", default=True)
FETCH_CONNECT_SECONDS = env_number("FETCH_CONNECT_SECONDS", 5.0, 0.1)
FETCH_TOTAL_SECONDS = env_number("FETCH_TOTAL_SECONDS", 10.0, 0.1)
FETCH_MAX_REDIRECTS = env_number("FETCH_MAX_REDIRECTS", 3)
S3_ENDPOINT = env_text("S3_ENDPOINT", "https://s3.{region}.amazonaws.com")
R2_ENDPOINT = env_text("R2_ENDPOINT", "https://{account}.r2.cloudflarestorage.com")

# --- Custom domains: by DNS proof, and through Cloudflare where a token and a zone are set ---
DOMAIN_TARGET = env_text("DOMAIN_TARGET", f"cdn.{IMAGE_DOMAIN}")
DNS_RESOLVER = env_text("DNS_RESOLVER")
CLOUDFLARE_API_URL = env_text("CLOUDFLARE_API_URL", "https://api.cloudflare.com/client/v4")
CLOUDFLARE_API_TOKEN = env_text("CLOUDFLARE_API_TOKEN")
CLOUDFLARE_ZONE_ID = env_text("CLOUDFLARE_ZONE_ID")

# --- Limits of the image API, published at /limits ---
LIMITS = Limits()
LIMIT_SOURCE_BYTES = env_number("LIMIT_SOURCE_BYTES", LIMITS.source_bytes, 1)
LIMIT_SOURCE_PIXELS = env_number("LIMIT_SOURCE_PIXELS", LIMITS.source_pixels, 1)
LIMIT_SOURCE_SIDE = env_number("LIMIT_SOURCE_SIDE", LIMITS.source_side, 1)
LIMIT_SOURCE_FRAMES = env_number("LIMIT_SOURCE_FRAMES", LIMITS.source_frames, 1)
LIMIT_SOURCE_SCANS = env_number("LIMIT_SOURCE_SCANS", LIMITS.source_scans, 1)
LIMIT_OUTPUT_PIXELS = env_number("LIMIT_OUTPUT_PIXELS", LIMITS.output_pixels, 1)
RENDER_SECONDS = env_number("RENDER_SECONDS", 10.0, 0.1)
ENGINE_VERSION = 3  # transforms.engine.version.NEWEST: what a new workspace begins with
# How long a source that took too long or made the decoder fail is not tried again.
FAILED_SOURCE_SECONDS = env_number("FAILED_SOURCE_SECONDS", 180.0)
RENDER_WAIT_SECONDS = env_number("RENDER_WAIT_SECONDS", 10.0, 0.1)
RENDER_PROCESSES = env_number("RENDER_PROCESSES", 1, 1)
RENDER_MEMORY_BYTES = env_number("RENDER_MEMORY_BYTES", 2_500_000_000, 1)
# 1: pictures are resized with Pillow, as where cykooz.resizer has no wheel.
RENDER_RESIZES_WITH_PILLOW = env_flag("RENDER_RESIZES_WITH_PILLOW", default=False)
RENDER_QUEUE = env_number("RENDER_QUEUE", 64)
# Points of each workspace and web process for work that costs nothing: transforms.serving.scheduling.free_work.
FREE_WORK_PER_MINUTE = env_number("FREE_WORK_PER_MINUTE", 1_200, 1)
# Fetched by `python -m imgapis.devstack model`; where one is absent, background-remove or position=face answers 501.
BACKGROUND_MODEL = env_text("BACKGROUND_MODEL", str(BASE_DIR / "var" / "engines" / "u2netp-0.1.3" / "u2netp.onnx"))
FACE_MODEL = env_text("FACE_MODEL", str(BASE_DIR / "var" / "engines" / "centerface-1.5.0" / "centerface.onnx"))

# --- Stripe: payments, by redirect alone; without a key nothing is sold ---
STRIPE_SECRET_KEY = env_text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env_text("STRIPE_WEBHOOK_SECRET")
STRIPE_WEBHOOK_SECRET_FALLBACKS = [
    secret for secret in (env_text("STRIPE_WEBHOOK_SECRET_FALLBACKS", "") or "").split(",") if secret
]
STRIPE_TOLERANCE_SECONDS = env_number("STRIPE_TOLERANCE_SECONDS", 300, 1)
STRIPE_API_URL = env_text("STRIPE_API_URL", "https://api.stripe.com")
# Where a form of the billing page may lead: Stripe's own pages.
STRIPE_PAGES = env_text(
    "STRIPE_PAGES", "https://checkout.stripe.com https://billing.stripe.com https://invoice.stripe.com"
)

# --- Mail ---
EMAIL_HOST = env_text("EMAIL_HOST", "localhost")
EMAIL_HOST_USER = env_text("EMAIL_HOST_USER", "") or ""
EMAIL_HOST_PASSWORD = env_text("EMAIL_HOST_PASSWORD", "") or ""
EMAIL_USE_SSL = env_flag("EMAIL_USE_SSL", default=False)
EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS", default=not EMBEDDED and not EMAIL_USE_SSL)
EMAIL_PORT = env_number("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587, 1)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend" if EMBEDDED else "django.core.mail.backends.smtp.EmailBackend"
MAIL_FROM = env_text("MAIL_FROM", "img apis <no-reply@imgapis.com>")
OPERATOR_EMAIL = env_text("OPERATOR_EMAIL")
CONTACT_EMAIL = env_text("CONTACT_EMAIL", "privacy@imgapis.com")
MAILS_PER_HOUR = env_number("MAILS_PER_HOUR", 2_000, 1)

# --- Django ---
ALLOWED_HOSTS = ["*"]  # custom domains: HostMiddleware refuses every host that is not ours or a workspace's
ROOT_URLCONF = "imgapis.urls"
IMAGE_URLCONF = "imgapis.image_urls"
WSGI_APPLICATION = "imgapis.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
APPEND_SLASH = False
INSTALLED_APPS = [
    "imgapis.admin_config.StaffAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",
    "django_htmx",  # for the script it carries: nothing comes from anybody else
    "imgapis",
    "accounts",
    "telemetry",
    "billing",
    "transforms",
]
MIDDLEWARE = [
    "imgapis.server.middleware.SecurityHeadersMiddleware",
    "imgapis.server.middleware.HostMiddleware",
    "imgapis.server.middleware.SiteFiles",
    "accounts.sessions.middleware.PrivateSession",
    "accounts.sessions.middleware.PrivateCsrf",
    "accounts.sessions.middleware.PrivateUser",
    "accounts.sessions.middleware.PrivateMessages",
    "imgapis.server.refusals.ApiErrorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,  # the stock admin's own
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.navigation.navigation",
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.StoreBackend"]
SESSION_ENGINE = "accounts.sessions.sessions"
SESSION_COOKIE_NAME = "sessionid" if EMBEDDED else "__Host-sessionid"
SESSION_COOKIE_SECURE = not EMBEDDED
SESSION_COOKIE_AGE = IDLE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "imgapis.site.views.form_refused"
CSRF_COOKIE_SECURE = not EMBEDDED
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Django looks for its own middleware of headers, frames and CSRF. Ours stand in their place, on every answer or on the
# pages with a session, and imgapis.checks looks for those.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Logging: one JSON line an event, an allow-list of fields (P06, V1, V2, V8) ---
LOGGING_CONFIG = None  # imgapis.apps sets up the one handler
LOG_LEVEL = env_text("LOG_LEVEL", "INFO")
os.environ.pop("STRIPE_LOG", None)  # where it is set, the library prints bodies past every handler (V2)
