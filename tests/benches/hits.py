"""Hits answered from memory, against a bare WSGI answer of as many bytes by the same gunicorn worker."""

from contextlib import contextmanager
from statistics import median

from imgapis.devstack import children, ports, stack
from tests import environment
from tests.benches import bare, photograph, setup
from tests.benches.connections import Connections

ROUNDS = 7
SECONDS = 2.0
THREADS = 64


def measure(site: setup.Site) -> dict[str, float]:
    """Print and return the medians of interleaved rounds, in requests a second, and the median of their ratios. The
    client is Python on the same cores: the server alone does better."""
    path = f"/transform?src={site.place('hit')}&w=800"
    with _worker() as port:
        connections = Connections(port, f"{setup.NAMESPACE}.localhost:{port}")
        while b"X-Img-Cache: HIT" not in (answer := connections.first(path)):
            pass
        length = len(answer.partition(b"\r\n\r\n")[2])
        rounds = [
            (connections.rate(f"{bare.PATH}?{length}", SECONDS), connections.rate(path, SECONDS)) for _ in range(ROUNDS)
        ]
        connections.close()
    figures = {
        "bare": median(rate for rate, _ in rounds),
        "hits": median(rate for _, rate in rounds),
        "ratio": median(hits / raw for raw, hits in rounds),
    }
    print(f"\nHIT from memory, {length:,} bytes, one worker, median of {ROUNDS} interleaved rounds of {SECONDS:.0f} s")
    print("  bare WSGI requests/s   hits/s   ratio")
    print(f"  {figures['bare']:20.0f} {figures['hits']:8.0f} {figures['ratio']:7.2f}", flush=True)
    return figures


@contextmanager
def _worker():
    """gunicorn with one worker, as in production, with the bare answer beside the product; its port."""
    port = environment.free_port()
    command = stack.gunicorn_command(port, workers=1, threads=THREADS)
    command[-1] = f"{bare.__name__}:application"
    web = children.Child("gunicorn", command, setup.FOLDER / "gunicorn-of-hits.log")
    try:
        health = f"http://127.0.0.1:{port}/healthz"
        web.wait_until(lambda: ports.status(health) is not None, setup.READY_SECONDS)
        yield port
    finally:
        web.stop()


if __name__ == "__main__":
    with setup.running(photograph.jpeg()) as running_site:
        measure(running_site)
