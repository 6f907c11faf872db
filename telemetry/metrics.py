"""Counts for operators, in Prometheus' words: of this host, of every process together, about no customer and nobody.

Each process writes into files of its own (`VAR_DIR/run/metrics`, named in settings for the library), so that the worker
can add up what all of them counted, those that are gone included.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from threading import Lock, Thread
from typing import Protocol
from wsgiref.simple_server import WSGIServer

import prometheus_client
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from telemetry.events import RequestEvent

KINDS = ("counter", "histogram", "gauge_mostrecent")  # as the library names its files
RESERVED_BYTES = 131_072  # every series there can be takes about a third of it
LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)


class CountSeries(Protocol):
    """What only grows; `labels` gives the series of some values."""

    def labels(self, *values: str) -> "CountSeries": ...

    def inc(self, amount: float = 1) -> None: ...


class LatencySeries(Protocol):
    """How long something took, in seconds."""

    def labels(self, *values: str) -> "LatencySeries": ...

    def observe(self, amount: float) -> None: ...


class LevelSeries(Protocol):
    """What is so now."""

    def labels(self, *values: str) -> "LevelSeries": ...

    def set(self, value: float) -> None: ...


@dataclass(frozen=True)
class Counts:
    """Every count of a process."""

    requests: CountSeries
    credits: CountSeries
    size: CountSeries
    latency: LatencySeries
    charged: CountSeries
    recorded: CountSeries
    held: CountSeries
    lost: CountSeries
    late: CountSeries
    renders_ended: CountSeries
    overage_failed: CountSeries
    stripe_events_refused: CountSeries
    alerts: LevelSeries
    tasks: CountSeries
    task_seconds: LevelSeries
    task_finished: LevelSeries


class _NullMetric:
    """A count that counts nothing."""

    def labels(self, *_: str) -> "_NullMetric":
        return self

    def inc(self, *_: float) -> None:
        """Nothing."""

    observe = set = inc


_counts: list[Counts] = []
_making = Lock()


def counts() -> Counts:
    """The counts of this process, created at the first call: importing creates no file. While a full disk has no space
    for them nothing is counted: no answer fails for want of a count."""
    if not _counts:
        with _making:
            if not _counts:
                try:
                    _reserve()
                except OSError:
                    return Counts(*[_NullMetric()] * len(fields(Counts)))
                _counts.append(_new_counts())
    return _counts[0]


def _reserve() -> None:
    """Give the files of this process their place on the disk. The library maps them into memory, and to write where the
    disk has no place is the end of a process (SIGBUS)."""
    settings.METRICS_DIR.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = settings.METRICS_DIR / f"{kind}_{os.getpid()}.db"
        try:
            with path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _new_counts() -> Counts:
    registry = CollectorRegistry()

    def counter(name: str, meaning: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(f"imgapis_{name}", meaning, labels, registry=registry)

    return Counts(
        requests=counter("requests", "Image requests answered", ("operation", "cache", "status")),
        credits=counter("credits", "Credits charged, as the answers said", ("operation",)),
        size=counter("answer_bytes", "Bytes of image answers", ("operation",)),
        latency=Histogram(
            "imgapis_latency_seconds",
            "Time until an image answer",
            ("operation", "cache"),
            buckets=LATENCIES,
            registry=registry,
        ),
        charged=counter("answers_charged", "Image answers whose event was written by their charge"),
        recorded=counter("events_recorded", "Free events put into the spool"),
        held=counter("events_held", "Events held in memory because the spool's disk was full"),
        lost=counter("events_lost", "Free events lost: the disk was full, and the memory for them too"),
        late=counter("events_late", "Free events dropped because they came more than 48 hours late"),
        renders_ended=counter("renders_ended", "Render processes that were killed or died in a job"),
        overage_failed=counter("overage_reports_failed", "Reports of overage that Stripe's meter did not take"),
        stripe_events_refused=counter("stripe_events_refused", "Stripe's events in an API version that is not read"),
        alerts=Gauge(
            "imgapis_alert", "1 while an alert stands", ("name",), registry=registry, multiprocess_mode="mostrecent"
        ),
        tasks=counter("tasks", "Scheduled work done by this host", ("task", "outcome")),
        task_seconds=Gauge(
            "imgapis_task_seconds",
            "How long scheduled work took last",
            ("task",),
            registry=registry,
            multiprocess_mode="mostrecent",
        ),
        task_finished=Gauge(
            "imgapis_task_finished_timestamp_seconds",
            "When this host last did scheduled work",
            ("task",),
            registry=registry,
            multiprocess_mode="mostrecent",
        ),
    )


def record_response(event: RequestEvent, *, charged: bool) -> None:
    """Count an image answer; `charged`: its event was written by its charge, so that it leaves none in the spool."""
    process_counts = counts()
    process_counts.requests.labels(event.operation, event.cache, str(event.status)).inc()
    process_counts.size.labels(event.operation).inc(event.size)
    process_counts.latency.labels(event.operation, event.cache).observe(event.latency / 1000)
    if charged:
        process_counts.charged.inc()
        process_counts.credits.labels(event.operation).inc(event.cost / 2)


def record_task(name: str, is_done: bool, seconds: float) -> None:
    """Count a kind of scheduled work that ended."""
    process_counts = counts()
    process_counts.tasks.labels(name, "done" if is_done else "failed").inc()
    process_counts.task_seconds.labels(name).set(seconds)
    process_counts.task_finished.labels(name).set(time.time())


def collected_registry() -> CollectorRegistry:
    """What all processes of this host counted."""
    registry = CollectorRegistry()
    settings.METRICS_DIR.mkdir(parents=True, exist_ok=True)
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))
    return registry


def total(name: str, **labels: str) -> float:
    """The sum of a counter over this host, of the series whose labels are those named; `name` as in /metrics."""
    return sum(
        sample.value
        for family in collected_registry().collect()
        for sample in family.samples
        if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
    )


def requests_by_status() -> dict[str, float]:
    """Image answers of this host by status."""
    totals: dict[str, float] = {}
    for family in collected_registry().collect():
        for sample in family.samples:
            if sample.name == "imgapis_requests_total":
                status = sample.labels["status"]
                totals[status] = totals.get(status, 0.0) + sample.value
    return totals


def serve() -> tuple[WSGIServer, Thread] | None:
    """Serve /metrics on METRICS_PORT of the loopback address; None where the port is 0. OSError where it is taken."""
    if not settings.METRICS_PORT:
        return None
    return prometheus_client.start_http_server(settings.METRICS_PORT, addr="127.0.0.1", registry=collected_registry())
