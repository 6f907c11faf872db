"""SECRET_KEY is rotated: with the old key among the fallbacks nothing ends, without it everything does (O1)."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken

from accounts.keys import apikeys
from accounts.models import Staff
from accounts.models import workspaces as workspace_rows
from accounts.sessions import codes
from accounts.staff import staff
from accounts.workspaces import workspaces
from billing.notifications import preferences
from imgapis.base import tokens
from imgapis.devstack import stack
from imgapis.privacy import certificates
from tests import environment
from tests.accounts import teams
from tests.conftest import ROOT, wait_for
from tests.people import Browser, ask_code, fresh_address, newest_code, person, sign_in_by_code
from tests.transforms.signer import signed
from tests.transforms.web_client import ask
from transforms.access import signing_keys
from transforms.models import sources
from transforms.sources import named_sources

OLD, NEW = os.environ["SECRET_KEY"], "another key of a test " + "n" * 50
PICTURE = "/transform?src=shop/shoe.jpg&w=80"
pytestmark = pytest.mark.usefixtures("dynamodb", "bucket")


def server(fallbacks: str):
    """A web server that was started with the new key; the port it answers at."""
    port = environment.free_port()
    variables = dict(os.environ) | {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": fallbacks}
    log = open(Path(environment.FOLDER) / f"rotated-{port}.log", "wb")  # noqa: SIM115 - open as long as the server
    command = stack.gunicorn_command(port, workers=1, threads=8)
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=variables)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def careful(web):
    """The new key, and the old one among the fallbacks."""
    yield from server(OLD)


@pytest.fixture(scope="module")
def careless(web):
    """The new key alone."""
    yield from server("")


def status(browser: Browser, port: int, path: str) -> int:
    """The status that the server at `port` answers to a browser's cookies."""
    return Browser(port=port, cookies=dict(browser.cookies)).get(path).status


@pytest.mark.prove
@pytest.mark.timeout(180)
def test_a_session_survives_with_the_fallback_and_dies_without(careful, careless):
    """O1"""
    owner, _ = person("rotated")
    assert [status(owner, port, "/account") for port in (environment.WEB_PORT, careful)] == [200, 200]
    assert status(owner, careless, "/account") == 302
    assert status(owner, careful, "/account") == 200, "whoever fell out at one server has not lost the session"


@pytest.mark.prove
@pytest.mark.timeout(180)
def test_a_session_begun_after_the_rotation_needs_no_fallback(careful, careless):
    browser = Browser(port=careful)
    address = fresh_address("rotated")
    sign_in_by_code(browser, address)
    assert status(browser, careless, "/account") == 200


@pytest.mark.prove
@pytest.mark.timeout(180)
def test_a_code_that_was_mailed_before_the_rotation_signs_in_after_it(careful):
    """A1: a right code is never refused."""
    browser = Browser()
    address = fresh_address("rotated")
    code = ask_code(browser, address)
    later_browser = Browser(port=careful, cookies=dict(browser.cookies), token=browser.token)
    later_browser.get("/login/code")
    assert later_browser.post("/login/code", {"code": code}).status == 302 and newest_code(address) == code


@pytest.mark.prove
@pytest.mark.timeout(180)
def test_an_api_key_and_a_signed_address_work_with_the_fallback_alone(careful, careless, workspace, origin):
    owner = teams.new_person("keeper")
    teams.add(workspace, owner, "owner")
    api_key, _ = apikeys.create(workspace.workspace_id, owner.person_id, "owner", name="k", scopes=["workspace.view"])
    address = signed(signing_keys.turn_on(workspace, "system"), PICTURE)

    def statuses(port: int) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {api_key}"}
        rest_status = ask(None, "/api/v1/workspace", host="localhost", port=port, **headers).status
        return rest_status, ask(workspace.namespace, address, port=port).status

    assert statuses(environment.WEB_PORT) == statuses(careful) == (200, 200)
    rest_status, picture_status = statuses(careless)
    assert rest_status == 401 and picture_status >= 400, "fails closed: nothing is signed by a key nobody can open"


@pytest.fixture
def rotate(settings):
    """Rotate in this process, with or without the fallback."""

    def set_keys(*fallbacks: str) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, list(fallbacks)

    return set_keys


def test_sealed_secrets_open_with_the_fallback_alone(rotate, workspace):
    """The key of a workspace, of a bucket, and the second factor of staff; cache keys stay what they were."""
    named_sources.create(
        workspace.workspace_id,
        name="attic",
        kind="s3",
        bucket="attic-bucket",
        region="eu-west-1",
        access_key="AKIDEXAMPLE",
        secret_key="of-the-bucket",
    )
    key, member = workspaces.key(workspace), staff_member()
    secret = staff.secret(member)
    rotate(OLD)
    (attic,) = [source for source in sources.of_workspace(workspace.workspace_id) if source.name == "attic"]
    assert tokens.unseal(attic.sealed_secret) == b"of-the-bucket"
    assert workspaces.key(workspace_rows.find(workspace.workspace_id)) == key and staff.secret(member) == secret
    rotate()
    for sealed_value in (attic.sealed_secret, workspace.sealed_key, member.sealed_secret):
        with pytest.raises(InvalidToken):
            tokens.unseal(sealed_value)


_steps = itertools.count(1)


def staff_member() -> Staff:
    """A new member of the staff."""
    employee = teams.new_person(f"staff{next(_steps)}")
    return staff.add(employee.email, "support")


def test_links_that_end_mails_survive(rotate):
    token = preferences.token("ws_x", "p_x", "usage")
    rotate(OLD)
    assert preferences.read_token(token) == ("ws_x", "p_x", "usage")


def test_the_keys_of_certificates_are_apart_and_stay_published(rotate, settings):
    """A certificate of before verifies after; where the key was the secret key, its fallback is published too."""
    certificate = certificates.sign({"subject": "ws_x"})
    rotate(OLD)
    assert certificates.verify(certificate) == {"subject": "ws_x"}, "PRIVACY_KEY was not rotated with it"
    settings.PRIVACY_KEY, settings.PRIVACY_KEY_FALLBACKS = "a newer one", [OLD]
    assert certificates.verify(certificate) == {"subject": "ws_x"} and len(certificates.published()) == 2
    settings.PRIVACY_KEY_FALLBACKS = []
    with pytest.raises(certificates.InvalidCertificate):
        certificates.verify(certificate)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"SECRET_KEY_FALLBACKS": "b,c"}, "['b', 'c']"),
        ({"SECRET_KEY_FALLBACKS": "b", "PRIVACY_KEY": "pqrst" * 12}, "[]"),
        ({"SECRET_KEY_FALLBACKS": "b", "PRIVACY_KEY": "pqrst" * 12, "PRIVACY_KEY_FALLBACKS": "q"}, "['q']"),
    ],
)
def test_a_privacy_key_that_was_never_set_is_rotated_with_its_fallbacks(overrides, expected):
    """Spent namespaces and certificates of before would be forgotten otherwise."""
    command = [
        sys.executable,
        "-c",
        "from django.conf import settings; print(settings.PRIVACY_KEY_FALLBACKS)",
    ]
    variables = {
        "PATH": "/usr/bin",
        "SECRET_KEY": "abcde" * 12,
        "DJANGO_SETTINGS_MODULE": "imgapis.settings",
        **overrides,
    }
    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == expected, run.stderr


def test_a_code_is_right_by_the_listed_keys_and_by_no_other(rotate):
    address = fresh_address("rotated")
    challenge_id = codes.send(address, "login")
    rotate("neither this " * 5)
    with pytest.raises(codes.WrongCode):
        codes.verify(challenge_id, "login", newest_code(address))
    rotate(OLD)
    assert codes.verify(challenge_id, "login", newest_code(address)) == address
