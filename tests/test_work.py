"""Scheduled work: any number of workers share it by rows, each kind is for itself, and what fails is seen (H14)."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pynamodb.exceptions import UpdateError

from imgapis.base import clock
from imgapis.base.mail import outbox
from imgapis.management.commands import work
from imgapis.models import ScheduledTask, scheduled_tasks
from imgapis.watch import checks
from imgapis.work import schedule, tasks
from imgapis.work.tasks import Task
from telemetry import metrics
from tests.people import fresh_address, mails
from tests.promises.patience import until

pytestmark = pytest.mark.usefixtures("dynamodb")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def name():
    """The name of a kind of work that nothing else has; its rows are gone afterwards."""
    name = f"test-{secrets.token_hex(4)}"
    yield name
    for row in ScheduledTask.query(name):
        row.delete()


@pytest.fixture
def ahead(monkeypatch):
    """A function that moves the clock ahead by seconds."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(seconds: float) -> None:
        moment[0] += seconds

    return move


def row_of(name: str, host: str = scheduled_tasks.ANY_HOST) -> ScheduledTask:
    """The row of a kind of work."""
    return scheduled_tasks.find(name, host)


def test_work_is_done_when_it_is_due_and_its_row_says_what_came_of_it(name, ahead):
    budgets = []
    task = Task(name, lambda seconds: budgets.append(seconds) or 7, 60.0, "task_failed", budget=20.0)
    for _ in range(3):
        task.run()
    assert budgets == [20.0], "it is not due again before its pause is over"
    row = row_of(name)
    assert (row.outcome, row.count, row.failures, row.pause, row.budget) == ("done", 7, 0, 60, 20)
    assert (
        row.finished >= row.began and row.due == pytest.approx(clock.now() + 60) and socket.gethostname() in row.holder
    )
    ahead(61)
    task.run()
    assert len(budgets) == 2


def test_of_many_workers_one_does_it(name):
    calls, barrier = [], threading.Barrier(8)
    task = Task(name, calls.append, 60.0, "task_failed")

    def run(_) -> None:
        barrier.wait()
        task.run()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(run, range(8)))
    assert len(calls) == 1


def test_what_a_host_does_for_itself_each_host_does(name, monkeypatch):
    calls = []
    task = Task(name, calls.append, 60.0, "task_failed", local=True)
    for host in ("one", "two", "one"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        task.run()
    assert len(calls) == 2 and row_of(name, "one").outcome == row_of(name, "two").outcome == "done"


def test_a_kind_that_takes_long_holds_up_no_other(name):
    """18 slow webhooks held up rollups, caps, the meter and erasures for three minutes."""
    stop, slow, quick = threading.Event(), threading.Event(), []
    kinds = [
        Task(name, lambda seconds: slow.wait(30), 0.0, "task_failed"),
        Task(f"{name}-quick", lambda seconds: quick.append(seconds), 0.0, "task_failed"),
    ]
    threads = tasks.start(kinds, stop)
    try:
        until(lambda: len(quick), lambda count: count >= 3)
        assert row_of(name).leased_until > clock.now() and not row_of(name).finished
    finally:
        stop.set()
        slow.set()
        for thread in threads:
            thread.join(10)
        row_of(f"{name}-quick").delete()


def test_work_of_a_process_that_was_killed_is_taken_over_when_its_lease_has_ended(name, ahead):
    calls = []
    task = Task(name, calls.append, 2.0, "task_failed", budget=20.0)
    assert scheduled_tasks.lease(name, scheduled_tasks.ANY_HOST, 2.0, 20.0)  # and the process is gone
    ahead(20)
    task.run()
    assert calls == []
    ahead(scheduled_tasks.MARGIN_SECONDS + 1)
    task.run()
    assert calls == [20.0]


def test_what_dynamodb_did_not_take_at_the_end_of_work_is_written_once_it_answers(name, ahead, monkeypatch):
    """A lease of an hour went on for an hour after its work had ended, and nobody was told."""
    calls = []
    task = Task(name, calls.append, 60.0, "task_failed", budget=3_600.0)
    with monkeypatch.context() as outage:
        outage.setattr(ScheduledTask, "update_if", failing_at(ScheduledTask.update_if, "finished"))
        task.run()
        assert row_of(name).leased_until > clock.now() + 3_600 and not row_of(name).finished
    task.run()
    assert (row_of(name).leased_until, row_of(name).outcome, calls) == (0, "done", [3_600.0])
    ahead(61)
    task.run()
    assert len(calls) == 2


@pytest.mark.parametrize("is_taken", [True, False])
def test_work_whose_lease_was_not_answered_is_done_once_dynamodb_answers(name, monkeypatch, is_taken):
    calls = []
    task = Task(name, calls.append, 60.0, "task_failed", budget=3_600.0)
    with monkeypatch.context() as outage:
        outage.setattr(ScheduledTask, "update_if", failing_at(ScheduledTask.update_if, "budget", is_taken=is_taken))
        task.run()
        assert calls == []
    task.run()
    assert calls == [3_600.0] and row_of(name).outcome == "done"


def test_a_lease_that_the_client_asked_for_twice_is_its_own(name, monkeypatch):
    """The reply to the first was lost, so that the second finds the work leased."""
    once = ScheduledTask.update_if
    monkeypatch.setattr(
        ScheduledTask, "update_if", lambda row, *of, **values: [once(row, *of, **values) for _ in "12"][1]
    )
    assert scheduled_tasks.lease(name, scheduled_tasks.ANY_HOST, 60.0, 3_600.0) is not None
    assert scheduled_tasks.lease(name, scheduled_tasks.ANY_HOST, 60.0, 3_600.0) is None


def failing_at(update_if, value: str, *, is_taken: bool = False):
    """A method in the place of `update_if` that sets no `value`, or sets it and loses the reply: DynamoDB's error."""

    def update(row, condition, actions=(), **values):
        if value not in values:
            return update_if(row, condition, actions, **values)
        if is_taken:
            update_if(row, condition, actions, **values)
        raise UpdateError("DynamoDB does not answer.")

    return update


def test_who_took_longer_than_the_lease_writes_nothing_over_who_took_over(name, ahead):
    slow = scheduled_tasks.lease(name, scheduled_tasks.ANY_HOST, 2.0, 20.0)
    ahead(51)
    quick = scheduled_tasks.lease(name, scheduled_tasks.ANY_HOST, 2.0, 20.0)
    scheduled_tasks.finish(slow, 2.0, 51_000, "OSError", 0)
    assert row_of(name).outcome == "" and row_of(name).leased_until == quick.leased_until
    scheduled_tasks.finish(quick, 2.0, 10, scheduled_tasks.DONE, 3)
    assert (row_of(name).outcome, row_of(name).count) == ("done", 3)


def test_work_that_breaks_in_a_way_nobody_thought_of_is_tried_again_counted_and_told(name, ahead):
    attempts = []

    def breaks(seconds):
        attempts.append(1)
        if len(attempts) <= schedule.MOST_FAILURES:
            raise RuntimeError("unforeseen")

    task = Task(name, breaks, 5.0, "task_failed")
    for number in range(1, schedule.MOST_FAILURES + 1):
        assert schedule.trouble([row_of(name)] if number > 1 else [], clock.now(), 300) == ""
        task.run()
        assert (row_of(name).outcome, row_of(name).failures) == ("RuntimeError", number)
        ahead(6)
    assert "failed 5 times in a row: RuntimeError" in schedule.trouble([row_of(name)], clock.now(), 300)
    task.run()
    assert row_of(name).failures == 0 and schedule.trouble([row_of(name)], clock.now(), 300) == ""


def test_work_that_nobody_does_is_told_and_a_worker_that_starts_late_raises_no_alarm(name, ahead):
    Task(name, lambda seconds: None, 2.0, "task_failed").run()
    sample = checks.sample()
    ahead(schedule.LATE_SECONDS + 10)
    later = replace(sample, now=clock.now())
    assert f"{name} has been due for 5 minutes" in schedule.trouble([row_of(name)], clock.now(), 300)
    assert checks.work(sample, later) and not checks.work(later, later)


def test_metrics_tell_of_each_kind(name):
    Task(name, lambda seconds: None, 2.0, "task_failed").run()
    Task(f"{name}-broken", lambda seconds: 1 / 0, 2.0, "task_failed").run()
    assert metrics.total("imgapis_tasks_total", task=name, outcome="done") == 1
    assert metrics.total("imgapis_tasks_total", task=f"{name}-broken", outcome="failed") == 1
    assert metrics.total("imgapis_task_finished_timestamp_seconds", task=name) == pytest.approx(time.time(), abs=60)
    row_of(f"{name}-broken").delete()


def test_every_kind_has_a_name_and_a_budget_of_its_own_and_an_unknown_one_is_refused():
    names = [task.name for task in work.all_tasks()]
    assert len(set(names)) == len(names) and {"outbox", "webhooks", "rollups", "meter", "erasures"} <= set(names)
    assert all(task.budget > 0 and re.fullmatch("[a-z]+", task.name) for task in work.all_tasks())
    with pytest.raises(CommandError, match=r"no task inbox: there are .*outbox"):
        call_command("work", only=["outbox", "inbox"])


def test_a_worker_may_send_mails_alone_and_ends_when_it_is_told_to():
    """What another process left in the outbox arrives; nothing else is done."""
    address = fresh_address("left")
    outbox.add(outbox.new_mail(address, "A subject", "emails/address_changed.txt"))
    command = [sys.executable, "manage.py", "work", "--only", "outbox"]
    worker = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL)
    try:
        assert until(lambda: [message["Subject"] for message in mails(address)], bool) == ["A subject"]
    finally:
        worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert {row.name for row in ScheduledTask.scan() if row.holder.endswith(f" {worker.pid}")} == {"outbox"}
