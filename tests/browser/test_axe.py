"""Accessibility of every page: no axe violation, in light and dark, wide and narrow; nothing overflows a phone."""

from pathlib import Path

import axe_playwright_python
import pytest

from billing.notifications import preferences
from imgapis.models import Erasure

pytestmark = pytest.mark.prove

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PUBLIC = (
    "/",
    "/docs",
    "/docs/start",
    "/docs/image-api",
    "/docs/errors",
    "/status",
    "/login",
    "/nowhere",
    "/privacy",
    "/privacy/versions",
    "/privacy/versions/2026-05-18",
    "/privacy/subprocessors",
    "/privacy/cookies",
    "/privacy/requests",
    "/terms",
    "/privacy/data",
    "/security",
    "/pricing",
    "/simulator",
    "/playground",
    f"/unsubscribe/{preferences.token('ws_x', 'p_x', 'usage')}",
)
OWN = (
    "/account",
    "/account/data",
    "/account/data/erase",
    "/account/data/export-mail",
    "/account/exports/of-somebody-else",
    "/account/email",
    "/account/confirm",
    "/workspaces",
    "/workspaces/new",
)
WORKSPACE = (
    "",
    "playground",
    "usage",
    "billing",
    "billing/notices",
    "billing/invoices",
    "team",
    "team/transfer",
    "settings",
    "audit",
    "keys",
    "sources",
    "sources/new",
    "sources/new?kind=http",
    "sources/new?kind=s3",
    "access",
    "signing",
    "presets",
    "fallbacks",
    "purge",
    "purge/compare",
    "domains",
    "data",
    "data/erase",
    "data/export-mail",
)
LOOKS = ((1280, "light"), (390, "dark"))
EVERY_LOOK = (*LOOKS, (1280, "dark"), (390, "light"))
# The long table is checked with the others: in four looks it would take minutes.
OF_PRIVACY = [path for path in PUBLIC if path.startswith("/privacy") and path != "/privacy/data"]


def violations(page) -> list[str]:
    """The violations axe reports, as `id: elements`."""
    page.evaluate(AXE)
    results = page.evaluate("axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    return [f"{name}: {nodes}" for name, nodes in results]


def check(browser_window, paths, faults: list[str] | None = None, looks=LOOKS) -> None:
    """Check each page in each look, a width in px and a colour scheme; `faults` from before fail the test too."""
    faults = list(faults or [])
    for path in paths:
        for width, scheme in looks:
            browser_window.page.set_viewport_size({"width": width, "height": 900})
            browser_window.page.emulate_media(color_scheme=scheme)
            browser_window.go(path)
            faults += [f"{path} at {width} {scheme}: {fault}" for fault in violations(browser_window.page)]
            if browser_window.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                faults.append(f"{path} at {width}: the page is wider than the window")
    assert not faults, "\n".join(faults)


@pytest.mark.timeout(300)
def test_public_pages_have_no_violation(window):
    check(window("stranger"), PUBLIC)


@pytest.mark.timeout(300)
def test_the_pages_of_an_account_have_no_violation(window):
    owner = window("owner-whose-address-is-as-long-as-they-come")
    owner.sign_up()
    check(owner, OWN)


@pytest.mark.timeout(300)
def test_the_pages_of_a_workspace_have_no_violation(window):
    owner = window("owner")
    owner.sign_up()
    check(owner, [f"/w/{owner.namespace}/{name}" for name in WORKSPACE])


@pytest.mark.timeout(900)
def test_the_pages_of_privacy_and_of_erasures_have_no_violation_in_any_look(window):
    """Every state of an erasure, of a workspace and of a person, with and without an interrupted run."""
    paths = list(OF_PRIVACY)
    for number, state in enumerate(("scheduled", "running", "swept", "undone", "done")):
        kind = ("workspace", "person")[number % 2]
        row = Erasure(
            f"seen_{state}",
            kind=kind,
            state=state,
            asked=1_790_000_000,
            due=1_790_600_000,
            broken_off=bool(number % 2),
            counts={"events": 1_234_567, "outputs": 12, "members": 0},
            certificate={},
        )
        row.save()
        paths.append(f"/privacy/erasures/{row.subject_id}")
    check(window("stranger"), paths, looks=EVERY_LOOK)
