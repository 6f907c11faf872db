"""The public policy pages: the version in effect, the coming one, and the machine-readable files."""

import hashlib
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.utils.safestring import mark_safe
from pynamodb.exceptions import GetError

from imgapis.base import clock
from imgapis.models import Announcement, PrivacyProof, announcements, privacy_proofs
from imgapis.policy import additions, companies, differences, versions, wellknown
from imgapis.policy.promises import Promise
from imgapis.site import policy_pages, status
from tests import people

FIRST = (settings.BASE_DIR / "docs" / "policy" / "2026-05-18.md").read_text()
PUBLISHED_DIGESTS = {"2026-05-18": "87a5df89ca0dc06c29492702cd9690aaf976562cb96bb088a6cee3b525d2013a"}
COMING = (
    FIRST.replace("2026-05-18", "2030-01-10")
    .replace("The first version.", "We keep one thing less.")
    .replace("24 hours for what", "12 hours for what")
)


@pytest.fixture
def coming(dynamodb, tmp_path, monkeypatch):
    """A second version, planned for 2030-01-10."""
    (tmp_path / "2026-05-18.md").write_text(FIRST)
    (tmp_path / "2030-01-10.md").write_text(COMING)
    monkeypatch.setattr(versions, "folder", lambda: tmp_path)
    monkeypatch.setattr(versions, "_last_known", [])
    yield "2030-01-10"
    for row in Announcement.scan():
        row.delete()


def at(monkeypatch, day: str) -> None:
    """Set the clock to noon of a day."""
    monkeypatch.setattr(clock, "now", lambda: versions.midnight(day) + 43_200)


def read(view, *args) -> str:
    """The body of a view's response."""
    return people.as_shown(view(RequestFactory().get("/"), *args).content.decode())


def test_every_promise_stands_on_the_page_once_in_our_words_with_the_contact(web):
    """P24"""
    text = people.Browser().get("/privacy").text
    assert re.findall(r'id="(P[0-9]{2})"', text).__len__() == 24
    assert {f"P{number:02}" for number in range(1, 25)} == set(re.findall(r'id="(P[0-9]{2})"', text))
    assert f"mailto:{settings.CONTACT_EMAIL}" in text and "{contact}" not in text


def test_what_is_kept_beside_the_policy_is_read_from_the_tables():
    """P02: sessions, codes, the audit log, privacy requests, and any later table."""
    additions_text = " ".join(addition.what for addition in additions.list_all())
    for phrase in (
        "logged in",
        "code that was mailed",
        "Who did what, by opaque ids",
        "GDPR",
        "16 or older",
        "last day",
    ):
        assert phrase in additions_text
    assert all(addition.until for addition in additions.list_all()) and not re.search(r"\([A-Z][0-9]", additions_text)


def test_a_coming_version_can_be_read_and_does_not_hold(coming, monkeypatch):
    at(monkeypatch, "2029-12-20")
    announcements.announce(coming, coming, clock.now())
    assert versions.current().name == "2026-05-18"
    assert f'href="/privacy/versions/{coming}"' in read(policy_pages.privacy)
    text = read(policy_pages.version, coming)
    assert "<del>24</del> <ins>12</ins>" in text and "not the version that holds" in text
    assert text.count("<ins>") == 1


def test_a_version_holds_from_its_day_once_everybody_was_told(coming, monkeypatch):
    """P23"""
    at(monkeypatch, "2029-12-20")
    announcements.announce(coming, coming, clock.now())
    announcements.complete(coming, clock.now())
    assert versions.current().name == "2026-05-18"
    at(monkeypatch, "2030-01-10")
    assert versions.current().name == coming


def test_a_version_that_nobody_was_told_of_never_holds(coming, monkeypatch):
    """P23"""
    at(monkeypatch, "2031-01-01")
    assert versions.current().name == "2026-05-18"
    announcements.announce(coming, coming, clock.now())
    assert versions.current().name == "2026-05-18"


def test_a_day_only_ever_moves_later(coming, monkeypatch):
    """P23"""
    at(monkeypatch, "2029-12-20")
    announcements.announce(coming, coming, clock.now())
    announcements.move_effect(coming, "2030-01-20")
    announcements.move_effect(coming, "2030-01-12")
    assert versions.takes_effect(versions.named(coming)) == "2030-01-20"


def test_the_policy_is_read_as_last_known_while_the_store_is_away(coming, monkeypatch):
    at(monkeypatch, "2030-01-10")
    announcements.announce(coming, coming, clock.now())
    announcements.complete(coming, clock.now())
    assert versions.calendar().current.name == coming

    def away(*_):
        raise GetError("no answer")

    monkeypatch.setattr(announcements, "find", away)
    monkeypatch.setattr(privacy_proofs, "last", away)
    assert "<del>24</del> <ins>12</ins>" in read(policy_pages.privacy)
    monkeypatch.setattr(versions, "_last_known", [])
    assert versions.calendar().current.name == "2026-05-18" and 'id="P24"' in read(policy_pages.privacy)


def test_a_version_that_has_held_is_never_changed():
    """A new version is a new file, and a notice."""
    for name, digest in PUBLISHED_DIGESTS.items():
        source = (settings.BASE_DIR / "docs" / "policy" / f"{name}.md").read_bytes()
        assert hashlib.sha256(source).hexdigest() == digest, name


def test_versions_are_listed_with_their_days_and_states(coming, monkeypatch):
    at(monkeypatch, "2029-12-20")
    text = read(policy_pages.version_list)
    assert text.index("2030-01-10") < text.index("2026-05-18") and "coming" in text and "holds" in text


def test_a_file_that_names_another_day_is_refused():
    with pytest.raises(ValueError, match="effective"):
        versions.parsed("2026-05-19", FIRST)


def test_a_paragraph_without_a_number_is_refused():
    with pytest.raises(ValueError, match="number of its promise"):
        versions.parsed("2026-05-18", f"{FIRST}\n\nWe are nice.")


def test_a_statement_that_came_or_went_is_a_change():
    old_version, new_version = (
        versions.parsed("2026-05-18", FIRST),
        versions.parsed("2026-05-18", FIRST.replace("P10:", "P99:")),
    )
    changes = {
        change.number: [piece.kind for piece in change.spans]
        for change in differences.between(old_version, new_version)
    }
    assert changes == {"P10": ["removed"], "P99": ["added"]}


def test_the_page_of_companies_names_three_and_what_they_are_examined_for(web):
    """P15"""
    text = people.Browser().get("/privacy/subprocessors").text
    assert [company.name for company in companies.COMPANIES] == ["Cloudflare", "Amazon Web Services", "Stripe"]
    for phrase in ("us-east-1", "ISO 27018", "PCI DSS Level 1", "SOC 2 Type II", "Analytics Engine", "codes"):
        assert phrase in text


def test_security_txt_says_whom_to_tell_and_runs_out_within_a_year(web):
    text = people.Browser().get("/.well-known/security.txt").text
    fields = dict(line.split(": ", 1) for line in text.splitlines())
    assert fields["Contact"] == f"mailto:{settings.CONTACT_EMAIL}"
    assert fields["Canonical"] == f"{settings.SITE_URL}/.well-known/security.txt"
    for month in range(1, 13):
        now = datetime(2026, month, 28, tzinfo=UTC)
        expires = datetime.fromisoformat(wellknown.expires(now.timestamp()))
        assert 150 < (expires - now).days < 240


def test_nothing_is_sold_and_machines_can_read_it(web):
    page = people.Browser().get("/.well-known/gpc.json")
    assert (
        page.text == '{"gpc": true, "lastUpdate": "2026-05-18"}' and page.headers["content-type"] == "application/json"
    )


@pytest.mark.parametrize("path", ["/", "/privacy", "/docs", "/status", "/login", "/terms"])
def test_every_page_leads_to_the_papers(web, path):
    text = people.Browser().get(path).text
    assert all(f'href="{link}"' in text for link in ("/privacy", "/privacy/cookies", "/terms", "/security"))


@pytest.mark.parametrize(
    ("states", "state", "words"),
    [
        (["held", "held"], "ok", "2 of 2 checks held."),
        (["held", "not looked at"], "ok", "1 of 2 checks held; 1 did not run."),
        (["held", "broken"], "bad", "1 of 2 checks failed."),
    ],
)
def test_the_status_page_says_what_the_proof_said(states, state, words):
    (part,) = status._privacy(PrivacyProof("x", moment=1, checks=dict(enumerate(states))))
    assert part.state == state and part.sentence.endswith(words) and status._privacy(None) == []


@pytest.mark.parametrize(
    ("promise", "proven", "line"),
    [
        (Promise("P90", "", ("a",), waits="Waits."), "ok", "Proven in part"),
        (Promise("P90", "", (), waits="Waits."), "", "Not yet proven"),
        (Promise("P90", "", ("a",)), "", "How this is proven"),
        (Promise("P90", "", ("a",)), "ok", '<span class="badge ok">held</span> when we last looked'),
        (Promise("P90", "", ("a",)), "bad", '<span class="badge bad">broken</span> when we last looked'),
        (None, "", ""),
    ],
)
def test_a_promise_says_how_far_it_is_proven(promise, proven, line):
    view = policy_pages.PromiseView("P90", mark_safe(""), promise, proven)
    assert view.proof == line
