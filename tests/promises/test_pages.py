"""The promises a browser can see: P09, P15, P16, P24."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from imgapis.base.mail import mail
from imgapis.policy import companies
from tests import people
from tests.people import Browser

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = (
    "/",
    "/docs",
    "/docs/image-api",
    "/docs/errors",
    "/status",
    "/privacy",
    "/privacy/versions",
    "/terms",
    "/security",
    "/privacy/subprocessors",
    "/privacy/cookies",
    "/privacy/requests",
    "/nowhere",
    "/llms.txt",
    "/healthz",
    "/abuse",
)
SIGNED_IN = ("/account", "/account/email", "/workspaces", "/workspaces/new")
WORKSPACE = (
    "",
    "usage",
    "team",
    "settings",
    "audit",
    "sources",
    "access",
    "presets",
    "fallbacks",
    "purge",
    "purge/compare",
    "domains",
)
LOADS = re.compile(r"""<(?:script|link|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|href|data)="([^"]*)""")
# Who opens connections, and to whom: the three companies, customers' own storage through the guard, and this machine.
CONNECTS = {
    "imgapis/base/buckets.py": "Cloudflare R2",
    "imgapis/base/dynamo.py": "AWS DynamoDB",
    "imgapis/base/mail/mail.py": "Cloudflare, mail",
    "imgapis/base/mail/mailbox.py": "a folder of this machine",
    "transforms/domains/custom_hostnames.py": "Cloudflare, custom hostnames",
    "transforms/domains/dns_records.py": "the DNS, about customers' domains",
    "transforms/doctor/examination.py": "customers' storage, guarded",
    "imgapis/base/outbound/": "customers' storage, guarded",
    "billing/stripe/gateway.py": "Stripe",
    "imgapis/devstack/": "this machine, and what make run fetches",
    "imgapis/verify/": "this machine",
    "imgapis/server/web_workers.py": "nobody: it bounds the connections of those who ask us",
}
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "urllib3",
    "requests",
    "httpx",
    "aiohttp",
    "boto3",
    "botocore",
    "stripe",
    "cloudflare",
    "dns",
    "smtplib",
    "ftplib",
    "telnetlib",
    "xmlrpc",
    "websockets",
    "paramiko",
    "imaplib",
    "poplib",
}
HARMLESS = {"urllib.parse", "http.cookies", "http", "urllib", "http.client.HTTPException"}


def pages(browser: Browser, paths) -> list[tuple[str, people.Page]]:
    """Each page, opened."""
    return [(path, browser.get(path)) for path in paths]


@pytest.fixture(scope="module")
def every(web):
    """Every page, as nobody and as an owner."""
    owner, address = people.person("promised")
    namespace = address.partition("@")[0]
    inside = [f"/w/{namespace}/{name}" for name in WORKSPACE]
    return pages(Browser(), (*PUBLIC, "/login")) + pages(owner, (*SIGNED_IN, *inside))


def test_p09_no_page_loads_anything_from_anybody_else_and_its_policy_forbids_it(every):
    """P09, V5; in Chromium the same is seen by verify_privacy."""
    assert len(every) > 25
    for path, page in every:
        for address in LOADS.findall(page.body.decode()):
            host = urlsplit(address).hostname or "localhost"
            assert host == "localhost" or host.endswith(".localhost"), f"{path} loads {address}"
        rules = dict(rule.strip().split(" ", 1) for rule in page.headers["content-security-policy"].split(";"))
        assert rules["default-src"] == "'none'", path
        assert {rules[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}, path
        image_sources = rules["img-src"].removesuffix(" data:" if path.endswith("/purge/compare") else "").split()
        assert all("localhost" in source or source == "'self'" for source in image_sources), path


def test_p09_every_mail_is_plain_text_that_loads_nothing(web):
    """P09, V5: no pixel tells that a mail was opened."""
    address = people.fresh_address("mailed")
    people.sign_in_by_code(people.Browser(), address)
    assert people.mails(address)
    for message in people.mails():
        assert message.get_content_type() == "text/plain" and not message.is_multipart()


def test_p16_one_cookie_and_only_where_somebody_signs_in(every):
    """P16, V4: one name, on signing in, on messages and on mistakes; none on public pages."""
    for path, page in every:
        allowed = {"sessionid"} if path.startswith(("/login", "/account", "/w/", "/workspaces")) else set()
        assert {line.partition("=")[0] for line in page.cookies} <= allowed, path


def test_p16_forms_messages_and_mistakes_set_no_second_cookie(web):
    """P16: the form token and the flash messages live in the session."""
    browser, _ = people.person("cookie")
    seen = [browser.submit("/account/sessions/revoke"), browser.get("/account"), browser.post("/logout")]
    seen += [browser.get("/login"), browser.post("/login", {"email": "none", "csrfmiddlewaretoken": "wrong"})]
    lines = [line for page in seen for line in page.cookies]
    assert lines and {line.partition("=")[0] for line in lines} == {"sessionid"}
    assert set(browser.cookies) <= {"sessionid"}


def test_p15_only_named_modules_open_connections_and_only_to_the_three_companies():
    """P15: what a module may reach, it must import; the list says to whom."""
    found = set()
    for package in ("imgapis", "accounts", "telemetry", "billing", "transforms"):
        for path in (ROOT / package).rglob("*.py"):
            if any(connects(name) for name in imported(path)):
                found.add(str(path.relative_to(ROOT)))
    unnamed = {name for name in found if not name.startswith(tuple(CONNECTS))}
    assert unnamed == set()
    assert {company.name for company in companies.COMPANIES} == {"Cloudflare", "Amazon Web Services", "Stripe"}


def connects(module: str) -> bool:
    """Whether a module could open a connection; the names of what may go wrong could not."""
    harmless = module in HARMLESS or module.endswith(".exceptions")
    return module.partition(".")[0] in NETWORK and not harmless


def imported(path: Path) -> list[str]:
    """Every module a file imports; `socket` is no connection where only the name of this host is asked."""
    names = []
    tree = ast.parse(path.read_text())
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used = {node.attr for node in attributes if ast.unparse(node.value) == "socket"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name != "socket" or used != {"gethostname"}]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or ""]
    return names


def test_p15_the_page_names_each_company_with_its_part(web):
    """P15"""
    text = Browser().get("/privacy/subprocessors").text
    for company in companies.COMPANIES:
        assert company.name in text and company.place in text
        assert all(part in text for part in (*company.parts, *company.examined))


@pytest.mark.prove
@pytest.mark.parametrize("contact", ["ask@privacy.example", "other@contact.example"])
def test_p24_the_contact_is_a_setting_and_stands_on_the_pages_and_in_the_mails(contact):
    """P24"""
    program = (
        "import django, json; django.setup(); from django.test import RequestFactory as R;"
        "from imgapis.base.mail import mail; from imgapis.policy import wellknown;"
        "from imgapis.site import policy_pages as pages; g = R().get('/');"
        "said = [v(g).content.decode() for v in (pages.subprocessors, pages.how_to_ask, wellknown.security_txt)];"
        "said += [pages.statement_html('{contact}'), mail.text('emails/address_changed.txt', {})];"
        "print(json.dumps(said))"
    )
    given = {
        "DJANGO_SETTINGS_MODULE": "imgapis.settings",
        "EMBEDDED": "1",
        "CONTACT_EMAIL": contact,
        "DYNAMODB_ENDPOINT": "http://127.0.0.1:9",
    }
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=given, capture_output=True, timeout=60)
    said = json.loads(run.stdout)
    assert len(said) == 5 and all(contact in text for text in said)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "templates" / "emails").glob("*.txt")))
def test_p24_every_mail_ends_with_the_contact(name, settings):
    """P24"""
    settings.CONTACT_EMAIL = "ask@contact.example"
    assert mail.text(f"emails/{name}", {}).rstrip().splitlines()[-1].endswith(" ask@contact.example")


def test_p24_the_policy_names_the_contact(web):
    """P24"""
    text = Browser().get("/privacy").text
    assert "mailto:privacy@imgapis.com" in text.partition('id="P24"')[2]
