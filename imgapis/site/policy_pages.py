"""The public pages of promises: the policy and its versions, who works for us, cookies, requests, terms, security."""

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt
from pynamodb.exceptions import PynamoDBException

from imgapis.base import clock
from imgapis.models import PrivacyProof, privacy_proofs
from imgapis.policy import additions, companies, differences, requests, versions
from imgapis.policy.promises import Promise, by_number
from imgapis.policy.versions import Version
from imgapis.site import docs

INLINE = MarkdownIt("commonmark")


@dataclass(frozen=True)
class PromiseView:
    """A statement as the page has it: its number, its HTML, the promise behind it, and what the last proof said:
    `ok`, `bad`, or empty where no check looks at it."""

    number: str
    html: SafeString
    promise: Promise | None
    proven: str

    @property
    def proof(self) -> str:
        """How far the promise is proven: the line that opens its tests and checks. Empty where there is no promise."""
        if self.promise is None:
            return ""
        if self.promise.waits:
            return "Proven in part" if self.promise.tests else "Not yet proven"
        if not self.proven:
            return "How this is proven"
        verdict = "held" if self.proven == "ok" else "broken"
        return format_html('<span class="badge {}">{}</span> when we last looked', self.proven, verdict)


@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    """The policy in effect."""
    return _policy(request, versions.calendar().current)


@require_GET
def version(request: HttpRequest, name: str) -> HttpResponse:
    """One version, earlier or coming, and what it changed."""
    policy_version = versions.named(name)
    if policy_version is None:
        raise Http404
    return _policy(request, policy_version)


def _policy(request: HttpRequest, policy_version: Version) -> HttpResponse:
    calendar, all_versions = versions.calendar(), versions.list_all()
    index = all_versions.index(policy_version)
    previous = all_versions[index - 1] if index else None
    proof = _last_proof()
    context = {
        "version": policy_version,
        "sections": [(section.title, _promise_view(section, proof)) for section in policy_version.sections],
        "effective": calendar.days[policy_version.name],
        "holds": policy_version == calendar.current,
        "before": previous,
        "coming": [(coming_version, calendar.days[coming_version.name]) for coming_version in calendar.coming],
        "changes": differences.between(previous, policy_version) if previous else [],
        "additions": additions.list_all(),
        "contact": settings.CONTACT_EMAIL,
        "proved": clock.stamp(proof.moment) if proof else "",
    }
    return render(request, "policy/privacy.html", context)


def _promise_view(section: versions.Section, proof: PrivacyProof | None) -> list[PromiseView]:
    promises = by_number()
    checks = proof.checks if proof else {}
    return [
        PromiseView(
            statement.number,
            statement_html(statement.text),
            promises.get(statement.number),
            _verdict(promises, statement.number, checks),
        )
        for statement in section.statements
    ]


def _verdict(promises: dict[str, Promise], number: str, checks: dict[str, str]) -> str:
    """The last proof's verdict on a promise: `bad` where a check was broken, `ok` where all held, else empty."""
    names = promises[number].checks if number in promises else ()
    states = [checks.get(name, "not looked at") for name in names]
    if "broken" in states:
        return "bad"
    return "ok" if states and all(state == "held" for state in states) else ""


def statement_html(text: str) -> SafeString:
    """A statement's inline Markdown, which we wrote ourselves, with the contact's address put in."""
    contact = escape(settings.CONTACT_EMAIL)
    html = INLINE.renderInline(text)
    return mark_safe(html.replace("{contact}", f'<a href="mailto:{contact}">{contact}</a>'))


def _last_proof() -> PrivacyProof | None:
    """The last proof; None where the store is unavailable, since the policy must be readable in any outage."""
    try:
        return privacy_proofs.last()
    except PynamoDBException:
        return None


@require_GET
def version_list(request: HttpRequest) -> HttpResponse:
    """Every version and when it took effect."""
    calendar = versions.calendar()
    rows = [
        (listed_version, calendar.days[listed_version.name], _state(listed_version, calendar.current))
        for listed_version in reversed(versions.list_all())
    ]
    return render(request, "policy/versions.html", {"rows": rows})


def _state(policy_version: Version, current: Version) -> str:
    if policy_version == current:
        return "holds"
    return "coming" if policy_version.name > current.name else "earlier"


@require_GET
def subprocessors(request: HttpRequest) -> HttpResponse:
    """The subprocessors."""
    context = {"companies": companies.COMPANIES, "mails": companies.MAILS, "contact": settings.CONTACT_EMAIL}
    return render(request, "policy/subprocessors.html", context)


@require_GET
def cookies(request: HttpRequest) -> HttpResponse:
    """The one cookie."""
    days = settings.SESSION_COOKIE_AGE // clock.DAY
    return render(request, "policy/cookies.html", {"name": settings.SESSION_COOKIE_NAME, "days": days})


@require_GET
def how_to_ask(request: HttpRequest) -> HttpResponse:
    """How a privacy request is made, and by when it is answered."""
    context = {
        "contact": settings.CONTACT_EMAIL,
        "erasure_days": requests.ERASURE_DAYS,
        "ccpa_days": requests.CCPA_DAYS,
        "confirm_days": requests.CONFIRM_DAYS,
    }
    return render(request, "policy/requests.html", context)


@require_GET
def paper(request: HttpRequest, name: str) -> HttpResponse:
    """A page that is a file of docs/: the terms, how we keep things safe, where abuse is reported."""
    source = (settings.BASE_DIR / "docs" / f"{name}.md").read_text().replace("{contact}", settings.CONTACT_EMAIL)
    return render(request, "policy/paper.html", {"page": docs.rendered(source), "name": name})
