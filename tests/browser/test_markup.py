"""Forty injection payloads, through every field that stores or repeats a text: no dialog, no script of theirs,
no element of theirs, and no complaint of the Content-Security-Policy (A18)."""

from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page

from accounts import audit
from accounts.keys import apikeys
from accounts.models import workspaces as workspace_rows
from accounts.people import people
from accounts.workspaces import workspaces
from billing.charging import grants
from tests.browser.conftest import SITE, Window
from tests.transforms.web_client import ask

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]
PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt>alert(2)</sCrIpT>",
    "<script src=//x.example/a.js></script>",
    "</script><script>alert(4)</script>",
    "</title><script>alert(5)</script>",
    "</textarea><script>alert(6)</script>",
    "--><script>alert(7)</script>",
    "]]><script>alert(8)</script>",
    "<img src=x onerror=alert(9)>",
    "<img/src=x/onerror=alert(10)>",
    "<svg onload=alert(11)>",
    "<svg><script>alert(12)</script>",
    "<math><mi xlink:href=javascript:alert(13)>",
    "<iframe srcdoc='<script>alert(14)</script>'>",
    "<iframe src=javascript:alert(15)>",
    "<object data=javascript:alert(16)>",
    "<embed src=javascript:alert(17)>",
    "<a href=javascript:alert(18) autofocus>",
    "javascript:alert(19)",
    "JaVaScRiPt:alert(20)",
    "data:text/html,<script>alert(21)</script>",
    "<base href=//x.example/>",
    "<link rel=stylesheet href=//x.example>",
    "<meta http-equiv=refresh content=0;url=//x.example>",
    "<form action=//x.example><button>",
    "<style>*{color:red}",
    "<details open ontoggle=alert(27)>",
    "<body onload=alert(28)>",
    "<input autofocus onfocus=alert(29)>",
    "<video><source onerror=alert(30)>",
    '" onmouseover="alert(31)',
    "' onfocus='alert(32)' autofocus='",
    '"><img src=x onerror=alert(33)>',
    "'><svg onload=alert(34)>",
    "`-alert(35)-`",
    "${alert(36)}",
    "{{7*7}}",
    "{% debug %}",
    "&lt;script&gt;alert(39)&lt;/script&gt;",
    "\\u003cscript\\u003ealert(40)\\u003c/script\\u003e",
)
LONGEST = max(map(len, PAYLOADS))
# What a payload would leave behind had it become an element or an attribute.
LEFT_BEHIND = """() => [...document.querySelectorAll('*')].filter(e =>
  [...e.attributes].some(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value) && a.name != 'value'
    && !a.name.startsWith('data-')) ||
  ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE', 'VIDEO', 'MATH'].includes(e.tagName) ||
  e.tagName == 'META' && e.httpEquiv || e.tagName == 'SCRIPT' && !e.src && e.type != 'application/json'
).map(e => e.outerHTML.slice(0, 200))"""
UNCHECKED = """form => {
  form.noValidate = true;
  for (const e of form.querySelectorAll('details')) e.open = true;
  for (const e of form.elements) e.removeAttribute('maxlength');
  for (const e of form.querySelectorAll('[type=email], [type=url]')) e.type = 'text';
}"""
REPORT = "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"


def bundles(max_length: int) -> list[str]:
    """The payloads joined into texts of at most `max_length` characters."""
    texts = [""]
    for payload in PAYLOADS:
        if len(texts[-1]) + len(payload) + 1 > max_length:
            texts.append("")
        texts[-1] = f"{texts[-1]} {payload}".strip()
    return texts


class WatchedWindow:
    """A window that records dialogs, and the elements or attributes that payloads became (`left`)."""

    def __init__(self, window: Window):
        self.window, self.page, self.dialogs, self.left = window, window.page, [], []
        self.page.on("dialog", self._dismiss)
        self.page.add_init_script(REPORT)

    def _dismiss(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _open(self, path: str) -> None:
        address = SITE + path if path.startswith("/") else path
        self.page.goto(address)
        if "/account/confirm" in self.page.url:
            self.window.confirm()
            self.page.goto(address)

    def see(self, path: str, expected_text: str = "") -> None:
        """Open a page and check it as `look` does."""
        self._open(path)
        self.look(path, expected_text)

    def look(self, place: str, expected_text: str = "") -> None:
        """Check the open page; `expected_text` must be there, as text or as a field's value."""
        self.left += [f"{place}: {element}" for element in self.page.evaluate(LEFT_BEHIND)]
        assert not expected_text or expected_text in visible_text(self.page), f"{place} does not show {expected_text}"

    def send(self, path: str, fields: dict[str, str], button: str) -> None:
        """Fill in a form and send it, past the checks a browser would make."""
        self._open(path)
        form = self.page.locator("form").filter(has=self.page.get_by_role("button", name=button)).first
        form.evaluate(UNCHECKED)
        for name, text in fields.items():
            form.locator(f"[name={name}]").first.fill(text)
        with self.page.expect_navigation():
            form.get_by_role("button", name=button).first.click()
        self.look(path)


def visible_text(page: Page) -> str:
    """The text of the page and the values of its fields."""
    return page.evaluate("document.body.innerText + [...document.querySelectorAll('input,textarea')].map(e => e.value)")


@pytest.fixture
def owner(window):
    """The watched window of a signed-in owner."""
    owner_window = window("marked")
    owner_window.sign_up()
    return WatchedWindow(owner_window)


def harmless(watched_window: WatchedWindow) -> None:
    """Assert: no dialog, no element of a payload, no console error, no request to another host."""
    assert watched_window.dialogs == [] and watched_window.left == []
    assert watched_window.window.complaints == [] and watched_window.window.foreign == []


def test_there_are_forty_and_they_would_work_without_escaping(chromium):
    """The checks detect it: on a page that escapes nothing, dialogs open and elements stay."""
    assert len(set(PAYLOADS)) == 40
    page = chromium.new_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.set_content("".join(PAYLOADS[8:12]) + PAYLOADS[0])
    page.wait_for_timeout(200)
    assert dialogs and page.evaluate(LEFT_BEHIND)
    page.close()


@pytest.mark.timeout(240)
def test_what_is_kept_is_shown_as_text(owner):
    """Names of workspaces and keys, reasons in the audit log: written by one member, shown to all."""
    row = workspace_rows.of_namespace(owner.window.namespace)
    person = people.of_email(owner.window.email)
    for payload in PAYLOADS:
        audit.record(row.workspace_id, "staff:s_x", "workspace.changed", payload, {"was": payload}, payload, payload)
    home = f"/w/{row.namespace}"
    owner.see(f"{home}/audit", PAYLOADS[0])
    owner.see(f"{home}/audit", PAYLOADS[-1])
    for text in bundles(60):
        apikeys.create(row.workspace_id, person.person_id, "owner", name=text, scopes=["workspace.view"])
        workspaces.change_business_name(workspace_rows.find(row.workspace_id), "system", text)
        owner.see(f"{home}/", text)
    grants.grant(row.workspace_id, 2, " ".join(PAYLOADS)[:200], "staff:s_x")
    owner.see(f"{home}/keys", PAYLOADS[0])
    for path in (f"{home}/billing", f"{home}/settings", f"{home}/team", "/workspaces", f"{home}/audit"):
        owner.see(path)
    harmless(owner)


@pytest.mark.timeout(240)
def test_what_is_refused_is_repeated_as_text(owner):
    """Forms repeat the typed values, beside an error message that may quote them."""
    home = f"/w/{owner.window.namespace}"
    everything = " ".join(PAYLOADS)
    for path, names, button in (
        (f"{home}/sources/new?kind=http", ("name", "prefix"), "Add the source"),
        (f"{home}/sources/new?kind=s3", ("name", "bucket"), "Add the source"),
        (f"{home}/presets", ("name", "query"), "Save the preset"),
        (f"{home}/fallbacks", ("name", "src"), "Save the fallback"),
        (f"{home}/domains", ("domain",), "Add the domain"),
        (f"{home}/team", ("email",), "Send the invitation"),
        (f"{home}/keys", ("name",), "Make the key"),
        (f"{home}/access", ("allowed_origins", "allowed_sources"), "Save"),
        (f"{home}/purge", ("target",), "Count what becomes new work"),
        (f"{home}/billing/notices", ("address",), "Set the webhook"),
        (f"{home}/settings", ("business_name", "namespace"), "Save"),
        (f"{home}/playground", ("src", "w", "more"), "Build the address"),
        ("/workspaces/new", ("business_name", "namespace"), "Make"),
    ):
        owner.send(path, dict.fromkeys(names, everything), button)
    harmless(owner)


@pytest.mark.timeout(120)
def test_addresses_are_no_markup_either(owner):
    """Paths, queries, `next` after signing in, file names, and text pasted into the simulator."""
    for text in bundles(900):
        escaped_text = quote(text, safe="")
        owner.see(f"/{escaped_text}")
        owner.see(f"/docs/{escaped_text}")
        owner.see(f"/login?next={escaped_text}")
        owner.see(f"/playground?{urlencode({'src': 'samples/astronaut.png', 'w': text, 'more': 'x=' + text})}")
        owner.see(f"/w/{owner.window.namespace}/audit?cursor={escaped_text}")
        host = SITE.replace("localhost", f"{owner.window.namespace}.localhost")
        owner.see(f"{host}/transform?src={escaped_text}&w=80")
        owner.see(f"{host}/transform?src=shop/a.jpg&{escaped_text}=1")
    for payload in PAYLOADS:
        reply = ask(owner.window.namespace, f"/transform?src=shop/shoe.jpg&download={quote(payload, safe='')}")
        disposition = reply.headers.get("content-disposition", "")
        assert not set("<>\r\n") & set(disposition) and disposition.count('"') in (0, 2)
    owner.page.goto(f"{SITE}/simulator")
    owner.page.locator("#pasted").fill(
        "\n".join(PAYLOADS)
        + "\n"
        + "\n".join(f"https://res.cloudinary.com/demo/image/upload/w_80/{quote(payload)}.jpg" for payload in PAYLOADS)
    )
    owner.page.get_by_role("button", name="Count").click()
    owner.page.locator("#said").wait_for()
    owner.look("/simulator")
    harmless(owner)
