"""The deploy check refuses what is for trials only, and has nothing to say of production's settings (A19)."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.prove
@pytest.mark.parametrize(
    ("overrides", "code"),
    [({}, 0), ({"DEBUG": "1"}, 1), ({"SECRET_KEY": "short"}, 1)],
)
def test_the_deploy_check_passes_with_productions_settings(overrides, code):
    """A19: `manage.py check --deploy --fail-level WARNING`."""
    variables = {"SECRET_KEY": "ab1-c9" * 10, "PATH": "/usr/bin", **overrides}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, timeout=60)
    assert run.returncode == code, run.stderr.decode()
