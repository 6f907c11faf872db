"""Forty texts that want to be markup, through every field that keeps or repeats a text: no dialog, no script of theirs,
no element of theirs, and no complaint of the Content-Security-Policy (A18)."""

from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page

from accounts import apikeys, audit, people, workspaces
from accounts import store as accounts_store
from billing import grants
from tests.browser.conftest import SITE, Window
from tests.transforms.web_client import ask

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("web")]
PAYLOADS = (
    "<script>alert(1)</script>", "<ScRiPt>alert(2)</sCrIpT>", "<script src=//x.example/a.js></script>",
    "</script><script>alert(4)</script>", "</title><script>alert(5)</script>", "</textarea><script>alert(6)</script>",
    "--><script>alert(7)</script>", "]]><script>alert(8)</script>", "<img src=x onerror=alert(9)>",
    "<img/src=x/onerror=alert(10)>", "<svg onload=alert(11)>", "<svg><script>alert(12)</script>",
    "<math><mi xlink:href=javascript:alert(13)>", "<iframe srcdoc='<script>alert(14)</script>'>",
    "<iframe src=javascript:alert(15)>", "<object data=javascript:alert(16)>", "<embed src=javascript:alert(17)>",
    "<a href=javascript:alert(18) autofocus>", "javascript:alert(19)", "JaVaScRiPt:alert(20)",
    "data:text/html,<script>alert(21)</script>", "<base href=//x.example/>", "<link rel=stylesheet href=//x.example>",
    "<meta http-equiv=refresh content=0;url=//x.example>", "<form action=//x.example><button>", "<style>*{color:red}",
    "<details open ontoggle=alert(27)>", "<body onload=alert(28)>", "<input autofocus onfocus=alert(29)>",
    "<video><source onerror=alert(30)>", '" onmouseover="alert(31)', "' onfocus='alert(32)' autofocus='",
    '"><img src=x onerror=alert(33)>', "'><svg onload=alert(34)>", "`-alert(35)-`", "${alert(36)}", "{{7*7}}",
    "{% debug %}", "&lt;script&gt;alert(39)&lt;/script&gt;", "\\u003cscript\\u003ealert(40)\\u003c/script\\u003e",
)  # fmt: skip
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


def bundles(most: int) -> list[str]:
    """The payloads, as many to a text as fit into it."""
    found = [""]
    for payload in PAYLOADS:
        if len(found[-1]) + len(payload) + 1 > most:
            found.append("")
        found[-1] = f"{found[-1]} {payload}".strip()
    return found


class Watched:
    """A window that remembers dialogs, and looks at each page for what a payload left behind."""

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

    def see(self, path: str, repeats: str = "") -> None:
        """Open a page, which repeats a text, and look."""
        self._open(path)
        self.look(path, repeats)

    def look(self, where: str, repeats: str = "") -> None:
        """Look at the page that is open; a text it should repeat must be there, as text or as a field's value."""
        self.left += [f"{where}: {each}" for each in self.page.evaluate(LEFT_BEHIND)]
        assert not repeats or repeats in seen(self.page), f"{where} does not show {repeats}"

    def send(self, path: str, fields: dict[str, str], button: str) -> None:
        """Fill in a form and send it, past the checks a browser would make."""
        self._open(path)
        form = self.page.locator("form").filter(has=self.page.get_by_role("button", name=button)).first
        form.evaluate(UNCHECKED)
        for name, text in fields.items():
            form.locator(f"[name={name}]").first.fill(text)
        form.get_by_role("button", name=button).first.click()
        self.look(path)


def seen(page: Page) -> str:
    """What a reader sees: the text of the page and what stands in its fields."""
    return page.evaluate("document.body.innerText + [...document.querySelectorAll('input,textarea')].map(e => e.value)")


@pytest.fixture
def owner(window):
    """A signed-in owner, watched."""
    opened = window("marked")
    opened.sign_up()
    return Watched(opened)


def harmless(watched: Watched) -> None:
    """Nothing ran, nothing was made, nobody complained, nobody else was asked."""
    assert watched.dialogs == [] and watched.left == []
    assert watched.window.complaints == [] and watched.window.foreign == []


def test_there_are_forty_and_they_would_work_without_escaping(chromium):
    """The net catches: on a page that escapes nothing, dialogs open and elements stay."""
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
    """Names of workspaces and keys, reasons in the audit log: written by whoever may, shown to everybody."""
    row = accounts_store.workspace_of_namespace(owner.window.namespace)
    person = people.of_email(owner.window.email)
    for payload in PAYLOADS:
        audit.record(row.workspace_id, "staff:s_x", "workspace.changed", payload, {"was": payload}, payload, payload)
    home = f"/w/{row.namespace}"
    owner.see(f"{home}/audit", PAYLOADS[0])
    owner.see(f"{home}/audit", PAYLOADS[-1])
    for text in bundles(60):
        apikeys.create(row.workspace_id, person.person_id, "owner", name=text, scopes=["workspace.view"])
        workspaces.change_business_name(accounts_store.workspace(row.workspace_id), "system", text)
        owner.see(f"{home}/", text)
    grants.grant(row.workspace_id, 2, " ".join(PAYLOADS)[:200], "staff:s_x")
    owner.see(f"{home}/keys", PAYLOADS[0])
    for path in (f"{home}/billing", f"{home}/settings", f"{home}/team", "/workspaces", f"{home}/audit"):
        owner.see(path)
    harmless(owner)


@pytest.mark.timeout(240)
def test_what_is_refused_is_repeated_as_text(owner):
    """Forms give back what was typed, beside a sentence that may name it."""
    home = f"/w/{owner.window.namespace}"
    everything = " ".join(PAYLOADS)
    for path, names, button in (
        (f"{home}/sources/new?kind=http", ("name", "prefix"), "Add the source"),
        (f"{home}/sources/new?kind=s3", ("name", "bucket"), "Add the source"),
        (f"{home}/presets", ("name", "query"), "Save the preset"),
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
    """Paths, queries, the way on after signing in, file names, and what is pasted into the simulator."""
    for text in bundles(900):
        escaped = quote(text, safe="")
        owner.see(f"/{escaped}")
        owner.see(f"/docs/{escaped}")
        owner.see(f"/login?next={escaped}")
        owner.see(f"/playground?{urlencode({'src': 'samples/astronaut.png', 'w': text, 'more': 'x=' + text})}")
        owner.see(f"/w/{owner.window.namespace}/audit?cursor={escaped}")
        host = SITE.replace("localhost", f"{owner.window.namespace}.localhost")
        owner.see(f"{host}/transform?src={escaped}&w=80")
        owner.see(f"{host}/transform?src=shop/a.jpg&{escaped}=1")
    for payload in PAYLOADS:
        reply = ask(owner.window.namespace, f"/transform?src=shop/shoe.jpg&download={quote(payload, safe='')}")
        named = reply.headers.get("content-disposition", "")
        assert not set("<>\r\n") & set(named) and named.count('"') in (0, 2)
    owner.page.goto(f"{SITE}/simulator")
    owner.page.locator("#pasted").fill("\n".join(PAYLOADS) + "\n" + "\n".join(
        f"https://res.cloudinary.com/demo/image/upload/w_80/{quote(payload)}.jpg" for payload in PAYLOADS))  # fmt: skip
    owner.page.get_by_role("button", name="Count").click()
    owner.page.locator("#said").wait_for()
    owner.look("/simulator")
    harmless(owner)
