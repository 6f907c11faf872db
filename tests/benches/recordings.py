"""What telemetry costs: recording a hit, the usage page of a busy year, and DynamoDB's units for a million requests."""

import json
import math
import os
import random
import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from accounts.workspaces import workspaces
from billing.charging import credits, figures, summary
from billing.charging.charges import Charge
from billing.plans import periods
from imgapis.base import clock, dynamo, tokens
from telemetry import front_spool, histogram, metrics, recorder, reports, rollups, spool, sums
from telemetry.events import RequestEvent
from telemetry.models import Rollup
from telemetry.views import usage

RECORDINGS = 5_000
LINES = 10_000
DAYS, A_DAY = 760, 27_400  # ten million requests a year; the year before is compared with
MOST_MS = 300
ORIGINS = ["", *(f"https://{name}.example" for name in ("shop", "blog", "news", "app"))]
CELLS = [
    ("transform", "hit", 200),
    ("transform", "miss", 200),
    ("transform", "hit", 304),
    ("transform", "miss", 404),
    ("info", "hit", 200),
    ("info", "miss", 200),
    ("grid", "hit", 200),
    ("placeholder", "hit", 200),
]


def measure() -> None:
    """Print four blocks. The engines run."""
    row = workspaces.create_unowned(namespace="bench-usage", allowance=10_000_000)
    _recording(row.workspace_id)
    _lines_of_nginx(row.workspace_id)
    _year(row)
    _units(row)


def _event(workspace_id: str, cost: int = 0) -> RequestEvent:
    return RequestEvent(
        workspace_id,
        tokens.time_ordered_id(clock.now()),
        "transform",
        "miss" if cost else "hit",
        ORIGINS[1],
        200,
        40_000,
        3,
        cost,
    )


def _recording(workspace_id: str) -> None:
    """The spool's line and the counts of /metrics, which a hit pays for."""
    current_recorder, laps, metric_laps = recorder.current(), [], []
    for _ in range(RECORDINGS):
        event = _event(workspace_id)
        start = time.perf_counter_ns()
        current_recorder.record(event)
        spool_end = time.perf_counter_ns()
        metrics.record_response(event, charged=False)
        metric_laps.append(time.perf_counter_ns() - spool_end)
        laps.append(spool_end - start)
    print("\nRecording a hit, median µs")
    print(f"  spool {median(laps) / 1000:6.1f}   /metrics {median(metric_laps) / 1000:6.1f}", flush=True)
    current_recorder.flush()


def _lines_of_nginx(workspace_id: str) -> None:
    """How many lines of nginx one process takes, and stores as events, in a second."""
    line = {
        "workspace_id": workspace_id,
        "operation": "transform",
        "origin": "https://shop.example",
        "status": "200",
        "size": "40000",
        "latency": "0.000",
        "moment": f"{clock.now():.3f}",
    }
    folder = Path(tempfile.mkdtemp())
    lines = [json.dumps(line | {"id": secrets.token_hex(16)}) for _ in range(LINES)]
    path = folder / "lines.jsonl"
    path.write_text("".join(f"{each}\n" for each in lines))
    os.utime(path, (clock.now() - 60,) * 2)
    start = time.perf_counter()
    front_spool.take(folder, recorder._store_of_front)
    taken = time.perf_counter()
    spool.ship(recorder.directory(), recorder._write_existing)
    shipped = time.perf_counter()
    print(f"\nHits of nginx on their way, {LINES:,} lines of {len(lines[0]) + 1} bytes")
    print(
        f"  taken {LINES / (taken - start):8.0f} a second   stored {LINES / (shipped - taken):8.0f} a second",
        flush=True,
    )


def _year(row) -> None:
    """Two years of days, five Origins, eight kinds of answer; then what the page takes to add up and draw."""
    generator, now = random.Random(3), clock.now()
    workspace_id = row.workspace_id
    latencies = {"hit": _latencies(generator, 4), "miss": _latencies(generator, 160)}
    with Rollup.batch_write() as writer:
        for days_back in range(DAYS):
            day = clock.day(now - days_back * 86_400)
            for origin in ORIGINS:
                cells = {sums.CellKey(*key): _cell(generator, latencies[key[1]]) for key in CELLS}
                writer.save(Rollup(workspace_id, f"d {day} {origin}", cells=sums.pack(cells)))
    for month in {clock.month(now - days_back * 86_400) for days_back in range(DAYS)} - {clock.month(now)}:
        rollups.rebuild_month(workspace_id, month)
    print(f"\nThe usage page, server time in ms; the limit is {MOST_MS}")
    for range_name in reports.RANGES:
        _page(row, range_name, now)


def _page(row, range_name: str, now: float) -> None:
    """The median of seven pages of a range."""
    laps, cpu_laps = [], []
    for _ in range(7):
        start, cpu_start = time.perf_counter(), time.process_time()
        report = reports.build(row.workspace_id, reports.time_range(range_name, now))
        usage._glance(report)
        usage._charts(report)
        figures.allowance(summary.of(row))
        for name in ("operation", "cache", "status", "origin"):
            usage._breakdown(report, name)
        laps.append((time.perf_counter() - start) * 1000)
        cpu_laps.append((time.process_time() - cpu_start) * 1000)
    verdict = "within" if median(laps) <= MOST_MS else "OVER"
    print(
        f"  {range_name:>3}  {report.total.requests:>10,} requests  {median(laps):4.0f}"
        f"   (at work {median(cpu_laps):4.0f})   {verdict}",
        flush=True,
    )


def _cell(generator: random.Random, histograms: list[Counter[int]]) -> sums.Sums:
    count = A_DAY // (len(ORIGINS) * len(CELLS))
    return sums.Sums(count, generator.randrange(60), count * 40_000, generator.choice(histograms))


def _latencies(generator: random.Random, middle: float) -> list[Counter[int]]:
    """Latencies of a cell's day, thirty times: lognormal about `middle` milliseconds, p95 at five times it."""
    count = A_DAY // (len(ORIGINS) * len(CELLS))
    draws = [[generator.lognormvariate(math.log(middle), 0.98) for _ in range(count)] for _ in range(30)]
    return [Counter(map(histogram.bucket, day)) for day in draws]


def _units(row) -> None:
    """Units that DynamoDB itself counts, for a charge and for a batch of a hundred free events with its hour."""
    units: Counter[str] = Counter()
    client = dynamo.connection().client

    def request_capacity(params, **_) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def count_capacity(parsed, model, **_) -> None:
        capacities = parsed.get("ConsumedCapacity") or []
        for capacity in capacities if isinstance(capacities, list) else [capacities]:
            units["write" if model.name in WRITES else "read"] += float(capacity.get("CapacityUnits", 0))

    client.meta.events.register("provide-client-params.dynamodb", request_capacity)
    client.meta.events.register("after-call.dynamodb", count_capacity)
    terms = periods.terms_of(row)
    credits.charge(_bill(row.workspace_id), terms)
    units.clear()
    for _ in range(20):
        credits.charge(_bill(row.workspace_id), terms)
    charge = {name: units[name] / 20 for name in ("write", "read")}
    units.clear()
    recorder._write_existing([_event(row.workspace_id) for _ in range(100)])
    rollups.process_due()
    free = {name: units[name] / 100 for name in ("write", "read")}
    print("\nDynamoDB units, counted by the engine")
    print(f"  a charge       write {charge['write']:.1f}   read {charge['read']:.1f}")
    print(f"  a free event   write {free['write']:.2f}   read {free['read']:.2f}   (in batches of a hundred)")
    for hits in (0.90, 0.99):
        write, read = (hits * free[name] + (1 - hits) * charge[name] for name in ("write", "read"))
        print(
            f"  a million requests, {hits:.0%} hits: {write:.2f} M write units, {read:.2f} M read",
            flush=True,
        )


WRITES = {"TransactWriteItems", "BatchWriteItem", "UpdateItem", "PutItem", "DeleteItem"}


def _bill(workspace_id: str) -> Charge:
    return Charge(_event(workspace_id, 2), tokens.random_id("digest"), 365 * 86_400, clock.now())
