"""The owners of paid workspaces are told of the changed rules of credits: once each, previewed, resumable (H1, H6)."""

import io
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command

from accounts.models import people as person_rows
from accounts.people import people
from accounts.workspaces import workspaces
from billing.models import Subscription
from billing.stripe import customers
from imgapis.base import clock
from imgapis.base.mail import mail
from imgapis.models import announcements
from imgapis.policy import credit_notice, notices
from tests.accounts import teams


@pytest.fixture
def owners(dynamodb, monkeypatch):
    """(owner of two paid workspaces, owner of one together with the first), and mails kept in a list; a third person
    owns a free workspace, a fourth is the developer of a paid one."""
    first, second, free, developer = (
        people.create(f"{name}-{secrets.token_hex(5)}@example.com") for name in ("first", "second", "free", "dev")
    )
    rows = []
    for owner, state in ((first, "active"), (first, "past_due"), (free, "canceled"), (second, "none")):
        namespace = f"told-{secrets.token_hex(6)}"
        workspace = workspaces.create(owner.person_id, namespace=namespace, business_name=f"Firm {namespace[-3:]}")
        rows.append(Subscription(workspace.workspace_id, customer_id=f"cus_{namespace}", state=state))
        if len(rows) == 1:
            teams.add(workspace, second, "owner")
            teams.add(workspace, developer, "developer")
    monkeypatch.setattr(customers, "iter_all", lambda: iter(rows))
    monkeypatch.setattr(credit_notice, "NAME", f"credits-{secrets.token_hex(6)}")
    return first, second


@pytest.fixture
def sent(owners, monkeypatch):
    """(address, text) of each mail that the mail server took."""
    mails: list[tuple[str, str]] = []
    monkeypatch.setattr(mail, "send_now", lambda to, subject, body, mail_id: mails.append((to, body)))
    monkeypatch.setattr(mail, "deduplicates_ids", lambda: False)
    return mails


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("credit_notice", *arguments, stdout=out)
    return out.getvalue()


def once_each(owners) -> Counter:
    return Counter(person.email for person in owners)


def test_every_owner_of_a_paid_workspace_is_told_once_with_all_of_them(owners, sent):
    assert "Everybody has been told." in run()
    assert Counter(to for to, _ in sent) == once_each(owners)
    texts = dict(sent)
    assert texts[owners[0].email].count("Firm") == 2 and texts[owners[1].email].count("Firm") == 1
    assert all("upgrade adds the credits it pays for" in text and "/docs/billing" in text for text in texts.values())
    assert "0 to be told" in run() and Counter(to for to, _ in sent) == once_each(owners)
    assert announcements.find(credit_notice.NAME).completed


def test_the_plan_counts_and_shows_and_sends_nothing(owners, sent):
    output = run("--plan")
    assert "2 to be told." in output and "half of the difference" in output and credit_notice.SUBJECT in output
    assert sent == [] and announcements.find(credit_notice.NAME) is None


def test_where_the_mail_server_goes_away_the_next_run_tells_the_rest(owners, sent, monkeypatch):
    with monkeypatch.context() as patch:
        real_send = mail.send_now

        def one_only(*args):
            if sent:
                raise mail.MailServerUnavailable
            real_send(*args)

        patch.setattr(mail, "send_now", one_only)
        with pytest.raises(CommandError, match="run it again"):
            run()
    assert len(sent) == 1
    run()
    assert Counter(to for to, _ in sent) == once_each(owners)


def test_several_at_once_tell_everybody_once(owners, sent):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: credit_notice.send(), range(4)))
    assert Counter(to for to, _ in sent) == once_each(owners)


def test_a_mail_of_which_nobody_knows_is_settled_by_a_person(owners, sent, monkeypatch):
    def lost(*args):
        raise mail.DeliveryUnknown

    with monkeypatch.context() as patch:
        patch.setattr(mail, "send_now", lost)
        with pytest.raises(CommandError, match="run it again"):
            run()
    later = clock.now() + notices.LEASE_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    unsure = notices.unresolved(credit_notice.NAME)
    assert len(unsure) == 2 and sent == []
    run("--settle", unsure[0].mail_id, "--left", "yes")
    run("--settle", unsure[1].mail_id, "--left", "no")
    run()
    assert len(sent) == 1


def test_long_after_it_was_begun_it_is_not_sent_again(owners, sent, monkeypatch):
    """The rows that say who was told end after ninety days."""
    run()
    later = clock.now() + notices.OLDEST_SECONDS + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(CommandError, match="long ago"):
        run()
    assert len(sent) == 2


def test_an_owner_whose_account_is_gone_keeps_nobody_back(owners, sent):
    person_rows.find(owners[0].person_id).delete()
    run()
    assert [to for to, _ in sent] == [owners[1].email]
