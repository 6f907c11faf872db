"""Erasure ends empty whatever fails, stays empty after a restore, and is certified (D4–D9, P13, P19)."""

import itertools
import json

import pytest
from django.core.management import CommandError, call_command
from pynamodb.exceptions import QueryError

from accounts import audit
from accounts.models import Member, members, people
from accounts.models import workspaces as workspace_rows
from accounts.models.workspaces import WorkspaceGone
from accounts.teams import team_changes
from accounts.workspaces import namespaces, workspaces
from billing.charging import counters
from billing.plans import periods
from imgapis.base import buckets, clock, tokens
from imgapis.base.buckets import BucketError, StoredObject
from imgapis.base.mail import outbox
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure, registry, steps, suppression
from imgapis.tables import migration, row_classes
from telemetry import events, recorder, rollups
from tests import environment, stored
from tests.accounts import teams
from tests.telemetry.made_events import some
from transforms.access import fallbacks, presets
from transforms.sources import named_sources


class Killed(BaseException):
    """The process is gone: nothing of ours catches it."""


def filled():
    """A workspace with rows in every app and outputs in the bucket; its owner."""
    person = teams.new_person("eraser")
    name = f"er-{tokens.random_id('x')[2:14]}"
    row = workspaces.create(person.person_id, namespace=name, business_name=f"Canary {name}")
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix="https://shop.example/")
    presets.save(row.workspace_id, "system", "card", "w=9")
    fallbacks.save(row.workspace_id, "system", "empty", f"shop/{name}.png")
    happened = some(row.workspace_id, 5, clock.now() - 60, clock.now(), seed=7)
    events.write(happened)
    rollups.mark_dirty([(row.workspace_id, clock.hour(clock.now()))])
    counters.ensure_open(row.workspace_id, periods.terms_of(row), clock.now())
    buckets.put(f"365d/{folder_of(row)}/ab", StoredObject(b"picture", "image/webp", {}))
    buckets.put(f"1d/{folder_of(row)}/cd", StoredObject(b"{}", "application/json", {}))
    return row, person


def folder_of(row) -> str:
    return tokens.subkey(workspaces.key(row), "folder").hex()[:32]


def left_of(*marks: str) -> list[str]:
    """The tables, the evidence apart, in which one of some texts stands; raw, whatever the models know."""
    names = [row.Meta.table_name for row in row_classes.registered() if row.__name__ != "Erasure"]
    return [name for name in names if stored.items(name, *marks)]


def run_to_end(subject_id: str, monkeypatch) -> None:
    """Work until the erasure is certified; the clock alone is moved."""
    real, ahead = clock.now, [0.0]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(subject_id)])
    for _ in range(8):
        if erasures.find(subject_id).state == "done":
            return
        erasure.process_due()
        ahead[0] += erasure.SWEEP_SECONDS + 1


def replay_alone(monkeypatch, subject_id: str) -> None:
    """Let a replay see one entry of the suppression list: other tests have left theirs."""
    suppressed = suppression.suppressed
    monkeypatch.setattr(suppression, "suppressed", lambda: (pair for pair in suppressed() if pair[1] == subject_id))


def is_empty(row) -> bool:
    below = [name for life in steps.LIVES for name in buckets.list_keys(prefix=f"{life}/{folder_of(row)}/")]
    return left_of(row.workspace_id, row.namespace) == [] and below == []


def test_it_works(dynamodb, bucket, monkeypatch):
    """P19, D5: everything goes, the certificate verifies, and counts what went."""
    row, _ = filled()
    assert left_of(row.workspace_id) and left_of(row.namespace)
    erasure.request("workspace", row.workspace_id, at_once=True)
    run_to_end(row.workspace_id, monkeypatch)
    assert is_empty(row)
    facts = certificates.verify(dict(erasures.find(row.workspace_id).certificate))
    assert facts["removed"]["events"] == 5 and facts["removed"]["outputs"] == 2
    assert facts["removed"]["workspaces"] == 1 and facts["removed"]["sources"] == 1


def failing(step, fault, broken: list):
    """A step that fails once: before it does anything, or after everything where its reply is lost."""

    def fails(row):
        if broken:
            return step(row)
        broken.append(step)
        if fault == "lost reply":
            step(row)
            raise QueryError("no answer")
        raise fault("broken")

    return fails


FAULTS = (RuntimeError, BucketError, Killed, "lost reply")
FAKES = 4


@pytest.mark.parametrize("number", range(FAKES))
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_at_any_step_is_got_over_and_no_step_is_left_out(number, fault, dynamodb, bucket, monkeypatch):
    """D4: an exception, a store that is away, a kill, a reply that is lost after the step was done. The steps here
    empty lists; every real one does its work twice in the test below."""
    subject_id, stores, broken = tokens.random_id("ws"), [[1, 2] for _ in range(FAKES)], []

    def emptying(index: int):
        def step(row):
            gone, stores[index] = len(stores[index]), []
            return {f"store {index}": gone}

        return step

    listed = [emptying(index) for index in range(FAKES)]
    listed[number] = failing(listed[number], fault, broken)
    monkeypatch.setattr(steps, "steps", lambda kind: tuple(listed))
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(subject_id)])
    erasure.request("workspace", subject_id, at_once=True)
    try:
        erasure.process_due()
    except (RuntimeError, Killed):
        pass
    running = erasures.find(subject_id)
    assert (running.state, int(running.step)) == ("running", number)
    assert stores[number + 1 :] == [[1, 2]] * (FAKES - number - 1), "nothing after the fault has begun"
    run_to_end(subject_id, monkeypatch)
    facts = certificates.verify(dict(erasures.find(subject_id).certificate))
    assert stores == [[]] * FAKES and facts["counts_are"] == "at least"
    lost = {f"store {number}"} if fault == "lost reply" else set()
    assert {name for name, count in facts["removed"].items() if count == 2} == {
        f"store {index}" for index in range(FAKES)
    } - lost


REAL = [*enumerate(steps.steps("workspace"))]
# One real run an app, whose step has the app in its name; all steps with all faults in `make soak`.
BY_APP = [number for number, step in REAL if step.__name__.startswith("_rows_of_")]
CASES = (
    list(itertools.product([number for number, _ in REAL], FAULTS))
    if environment.STAGE == "soak"
    else list(zip(BY_APP, itertools.cycle(FAULTS), strict=False))
)


@pytest.mark.parametrize(("number", "fault"), CASES, ids=str)
def test_a_fault_at_any_real_step_ends_in_the_same_empty_state(number, fault, dynamodb, bucket, monkeypatch):
    """D4"""
    row, _ = filled()
    real, broken = steps.steps, []

    def breaking(kind):
        listed = list(real(kind))
        step, fails = listed[number], failing(listed[number], fault, broken)
        listed[number] = lambda each: (fails if each.subject_id == row.workspace_id else step)(each)
        return tuple(listed)

    monkeypatch.setattr(steps, "steps", breaking)
    erasure.request("workspace", row.workspace_id, at_once=True)
    try:
        erasure.process_due()
    except (RuntimeError, Killed):
        pass
    assert len(broken) == 1 and erasures.find(row.workspace_id).state == "running"
    run_to_end(row.workspace_id, monkeypatch)
    assert erasures.find(row.workspace_id).state == "done" and is_empty(row)


def test_it_can_be_taken_back_for_seven_days_and_not_once_it_runs(dynamodb, bucket):
    """P19"""
    row, _ = filled()
    scheduled = erasure.request("workspace", row.workspace_id)
    assert scheduled.due - scheduled.asked == 7 * 86_400
    erasure.process_due()
    assert workspace_rows.find(row.workspace_id) is not None
    erasure.undo(row.workspace_id)
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    with pytest.raises(erasure.NoErasure):
        erasure.undo(row.workspace_id)


@pytest.mark.parametrize("days_ago", [0, 5, 10, 20])
def test_undo_work_and_recovery_stay_under_thirty_days_of_the_mail(days_ago, dynamodb, bucket):
    """D7: where the mail was read late there is less time to undo; from 14 days on, none."""
    row, _ = filled()
    now = clock.now()
    scheduled = erasure.request("workspace", row.workspace_id, asked=now - days_ago * 86_400)
    ends = scheduled.due + erasure.SWEEP_SECONDS + migration.RECOVERY_DAYS * 86_400
    assert ends < scheduled.asked + 30 * 86_400 or scheduled.due <= now + 1
    erasure.undo(row.workspace_id)


def test_nothing_is_written_for_a_workspace_that_is_gone(dynamodb, bucket, monkeypatch):
    """D8: free events of the spool, counters and charges find no workspace."""
    row, _ = filled()
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    recorder._write_existing(list(some(row.workspace_id, 100, clock.now() - 60, clock.now(), seed=3)))
    counters._known.clear()
    with pytest.raises(WorkspaceGone):
        counters.ensure_open(row.workspace_id, periods.terms_of(row), clock.now())
    assert is_empty(row)


def test_the_second_sweep_comes_a_day_after_the_first_and_not_before(dynamodb, bucket, monkeypatch):
    """D4, H24: it takes what a slow server wrote meanwhile."""
    row, _ = filled()
    subject_id, moment = row.workspace_id, [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    monkeypatch.setattr(erasures, "iter_all", lambda: [erasures.find(subject_id)])
    erasure.request("workspace", subject_id, at_once=True)
    states = []
    for seconds in (0, 1, erasure.SWEEP_SECONDS - 60, 120):
        moment[0] += seconds
        erasure.process_due()
        states.append(erasures.find(subject_id).state)
        if len(states) == 1:
            rollups.mark_dirty([(subject_id, clock.hour(clock.now()))])
    assert states == ["swept", "swept", "swept", "done"] and is_empty(row)
    facts = certificates.verify(dict(erasures.find(subject_id).certificate))
    assert facts["first_sweep"] < facts["second_sweep"] == clock.stamp(moment[0])
    # No copy from before the second sweep can be restored any more: the 14 days of recovery count from it.
    assert facts["beyond_recovery"] == clock.stamp(moment[0] + 14 * clock.DAY)


def test_nobody_is_given_the_namespace_of_an_erased_workspace(dynamodb, bucket):
    row, person = filled()
    old = row.namespace
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.create_unowned(namespace=old, allowance=10)
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.create(person.person_id, namespace=old, business_name="again")
    other = workspaces.create_unowned(namespace=f"n-{tokens.random_id('x')[2:14]}", allowance=10)
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.rename(other, "system", old)


def test_an_erased_namespace_stays_taken_when_the_key_of_its_digest_is_rotated(dynamodb, bucket, settings):
    """H24, D8"""
    row, person = filled()
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    settings.PRIVACY_KEY, settings.PRIVACY_KEY_FALLBACKS = "a newer one", [settings.PRIVACY_KEY]
    with pytest.raises(namespaces.NamespaceTaken):
        workspaces.create(person.person_id, namespace=row.namespace, business_name="again")


def test_a_mail_to_an_erased_address_that_names_no_person_goes_too(dynamodb, bucket, monkeypatch):
    """H24, P19: an invitation and a code are to an address, whoever has it."""
    row, _ = filled()
    person = teams.new_person("invited")
    outbox.add(
        outbox.new_mail(person.email, "A subject", "emails/invite.txt", delay=600, workspace_id=row.workspace_id)
    )
    erasure.request("person", person.person_id, at_once=True)
    run_to_end(person.person_id, monkeypatch)
    assert left_of(person.email) == []


def test_a_member_goes_and_the_workspace_stays(dynamodb, bucket, monkeypatch):
    """D9"""
    row, _ = filled()
    member = teams.new_person("leaver")
    teams.add(row, member, "developer")
    audit.record(row.workspace_id, member.person_id, "workspace.changed")
    erasure.request("person", member.person_id, at_once=True)
    run_to_end(member.person_id, monkeypatch)
    assert left_of(member.email) == []
    assert members.find(row.workspace_id, member.person_id) is None
    assert workspace_rows.find(row.workspace_id) is not None


def test_an_owner_who_is_erased_is_counted_no_longer(dynamodb):
    """D9, A10: or the last one who is left could leave too."""
    workspace, staff = teams.whole_team()
    team_changes.change_role(teams.place(workspace, staff["admin"]), "owner")
    assert teams.owners(workspace) == (2, 2)
    steps._remove("person", steps._holding(Member), staff["admin"].person_id)
    assert teams.owners(workspace) == (1, 1)


def test_a_sole_owner_hands_over_or_deletes_first(dynamodb, bucket):
    """D9"""
    row, person = filled()
    with pytest.raises(erasure.SoleOwner):
        erasure.request("person", person.person_id, at_once=True)
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    erasure.request("person", person.person_id, at_once=True)
    erasure.process_due()
    assert left_of(person.email, person.person_id) == []


def test_what_a_restore_brings_back_is_erased_again(dynamodb, bucket, monkeypatch):
    """D7: every row is copied, erased, and put back, the evidence left out; the replay leaves nothing."""
    row, _ = filled()
    finders = [(held, registry.find("workspace", held)) for held in registry.HOLDINGS]
    copied = [each for _, find in finders if find for each in find(row.workspace_id)]
    erasure.request("workspace", row.workspace_id, at_once=True)
    erasure.process_due()
    for each in copied:
        each.save(condition=None)
    erasures.find(row.workspace_id).delete()
    assert not is_empty(row)
    replay_alone(monkeypatch, row.workspace_id)
    call_command("erasure_replay")
    assert is_empty(row)


def test_an_altered_certificate_and_a_foreign_one_are_refused(tmp_path):
    signed = certificates.sign({"subject": "ws_x", "removed": {"events": 5}})
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(signed))
    call_command("verify_certificate", str(path))
    path.write_text(json.dumps(signed | {"certificate": {"subject": "ws_x", "removed": {"events": 6}}}))
    with pytest.raises(CommandError):
        call_command("verify_certificate", str(path))
    path.write_text(json.dumps(signed))
    with pytest.raises(CommandError):
        call_command("verify_certificate", str(path), "--key", "AAAA")


def test_a_restored_owner_whom_nobody_can_ask_does_not_stop_the_replay(dynamodb, bucket, monkeypatch, stripe_stub):
    """D7: the workspace was handed over before the erasure; the restore is older."""
    owner, heir = teams.new_person("giver"), teams.new_person("heir")
    shared = teams.new_workspace(owner)
    Member(shared.workspace_id, heir.person_id, role="admin", joined=1).save()
    place = teams.place(shared, heir)
    team_changes.change_role(place, "owner")
    team_changes.remove(members.find(shared.workspace_id, owner.person_id))
    erasure.request("person", owner.person_id, at_once=True)
    run_to_end(owner.person_id, monkeypatch)
    with type(place).batch_write() as writer:  # as it was: the owner alone
        writer.save(type(place)(shared.workspace_id, owner.person_id, role="owner", joined=1))
        writer.delete(members.find(shared.workspace_id, heir.person_id))
    replay_alone(monkeypatch, owner.person_id)
    erasure.replay()
    assert left_of(owner.email) == [] and members.of_workspace(shared.workspace_id) == []
    assert workspace_rows.find(shared.workspace_id) is not None


def test_an_account_waits_where_its_workspaces_deletion_was_taken_back(dynamodb, bucket, stripe_stub):
    """D9: nothing of the person has gone by then."""
    row, person = filled()
    erasure.request("workspace", row.workspace_id)
    erasure.request("person", person.person_id, at_once=True)
    erasure.undo(row.workspace_id)
    erasure.process_due()
    waiting = erasures.find(person.person_id)
    assert (waiting.state, int(waiting.step), waiting.failure) == ("running", 0, "SoleOwner")
    assert people.find(person.person_id) is not None
    assert members.find(row.workspace_id, person.person_id) is not None
