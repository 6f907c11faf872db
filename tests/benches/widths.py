"""Eight widths of one photograph: asked for at once, against one after the other."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

import psutil

from tests.benches import hits, photograph, setup
from tests.transforms.web_client import ask

WIDTHS = (320, 480, 640, 768, 1024, 1280, 1920, 2560)
ACCEPTS = {"jpeg": "*/*", "webp": "image/webp", "avif": "image/avif"}
ROUNDS = 5


@dataclass(frozen=True)
class Lap:
    """What all widths took: CPU milliseconds of the web process, of its render processes, and wall milliseconds."""

    web: float
    render: float
    wall: float

    @property
    def cpu(self) -> float:
        """CPU milliseconds of the whole tree."""
        return self.web + self.render


def measure(site: setup.Site) -> dict[str, float]:
    """Print one line for each format, and return the ratios of CPU: medians of interleaved rounds. The engines of
    storage are not counted."""
    _allow_all_at_once()
    ratios = {}
    with hits.server() as (port, master), ThreadPoolExecutor(len(WIDTHS)) as threads:
        worker = master.children()[-1]

        def lap(name: str, accept: str, mapped) -> Lap:
            src = site.place(name)
            paths = [f"/transform?src={src}&w={width}" for width in WIDTHS]
            before, start = _cpu(worker), time.perf_counter()
            replies = list(mapped(lambda path: ask(setup.NAMESPACE, path, port=port, Accept=accept), paths))
            wall, after = time.perf_counter() - start, _cpu(worker)
            if any((reply.status, reply.headers.get("x-img-cache")) != (200, "MISS") for reply in replies):
                raise RuntimeError(f"No miss: {[(reply.status, reply.body[:200]) for reply in replies]}")
            return Lap(*(1_000 * (b - a) for a, b in zip(before, after, strict=True)), 1_000 * wall)

        for number in range(2):  # starts the render process, and warms the engines
            lap(f"warm-{number}", "*/*", threads.map)
        print(f"\n{len(WIDTHS)} WIDTHS of one picture, one worker, median of {ROUNDS} interleaved rounds")
        print("  format  apart: web  render    ms   at once: web  render    ms   ratio of CPU", flush=True)
        for name, accept in ACCEPTS.items():
            rounds = [
                (lap(f"{name}-apart-{number}", accept, map), lap(f"{name}-once-{number}", accept, threads.map))
                for number in range(ROUNDS)
            ]
            ratios[name] = median(once.cpu / apart.cpu for apart, once in rounds)
            apart, once = ([median(values) for values in _columns(laps)] for laps in zip(*rounds, strict=True))
            print(f"  {name:6}{apart[0]:12.0f}{apart[1]:8.0f}{apart[2]:6.0f}", end="")
            print(f"{once[0]:15.0f}{once[1]:8.0f}{once[2]:6.0f}{ratios[name]:15.2f}", flush=True)
    return ratios


def _allow_all_at_once() -> None:
    """Let the workspace make as many pictures at once as there are widths: plans allow four and more."""
    from accounts.models import workspaces as workspace_rows  # once `setup` has named the settings
    from transforms.tenant import tenants

    tenant = tenants.of_namespace(setup.NAMESPACE)
    assert tenant is not None  # setup made it
    row = workspace_rows.find(tenant.workspace_id)
    workspace_rows.change(row, limits=asdict(tenant.limits) | {"concurrency": len(WIDTHS)})


def _columns(laps: tuple[Lap, ...]) -> list[list[float]]:
    return [[lap.web for lap in laps], [lap.render for lap in laps], [lap.wall for lap in laps]]


def _cpu(worker: psutil.Process) -> tuple[float, float]:
    """CPU seconds of a web worker, and of its render processes, the living ones."""
    own = worker.cpu_times()
    times = [child.cpu_times() for child in worker.children(recursive=True)]
    return own.user + own.system, sum(each.user + each.system for each in times)


if __name__ == "__main__":
    with setup.running(photograph.jpeg()) as running_site:
        measure(running_site)
