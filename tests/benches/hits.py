"""Hits answered from memory, against a bare WSGI answer of as many bytes by the same gunicorn worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import psutil

from imgapis.devstack import children, ports, stack
from tests import environment
from tests.benches import bare, photograph, setup
from tests.benches.connections import Connections

ROUNDS = 7
SECONDS = 2.0
THREADS = 64


@dataclass(frozen=True)
class Lap:
    """Requests a second, and milliseconds of CPU that the server spent on each."""

    rate: float
    cpu: float


def measure(site: setup.Site) -> dict[str, float]:
    """Print and return the medians of interleaved rounds, and of their ratios. The client is Python on the same cores;
    the ratio of CPU is free of it and of whatever else the machine does."""
    path = f"/transform?src={site.place('hit')}&w=800"
    with server() as (port, process):
        connections = Connections(port, f"{setup.NAMESPACE}.localhost:{port}")
        while b"X-Img-Cache: HIT" not in (answer := connections.first(path)):
            pass
        length = len(answer.partition(b"\r\n\r\n")[2])
        paths = (f"{bare.PATH}?{length}", path)
        rounds = [tuple(_lap(connections, process, each) for each in paths) for _ in range(ROUNDS)]
        connections.close()
    raws, hits = zip(*rounds, strict=True)
    figures = {
        "bare_rate": median(lap.rate for lap in raws),
        "hit_rate": median(lap.rate for lap in hits),
        "rate_ratio": median(hit.rate / raw.rate for raw, hit in rounds),
        "bare_cpu_ms": median(lap.cpu for lap in raws),
        "hit_cpu_ms": median(lap.cpu for lap in hits),
        "cpu_ratio": median(raw.cpu / hit.cpu for raw, hit in rounds),
    }
    print(f"\nHIT from memory, {length:,} bytes, one worker, median of {ROUNDS} interleaved rounds of {SECONDS:.0f} s")
    print("             requests/s   CPU ms a request")
    print(f"  bare WSGI  {figures['bare_rate']:10.0f}   {figures['bare_cpu_ms']:16.3f}")
    print(f"  hits       {figures['hit_rate']:10.0f}   {figures['hit_cpu_ms']:16.3f}")
    print(f"  ratio      {figures['rate_ratio']:10.2f}   {figures['cpu_ratio']:16.2f}", flush=True)
    return figures


def _lap(connections: Connections, process: psutil.Process, path: str) -> Lap:
    before = _cpu(process)
    count, seconds = connections.run(path, SECONDS)
    return Lap(count / seconds, 1_000 * (_cpu(process) - before) / count)


def _cpu(process: psutil.Process) -> float:
    """CPU seconds of gunicorn's worker, which is the youngest child of its master."""
    times = process.children()[-1].cpu_times()
    return times.user + times.system


@contextmanager
def server() -> Iterator[tuple[int, psutil.Process]]:
    """gunicorn with one worker, as in production, with the bare answer beside the product: its port and its master."""
    port = environment.free_port()
    command = stack.gunicorn_command(port, workers=1, threads=THREADS)
    command[-1] = f"{bare.__name__}:application"
    web = children.Child("gunicorn", command, setup.FOLDER / "gunicorn-of-hits.log")
    try:
        health = f"http://127.0.0.1:{port}/healthz"
        web.wait_until(lambda: ports.status(health) is not None, setup.READY_SECONDS)
        yield port, psutil.Process(web.process.pid)
    finally:
        web.stop()


if __name__ == "__main__":
    with setup.running(photograph.jpeg()) as running_site:
        measure(running_site)
