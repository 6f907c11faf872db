"""Hits answered by nginx from its own cache and counted, against a file of the same bytes by the same nginx."""

import tempfile
from pathlib import Path
from statistics import median

import psutil

from imgapis.devstack import children, ports, stack
from tests import environment
from tests.benches import photograph, setup
from tests.benches.connections import Connections
from tests.faults import front

ROUNDS = 7
SECONDS = 2.0


def measure(site: setup.Site) -> dict[str, float]:
    """Print and return the medians of interleaved rounds, and of their ratios; without TLS, which would cost both the
    same. The ratio of CPU, of nginx's own worker, is free of the client's."""
    path = f"/transform?src={site.place('kept')}&w=800"
    folder, port, static_port = Path(tempfile.mkdtemp()), environment.free_port(), environment.free_port()
    (folder / "static").mkdir()
    files = f"    server {{ listen 127.0.0.1:{static_port}; root {folder}/static; }}\n"
    proxy = front.Front(folder, environment.free_port(), environment.free_port(), port, is_plain=True, servers=files)
    command = stack.gunicorn_command(port, workers=1, threads=64)
    web = children.Child("gunicorn", command, folder / "gunicorn.log", {"NGINX_SPOOL": str(proxy.spool)})
    try:
        web.wait_until(lambda: ports.status(f"http://127.0.0.1:{port}/healthz") is not None, setup.READY_SECONDS)
        cached = Connections(proxy.tls, f"{setup.NAMESPACE}.localhost")
        while b"X-Img-Cache: HIT" not in (answer := cached.first(path)):
            pass
        (folder / "static" / "picture.jpg").write_bytes(answer.partition(b"\r\n\r\n")[2])
        static = Connections(static_port, "localhost")
        (worker,) = _workers(proxy)
        rounds = [(_lap(static, worker, "/picture.jpg"), _lap(cached, worker, path)) for _ in range(ROUNDS)]
        static.close()
        cached.close()
    finally:
        proxy.stop()
        web.stop()
    figures = {
        "static_rate": median(raw[0] for raw, _ in rounds),
        "hit_rate": median(hit[0] for _, hit in rounds),
        "rate_ratio": median(hit[0] / raw[0] for raw, hit in rounds),
        "static_cpu_ms": median(raw[1] for raw, _ in rounds),
        "hit_cpu_ms": median(hit[1] for _, hit in rounds),
        "cpu_ratio": median(raw[1] / hit[1] for raw, hit in rounds),
    }
    print(f"\nHIT at nginx, counted, one worker, median of {ROUNDS} interleaved rounds of {SECONDS:.0f} s")
    print("                requests/s   CPU ms a request")
    print(f"  static file   {figures['static_rate']:10.0f}   {figures['static_cpu_ms']:16.4f}")
    print(f"  counted hits  {figures['hit_rate']:10.0f}   {figures['hit_cpu_ms']:16.4f}")
    print(f"  ratio         {figures['rate_ratio']:10.2f}   {figures['cpu_ratio']:16.2f}", flush=True)
    return figures


def _workers(proxy: front.Front) -> list[psutil.Process]:
    """nginx's worker, its helpers for the cache apart."""
    children_of_master = psutil.Process(proxy.process.pid).children()
    return [process for process in children_of_master if "worker" in " ".join(process.cmdline())]


def _lap(connections: Connections, worker: psutil.Process, path: str) -> tuple[float, float]:
    """Requests a second, and milliseconds of CPU that the worker spent on each."""
    before = sum(worker.cpu_times()[:2])
    count, seconds = connections.run(path, SECONDS)
    return count / seconds, 1_000 * (sum(worker.cpu_times()[:2]) - before) / count


if __name__ == "__main__":
    with setup.running(photograph.jpeg()) as running_site:
        measure(running_site)
