"""The settings of the tests: set before Django reads them. Each pytest process has engines and a folder of its own."""

import os
import socket
import tempfile

from hypothesis import settings

# Held for the life of the process: pytest removes nothing here, the system's temporary folder is swept.
FOLDER = tempfile.mkdtemp(prefix="imgapis-test-")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


DYNAMODB_PORT, BUCKET_PORT, WEB_PORT, ORIGIN_PORT, NAMES_PORT, STRIPE_PORT = (free_port() for _ in range(6))

for _name in [
    name
    for name in os.environ
    if name.startswith(("AWS_", "CACHE_", "LIMIT_", "FETCH_", "RENDER_", "CLOUDFLARE_", "DNS_", "DOMAIN_", "STRIPE_"))
]:
    del os.environ[_name]
os.environ.update(
    EMBEDDED="1",
    SECRET_KEY="only for tests " + "s" * 50,
    VAR_DIR=FOLDER,
    PORT=str(WEB_PORT),
    DYNAMODB_ENDPOINT=f"http://127.0.0.1:{DYNAMODB_PORT}",
    CACHE_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    DYNAMODB_READ_SECONDS="2.0",  # two cores bear two engines, a server and the tests; faults set their own
    CACHE_REGION="us-east-1",
    S3_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    R2_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    FETCH_ALLOW_PRIVATE=f"127.0.0.1:{BUCKET_PORT},127.0.0.1:{ORIGIN_PORT}",
    GUNICORN_THREADS="64",
    DNS_RESOLVER=f"127.0.0.1:{NAMES_PORT}",
    STRIPE_SECRET_KEY="sk_test_stub",
    STRIPE_WEBHOOK_SECRET="whsec_stub",
    STRIPE_API_URL=f"http://127.0.0.1:{STRIPE_PORT}",
    STRIPE_PAGES=f"http://localhost:{STRIPE_PORT}",
    MAILS_PER_HOUR="6000000",  # the tests of throttles set their own
)

# The same examples each time: a test that fails now and again would be blamed on chance.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
