"""No secret stands in the tree, nor in its history: keys of services, private keys, passwords in addresses (O1)."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# kind → what it looks like: as services print their keys, so that hardly a text of ours is taken for one
PATTERNS = {
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "Stripe key": re.compile(rb"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    "Stripe webhook secret": re.compile(rb"\bwhsec_[A-Za-z0-9+/=]{24,}"),
    "Amazon key id": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "Amazon secret": re.compile(rb"(?i)aws.{0,20}secret.{0,20}[=:]\s*[\"']?[A-Za-z0-9/+]{40}\b"),
    "Cloudflare token": re.compile(rb"(?i)cloudflare.{0,20}token.{0,8}[=:]\s*[\"']?[A-Za-z0-9_-]{40}\b"),
    "key of ours": re.compile(rb"\bimg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}\b"),
    "GitHub token": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}"),
    "Slack token": re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "Google key": re.compile(rb"\bAIza[A-Za-z0-9_-]{35}"),
    "signed token": re.compile(rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    "password in an address": re.compile(
        rb"\b[a-z][a-z0-9+]*://[^\s/:@\"'<>{}]{1,64}:[^\s/@\"'<>{}]{6,}@[a-z0-9.-]+\.[a-z]{2,}"
    ),
    "set in the environment": re.compile(
        rb"(?m)^(?:export )?(?:SECRET_KEY|PRIVACY_KEY|CACHE_SECRET_KEY|AWS_SECRET_ACCESS_KEY|EMAIL_HOST_PASSWORD|"
        rb"CLOUDFLARE_API_TOKEN)=[^\s$\"'{(]{8,}"
    ),
}
# What looks like one and is none, by the words it holds: documentation's own examples, and addresses of tests.
EXAMPLES = (b"EXAMPLE", b"example", b"evil", b"127.0.0.1", b"localhost", b".test")
LARGEST = 5_000_000


def git(*words: str) -> bytes:
    """The output of a git command; tests outside a repository skip."""
    result = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, timeout=120)
    if result.returncode:
        pytest.skip("this copy is no git repository")
    return result.stdout


def secrets_in(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(kind, its first 24 bytes) of every secret in some bytes."""
    for kind, pattern in PATTERNS.items():
        for match in pattern.finditer(data):
            if not any(word in match[0] for word in EXAMPLES):
                yield kind, match[0][:24]


def test_no_file_of_the_tree_holds_a_secret():
    """O1: whatever git knows or would take."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split(b"\0")
    paths = [ROOT / name.decode() for name in names if name]
    leaks = [
        f"{path.relative_to(ROOT)}: {kind}, {start.decode(errors='replace')}…"
        for path in paths
        if path.is_file() and path.stat().st_size <= LARGEST
        for kind, start in secrets_in(path.read_bytes())
    ]
    assert len(paths) > 100 and not leaks, "\n".join(leaks)


@pytest.mark.prove
def test_no_line_that_was_ever_added_holds_a_secret():
    """O1: what was taken out again is still in the history, and still known."""
    lines = git("log", "HEAD", "-p", "--no-color", "--unified=0", "--no-textconv", "--format=%H")
    added_lines = b"\n".join(line[1:] for line in lines.split(b"\n") if line.startswith(b"+"))
    assert [f"{kind}: {start.decode(errors='replace')}…" for kind, start in secrets_in(added_lines)] == []


def test_files_that_hold_secrets_are_never_taken():
    """The folder of data and the file of settings are of one machine."""
    for name in (".env", "var/secret-key", "var/log/gunicorn.log"):
        assert git("check-ignore", "--no-index", name).strip() == name.encode()
    example_lines = (ROOT / ".env.example").read_text().splitlines()
    secret = re.compile(r"(SECRET|PASSWORD|TOKEN|PRIVACY_KEY|ACCESS_KEY)[A-Z_]*=(.+)")
    assert [line for line in example_lines if (match := secret.search(line)) and not match[2].isdigit()] == []


# Put together here, so that this file does not hold what it looks for.
@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("private key", ("-----BEGIN PRIVATE", " KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqG")),
        ("Stripe key", ("sk_live", "_51H8xyzABCDEFGHIJKLMN")),
        ("Stripe webhook secret", ("whsec", "_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("Amazon key id", ("AKIA", "Q3EGXYZABCDEF123")),
        ("Amazon secret", ("AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzKE")),
        ("Cloudflare token", ("CLOUDFLARE_API_TOKEN=", "a" * 40)),
        ("key of ours", ("img_", "abcdefghij_" + "Z" * 43)),
        ("GitHub token", ("ghp", "_" + "a1" * 18)),
        ("Slack token", ("xoxb", "-123456789012-abcdef")),
        ("Google key", ("AIza", "B" * 35)),
        ("signed token", ("eyJhbGciOiJIUzI1", "NiJ9.eyJzdWIiOiIxMjM0NTY3.SflKxwRJSMeKKF2QT4fw")),
        ("password in an address", ("https://me:hunter2", "hunter2@host.com/x")),
        ("set in the environment", ("SECRET_KEY=", "k3jh45kjh345kjh")),
    ],
)
def test_each_kind_is_seen(kind, parts):
    assert kind in {name for name, _ in secrets_in("".join(parts).encode())}


def test_every_kind_has_been_shown_to_be_seen():
    (mark,) = test_each_kind_is_seen.pytestmark
    assert {kind for kind, _ in mark.args[1]} == set(PATTERNS)


# What is compared by == although it is named like a proof: none of it is what somebody has to know to be let in.
NO_PROOFS = {
    "accounts/keys/idempotency.py": "existing.body_digest != body_digest",
    "accounts/sessions/work.py": "held['for'] == _digest(email, browser)",
    "accounts/views/account.py": "row.digest == current",
    "billing/stripe/stripe_setup.py": (
        "getattr(endpoint.metadata, DIGEST, '') == _digest(settings.STRIPE_WEBHOOK_SECRET or '')"
    ),
    "imgapis/checks.py": "_secret_key() != settings.PRIVACY_KEY",
    "imgapis/devstack/downloads.py": "digest != sha256 | digest != DYNAMODB_SHA256",
    "transforms/serving/cache.py": "entry.digest != digest_of(entry.body)",
    "transforms/serving/scheduling/free_work.py": "entry[0] == digest",
}
PROOF = re.compile(r"digest|signature|secret|\bsign\(")


def equalities(path: Path) -> Iterator[str]:
    """Comparisons of a module by == or != that name a proof; conditions of the store, `Row.attribute == …`, apart."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(each, (ast.Eq, ast.NotEq)) for each in node.ops):
            text = ast.unparse(node)
            if PROOF.search(text) and not re.match(r"[A-Z][A-Za-z]+\.[a-z_]+ ", text):
                yield text


def test_what_proves_a_right_is_compared_in_constant_time():
    """A3, A12: by hmac.compare_digest, so that the time of an answer tells nothing of how much was right."""
    by_module = {}
    for app in ("accounts", "billing", "imgapis", "telemetry", "transforms"):
        for path in sorted((ROOT / app).rglob("*.py")):
            if texts := list(dict.fromkeys(equalities(path))):
                by_module[str(path.relative_to(ROOT))] = " | ".join(texts)
    assert by_module == NO_PROOFS
