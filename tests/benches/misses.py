"""Misses end to end, one at a time: the median by output format, and what share each stage has."""

import re
import time
from statistics import median

from tests.benches import setup
from tests.transforms.web_client import ask

STAGES = ("fetch", "decode", "process", "encode", "store")  # the names of Server-Timing
ACCEPTS = {"jpeg": "*/*", "webp": "image/webp", "avif": "image/avif"}
ROUNDS = 9
LAP = re.compile(r"(\w+);dur=([\d.]+)")


def measure(site: setup.Site) -> None:
    """Print one line for each format; the rest is the charge, HTTP, and the pipe to the render process."""
    for number in range(8):  # starts the render process of each worker, and warms the engines
        _miss(site.place(f"warm-{number}"), "*/*")
    print(f"\nMISS, one at a time, median of {ROUNDS}, share of each stage")
    print("  format     ms      " + "".join(f"{stage:>9}" for stage in (*STAGES, "rest")))
    for name, accept in ACCEPTS.items():
        rounds = [_miss(site.place(f"{name}-{number}"), accept) for number in range(ROUNDS)]
        total = median(lap for lap, _ in rounds)
        shares = [median(stages.get(stage, 0.0) / lap for lap, stages in rounds) for stage in STAGES]
        shares.append(median(1 - sum(stages.values()) / lap for lap, stages in rounds))
        print(f"  {name:6} {total:6.0f}      " + "".join(f"{share:9.0%}" for share in shares), flush=True)


def _miss(src: str, accept: str) -> tuple[float, dict[str, float]]:
    """Milliseconds of the whole request, and of its stages."""
    start = time.perf_counter()
    reply = ask(setup.NAMESPACE, f"/transform?src={src}&w=800", Accept=accept)
    lap = (time.perf_counter() - start) * 1000
    if (reply.status, reply.headers.get("x-img-cache")) != (200, "MISS"):
        raise RuntimeError(f"No miss: {reply.status} {reply.body[:200]!r}")
    return lap, {stage: float(duration) for stage, duration in LAP.findall(reply.headers["server-timing"])}
