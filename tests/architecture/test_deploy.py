"""The deploy check refuses what is for trials only, and has nothing to say of production's settings (A19)."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]
KEY = "ab1-c9" * 10


@pytest.mark.parametrize(("value", "fails"), [(frozenset({"127.0.0.1:9000"}), True), (frozenset(), False)])
def test_private_fetching_is_refused_at_deployment(settings, value, fails):
    settings.FETCH_ALLOW_PRIVATE = value
    error_ids = {error.id for error in run_checks(tags=["imgapis"], include_deployment_checks=True)}
    assert ("imgapis.E001" in error_ids) is fails


@pytest.mark.parametrize(
    ("name", "value", "error_id"),
    [
        ("AWS_REGION", "eu-west-1", "imgapis.E004"),
        ("MIDDLEWARE", ["django.middleware.common.CommonMiddleware"], "imgapis.E003"),
        ("MIDDLEWARE", ["imgapis.server.middleware.SecurityHeadersMiddleware"], "imgapis.E003"),
        ("EMBEDDED", True, "imgapis.E002"),
    ],
)
def test_what_breaks_a_promise_is_refused_at_deployment(settings, name, value, error_id):
    """P13, A8, A19"""
    settings.EMBEDDED = False
    assert error_id not in {error.id for error in run_checks(tags=["imgapis"], include_deployment_checks=True)}
    setattr(settings, name, value)
    assert error_id in {error.id for error in run_checks(tags=["imgapis"], include_deployment_checks=True)}


# Settings of an installation the world can reach: nothing is to be said of them.
PUBLIC = {
    "SITE_URL": "https://imgapis.example",
    "SITE_HOSTS": frozenset({"imgapis.example"}),
    "IMAGE_DOMAIN": "img.example",
    "CACHE_ENDPOINT": "https://a.r2.cloudflarestorage.com",
    "CACHE_ACCESS_KEY": "a",
    "CACHE_SECRET_KEY": "b",
    "DYNAMODB_ENDPOINT": None,
    "EMAIL_HOST": "smtp.imgapis.example",
    "EMAIL_USE_TLS": True,
    "EMBEDDED": False,
    "S3_ENDPOINT": "https://s3.{region}.amazonaws.com",
    "R2_ENDPOINT": "https://{account}.r2.cloudflarestorage.com",
    "STRIPE_API_URL": "https://api.stripe.com",
    "STRIPE_PAGES": "https://checkout.stripe.com",
    "PRIVACY_KEY": KEY,
    "FETCH_ALLOW_PRIVATE": frozenset(),
    "SECRET_KEY": KEY,
}


def said(settings, **values) -> list[str]:
    """What the project's own deploy checks say of public settings with these values."""
    for name, value in {**PUBLIC, **values}.items():
        setattr(settings, name, value)
    return [message.msg for message in run_checks(tags=["imgapis"], include_deployment_checks=True)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "http://imgapis.example"),
        ("SITE_URL", "https://localhost"),
        ("SITE_URL", "https://[::1]:8000"),
        ("SITE_HOSTS", frozenset({"imgapis.example", "localhost"})),
        ("SITE_HOSTS", frozenset({""})),
        ("IMAGE_DOMAIN", "localhost"),
        ("CACHE_ENDPOINT", None),
        ("CACHE_ENDPOINT", "http://r2.example"),
        ("CACHE_ACCESS_KEY", None),
        ("CACHE_SECRET_KEY", None),
        ("DYNAMODB_ENDPOINT", "http://127.0.0.1:8001"),
        ("EMAIL_USE_TLS", False),
        ("EMAIL_USE_SSL", True),
        ("EMAIL_HOST", "localhost"),
        ("STRIPE_API_URL", "http://localhost:1"),
        ("STRIPE_PAGES", "https://a.example http://localhost:1"),
        ("S3_ENDPOINT", "http://s3.example"),
        ("R2_ENDPOINT", "http://r2.example"),
        ("CLOUDFLARE_API_URL", "http://c.example"),
        ("SECRET_KEY", "abc"),
        ("SECRET_KEY", "a" * 60),
        ("PRIVACY_KEY", "abc"),
    ],
)
def test_each_fault_is_an_error_by_its_settings_name(settings, name, value):
    """H12: and nothing else is said."""
    (sentence,) = said(settings, **{name: value})
    assert sentence.startswith((f"{name} ", f"{name}="))


def test_mail_by_tls_from_the_first_byte_is_as_good_as_starttls(settings):
    """H14"""
    assert said(settings, EMAIL_USE_SSL=True, EMAIL_USE_TLS=False) == []


def test_every_fault_is_named_at_once(settings):
    """H12: nobody mends one, starts again and meets the next."""
    faults = {
        "SECRET_KEY": "abc",
        "SITE_URL": "http://localhost",
        "CACHE_ACCESS_KEY": None,
        "EMAIL_USE_TLS": False,
        "DYNAMODB_ENDPOINT": "http://127.0.0.1:8001",
    }
    sentences = said(settings, **faults)
    assert all(any(sentence.startswith(name) for sentence in sentences) for name in faults)


def test_a_trial_on_local_engines_says_so_by_one_setting_and_still_needs_its_keys(settings):
    """H12: what it lets pass is named; a weak key and private fetching stay errors."""
    faults = {"DYNAMODB_ENDPOINT": "http://127.0.0.1:8001", "EMAIL_USE_TLS": False, "SITE_URL": "http://localhost"}
    (sentence,) = said(settings, LOCAL_ENGINES=True, **faults)
    assert all(name in sentence for name in faults) and "IMAGE_DOMAIN" not in sentence
    refused = said(settings, SECRET_KEY="abc", FETCH_ALLOW_PRIVATE=frozenset({"127.0.0.1:9000"}))
    assert {sentence.partition(" ")[0] for sentence in refused} >= {"SECRET_KEY", "FETCH_ALLOW_PRIVATE"}


def run(command: list[str], **overrides: str) -> subprocess.CompletedProcess:
    """Run a program of the project with production's settings."""
    variables = {
        "SECRET_KEY": KEY,
        "PATH": "/usr/bin",
        "SITE_URL": "https://imgapis.example",
        "SITE_HOSTS": "imgapis.example",
        "IMAGE_DOMAIN": "img.example",
        "CACHE_ENDPOINT": "https://a.r2.cloudflarestorage.com",
        "CACHE_ACCESS_KEY": "a",
        "CACHE_SECRET_KEY": "b",
        "EMAIL_HOST": "smtp.imgapis.example",
        **overrides,
    }
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=variables, capture_output=True, timeout=60)


@pytest.mark.parametrize("variables", [{"SECRET_KEY": "abc"}, {"SECRET_KEY": ""}, {"PRIVACY_KEY": "a" * 60}])
def test_nothing_starts_with_a_key_that_can_be_guessed(variables):
    """H12, O1: neither the web server, whose module this is, nor anything else."""
    (name,) = variables
    result = run(["-c", "import os, imgapis.wsgi"], **variables)
    assert result.returncode == 1 and f"{name} ".encode() in result.stderr.splitlines()[-1]


@pytest.mark.prove
@pytest.mark.parametrize(
    ("overrides", "code", "names"),
    [
        ({}, 0, ()),
        ({"DEBUG": "1"}, 1, ("DEBUG",)),
        ({"LOCAL_ENGINES": "1", "EMAIL_USE_TLS": "0"}, 0, ()),
        (
            {"SECRET_KEY": "short", "SITE_URL": "", "CACHE_ACCESS_KEY": ""},
            1,
            ("SECRET_KEY", "SITE_URL", "CACHE_ACCESS_KEY"),
        ),
        ({"SECRET_KEY": "", "EMAIL_USE_TLS": "0"}, 1, ("SECRET_KEY", "EMAIL_USE_TLS")),
    ],
)
def test_the_deploy_check_passes_with_productions_settings_and_names_every_fault(overrides, code, names):
    """A19, H12: `manage.py check --deploy --fail-level WARNING`."""
    result = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], **overrides)
    assert result.returncode == code, result.stderr.decode()
    assert all(name.encode() in result.stderr for name in names)
