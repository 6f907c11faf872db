"""The page that compares engine versions, as a browser shows it: every state in every look, and both pictures drawn."""

import os

import pytest
from PIL import Image

from accounts.models import workspaces
from tests.browser import test_axe
from tests.origin import picture
from tests.transforms.old_pictures import OLD, encoded, plant
from transforms.engine import version
from transforms.sources import named_sources

pytestmark = pytest.mark.prove
ADDRESS = "/transform?src=shop/browser-compared.jpg&w=640&format=webp"
DRAWN = "[...document.querySelectorAll('figure img')].map(image => image.complete && image.naturalWidth)"

SEND_TWICE = """() => {
  const button = document.querySelector("[data-busy]");
  button.click();
  button.click();
  return [button.textContent, button.getAttribute("aria-disabled")];
}"""


@pytest.fixture
def owner(window, origin):
    """A window of an owner of before; an older version drew the picture darker."""
    origin.pictures["/browser-compared.jpg"] = picture(size=(900, 600))
    browser_window = window("compares")
    browser_window.sign_up()
    row = workspaces.of_namespace(browser_window.namespace)
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    workspaces.change(row, engine=OLD)
    old = Image.new("RGB", (640, 427), "#b03a1c")
    old.paste("#40c0f0", (0, 0, 320, 213))
    plant(row, ADDRESS, encoded(old, "WEBP"))
    return browser_window


def check_looks(browser_window, state: str) -> None:
    """No violation and nothing too wide in any look; SHOTS names a folder to take pictures into."""
    faults = []
    for width, scheme in test_axe.EVERY_LOOK:
        browser_window.page.set_viewport_size({"width": width, "height": 900})
        browser_window.page.emulate_media(color_scheme=scheme)
        faults += [f"{state} at {width} {scheme}: {fault}" for fault in test_axe.violations(browser_window.page)]
        if browser_window.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            faults.append(f"{state} at {width}: the page is wider than the window")
        if os.environ.get("SHOTS"):
            browser_window.page.screenshot(path=f"{os.environ['SHOTS']}/{state}-{width}-{scheme}.png", full_page=True)
    assert not faults, "\n".join(faults)


def submit(browser_window, target: str) -> None:
    browser_window.page.get_by_label("Image address").fill(target)
    browser_window.click("button", "Compare")


@pytest.mark.timeout(300)
def test_every_state_of_the_page_has_no_violation_in_any_look(owner):
    owner.go(f"/w/{owner.namespace}/purge")
    check_looks(owner, "linked")
    owner.click("link", "compare a picture of yours")
    check_looks(owner, "empty")
    submit(owner, "https://example.com/transform?src=shop/a-name-that-is-as-long-as-names-of-pictures-come.jpg&w=640")
    check_looks(owner, "error")
    submit(owner, "/transform?src=shop/never.jpg")
    check_looks(owner, "nothing")
    complaints = [text for text in owner.complaints if "400" not in text]
    assert not complaints and not owner.foreign


@pytest.mark.timeout(300)
def test_both_pictures_and_their_difference_are_drawn(owner):
    """P09: from nowhere but the page itself."""
    owner.go(f"/w/{owner.namespace}/purge/compare")
    submit(owner, ADDRESS)
    assert owner.page.evaluate(DRAWN) == [640, 640, 640]
    assert owner.page.get_by_text(f"New, by version {version.NEWEST}").is_visible()
    check_looks(owner, "full")
    assert not owner.complaints and not owner.foreign


def test_while_it_compares_the_button_says_so_and_the_form_is_sent_once(owner):
    owner.go(f"/w/{owner.namespace}/purge/compare")
    sent = []

    def answer(route):
        sent.append(route)
        route.fulfill(status=204)  # the browser stays on the page, as while it waits

    owner.page.route("**/purge/compare", answer)
    owner.page.get_by_label("Image address").fill(ADDRESS)
    assert owner.page.evaluate(SEND_TWICE) == ["Comparing…", "true"]
    check_looks(owner, "loading")
    assert len(sent) == 1
