"""Hits answered from memory: requests a second and their latency, over connections kept open."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from tests import environment
from tests.benches import setup

THREADS = 8
SECONDS = 6.0
WARMING = 40  # requests that bring the picture into the memory of both workers


def measure(site: setup.Site) -> None:
    """Print one line. The client is Python on the same cores: the server alone does better."""
    path = f"/transform?src={site.place('hit')}&w=800"
    for _ in range(WARMING):
        _ask(path, 0.0)
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        runs = list(threads.map(lambda _: _ask(path, SECONDS), range(THREADS)))
    elapsed = time.perf_counter() - start
    laps = [lap for run in runs for lap in run]
    print(f"\nHIT from memory, {THREADS} threads, {elapsed:.1f} s")
    print("  requests/s   median ms   p95 ms")
    print(f"  {len(laps) / elapsed:10.0f}   {median(laps):9.1f}   {quantiles(laps, n=20)[-1]:6.1f}", flush=True)


def _ask(path: str, seconds: float) -> list[float]:
    """Milliseconds of each request on one connection until so many seconds have gone; at least one request."""
    connection = http.client.HTTPConnection("127.0.0.1", environment.WEB_PORT, timeout=30)
    headers = {"Host": f"{setup.NAMESPACE}.localhost:{environment.WEB_PORT}"}
    deadline = time.perf_counter() + seconds
    laps = []
    try:
        while not laps or time.perf_counter() < deadline:
            start = time.perf_counter()
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            laps.append((time.perf_counter() - start) * 1000)
            if response.status != 200 or (seconds and response.getheader("x-img-cache") != "HIT"):
                raise RuntimeError(f"No hit: {response.status} {response.getheader('x-img-cache')}")
    finally:
        connection.close()
    return laps
