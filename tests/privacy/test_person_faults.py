"""A person's erasure ends empty whatever fails at any step, and says honestly what it counted (D4, D9)."""

import itertools
import json
import random
import secrets

import pytest
from pynamodb.exceptions import QueryError

from accounts import audit
from accounts.models import AuditEntry, EmailClaim, Member, Person, members
from accounts.models import workspaces as workspace_rows
from accounts.people import people
from accounts.workspaces import workspaces
from imgapis.base import clock, tokens
from imgapis.base.buckets import BucketError
from imgapis.models import Erasure, PrivacyRequest, erasures
from imgapis.privacy import certificates, erasure, registry, steps
from imgapis.tables import row_classes
from tests import environment, stored
from tests.accounts import teams
from tests.privacy.full import Account
from transforms.sources import named_sources

pytestmark = [pytest.mark.usefixtures("dynamodb", "bucket", "stripe_stub"), pytest.mark.timeout(120)]
FAULTS = (RuntimeError, BucketError, "killed", "lost reply")
# What may keep an opaque id of somebody who is gone: the logs of workspaces they shared, and the proofs.
MAY_NAME = {AuditEntry, PrivacyRequest, Erasure}
MADE_OTHERWISE = {Member, Person, EmailClaim, AuditEntry}
SITUATIONS = ("sole owner", "member", "owner among owners")
EVERY = list(itertools.product(range(len(steps.steps("person"))), FAULTS, SITUATIONS))
CASES = random.Random(9).sample(EVERY, environment.count(3, 9, len(EVERY)))
TABLES = sum(held.of_person is not None for held in registry.HOLDINGS)


class Killed(BaseException):
    """The process is gone: nothing of ours catches it."""


class Somebody(Account):
    """A person with a row in every table that can hold one of a person's, and a place in a workspace."""

    def __init__(self, situation: str):
        self.mark = f"somebody{secrets.token_hex(6)}"
        self.email = f"{self.mark}@example.com"
        self.person = people.create(self.email)
        self.person_id = self.person.person_id
        founder = self.person if situation == "sole owner" else teams.new_person("founder")
        self.workspace = teams.new_workspace(founder)
        self.workspace_id = self.workspace.workspace_id
        self.folder = tokens.subkey(workspaces.key(self.workspace), "folder").hex()[:32]
        if situation != "sole owner":
            teams.add(self.workspace, self.person, "owner" if situation == "owner among owners" else "developer")
        audit.record(self.workspace_id, self.person_id, "workspace.changed", self.workspace_id)
        audit.record(audit.log_of_person(self.person_id), "staff:p_x", "code.sent", self.person_id, reason=self.mark)
        for table in {held.row for held in registry.HOLDINGS if held.of_person} - MADE_OTHERWISE:
            with table.batch_write() as writer:
                writer.save(self.row(table))
        if situation == "sole owner":
            erasure.request("workspace", self.workspace_id, at_once=True)
            erasure._claim_and_run(erasures.find(self.workspace_id))
            for table in {held.row for held in registry.HOLDINGS if held.of_person} - MADE_OTHERWISE:
                with table.batch_write() as writer:  # what the workspace's own erasure took with it
                    writer.save(self.row(table))

    def traces(self) -> list[str]:
        """Where the address or the mark still stands, and where the opaque id stands though it may not; raw."""
        places = []
        for table in row_classes.registered():
            matching = stored.items(table.Meta.table_name, self.email, *[self.person_id] * (table not in MAY_NAME))
            places += [table.__name__] * bool(matching)
        return places


@pytest.fixture
def born():
    """Makes somebody; no row of theirs is left for other tests to meet."""
    made = []

    def make(situation: str) -> Somebody:
        made.append(Somebody(situation))
        return made[-1]

    yield make
    for each in made:
        each.forget()


def work(subject_id: str, monkeypatch, faults=(RuntimeError, Killed)) -> Erasure:
    """Work until the erasure is certified; the clock alone is moved."""
    real, ahead = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])
    for _ in range(8):
        row = erasures.find(subject_id)
        if row.state == "done":
            break
        try:
            erasure._claim_and_run(row)
        except faults:
            pass
        ahead[0] += erasure.SWEEP_SECONDS + 1
    return erasures.find(subject_id)


def breaking(real, fault, broken: list):
    """A function that fails once: before it does anything, or after everything where its reply is lost."""

    def fails(*given):
        if broken:
            return real(*given)
        broken.append(real)
        if fault == "lost reply":
            real(*given)
            raise QueryError("no answer")
        raise (Killed if fault == "killed" else fault)("broken")

    return fails


@pytest.mark.counted
@pytest.mark.parametrize(("number", "fault", "situation"), CASES, ids=str)
def test_a_fault_at_any_step_ends_in_the_same_empty_state(number, fault, situation, born, monkeypatch):
    """D4, D9: a workspace that is shared stays, with as many owners as it counts."""
    somebody, real, broken = born(situation), steps.steps, []
    assert len(somebody.traces()) > 10

    def faulty(kind):
        listed = list(real(kind))
        listed[number] = breaking(real(kind)[number], fault, broken)
        return tuple(listed)

    monkeypatch.setattr(steps, "steps", faulty)
    erasure.request("person", somebody.person_id, at_once=True)
    done = work(somebody.person_id, monkeypatch)
    assert broken and done.state == "done" and somebody.traces() == []
    if situation == "sole owner":
        assert workspace_rows.find(somebody.workspace_id) is None
    else:
        assert members.find(somebody.workspace_id, somebody.person_id) is None
        counted, there = teams.owners(somebody.workspace)
        assert counted == there == 1
    facts = certificates.verify(dict(done.certificate))
    assert facts["counts_are"] == "at least" and somebody.mark not in json.dumps(facts)


@pytest.mark.counted
@pytest.mark.parametrize("number", range(0, TABLES, environment.count(12, 6, 1)))
def test_a_kill_between_any_two_tables_ends_in_the_same_empty_state(number, born, monkeypatch):
    """D4: the address that finds codes and invitations goes after them."""
    somebody, real, broken, seen = born("member"), steps._remove, [], []

    def remove(kind, holding, subject_id):
        if subject_id == somebody.person_id and registry.find(kind, holding):
            seen.append(holding.row)
            if len(seen) == number + 1:
                broken.append(holding.row)
                raise Killed
        return real(kind, holding, subject_id)

    monkeypatch.setattr(steps, "_remove", remove)
    erasure.request("person", somebody.person_id, at_once=True)
    done = work(somebody.person_id, monkeypatch)
    assert broken and done.state == "done" and somebody.traces() == []


def test_a_certificate_says_exact_where_nothing_was_broken_off(born, monkeypatch):
    somebody = born("member")
    erasure.request("person", somebody.person_id, at_once=True)
    facts = certificates.verify(dict(work(somebody.person_id, monkeypatch).certificate))
    assert facts["counts_are"] == "exact"
    assert facts["removed"]["people"] == facts["removed"]["members"] == facts["removed"]["sessions"] == 1


def test_a_try_that_is_broken_off_makes_the_counts_the_least(monkeypatch):
    """What a killed process had removed and not written down is missing from the counts; the certificate says so, and
    never counts a row twice."""
    workspace = teams.new_workspace(teams.new_person("counted"))
    for number in range(3):
        named_sources.create(workspace.workspace_id, name=f"s{number}", kind="http", prefix="https://shop.example/")
    real, broken = steps._rows_of, []

    def rows_of(app):
        remove = real(app)
        return breaking(remove, "lost reply", broken) if app == "transforms" and not broken else remove

    monkeypatch.setattr(steps, "_rows_of", rows_of)
    erasure.request("workspace", workspace.workspace_id, at_once=True)
    done = work(workspace.workspace_id, monkeypatch)
    facts = certificates.verify(dict(done.certificate))
    assert broken and facts["counts_are"] == "at least" and facts["removed"]["sources"] == 0
    assert facts["removed"]["members"] == 1


def test_what_is_erased_again_after_a_restore_is_counted_as_the_least(born, monkeypatch):
    somebody = born("member")
    erasure.request("person", somebody.person_id, at_once=True)
    work(somebody.person_id, monkeypatch)
    erasures.find(somebody.person_id).delete()
    with Person.batch_write() as writer:
        writer.save(somebody.person)
    erasure._erase_again("person", somebody.person_id)
    facts = certificates.verify(dict(work(somebody.person_id, monkeypatch).certificate))
    assert facts["counts_are"] == "at least" and facts["removed"]["people"] == 1
