"""Memory stays flat over many mixed jobs, in the render process and in the one that owns it (I18)."""

import os
from itertools import cycle
from pathlib import Path

import pytest

from imgapis.devstack import downloads
from tests import environment
from tests.engine import coloured_sources, pictures, test_cutout
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.render import process
from transforms.render.pool import Pool

pytestmark = pytest.mark.prove

COUNT = environment.count(250, 700, 10_000)
MEMORY = 1_500_000_000
SLOPE = 1.0  # MB per thousand jobs
# What the least of two halves may lie apart without a leak: over few rounds the allocator's habits show.
JITTER = environment.count(20.0, 20.0, 4.0)  # MB


def mixed() -> list[Job]:
    """Some forty jobs: every operation, input kind and output format, dear steps, and sources that are refused."""
    frames = [pictures.cornered(), pictures.shaded(96, 64), pictures.cornered().rotate(180)]
    moving = [pictures.animated(name, frames, duration=80, loop=0) for name in ("GIF", "WEBP", "PNG", "AVIF")]
    still = [data for data, _ in coloured_sources.cases().values()]
    large = pictures.saved(pictures.shaded(800, 500), "JPEG")
    shaped = [
        {"w": 400, "h": 400, "fit": "cover", "position": "smart", "radius": 20, "sharpen": 1.0},
        {"w": 300, "h": 300, "fit": "pad", "background": "336699", "blur": 8.0, "rotate": 90},
        {"w": 400, "quality": "auto"},
        {"w": 400, "max-bytes": 2_000},
        {"trim": 10, "hue": 40.0, "saturation": 1.5, "padding": 9},
    ]
    formats = cycle(("avif", "webp", "jpeg", "png", "gif"))
    jobs = [Job("transform", {"w": 100}, next(formats), (data,)) for data in still]
    jobs += [Job("transform", {"w": 60}, name, (data,)) for data in moving for name in ("webp", "avif")]
    jobs += [Job("transform", values, next(formats), (large,)) for values in shaped]
    jobs += [Job("transform", {"mark": True, "mark-w": 0.3}, "jpeg", (large, still[0]))]
    jobs += [Job("info", {}, "auto", (large,)), Job("grid", {"w": 300, "h": 200}, "webp", (large, None, still[0]))]
    jobs += [Job("placeholder/color", {"color": "ff0000", "w": 20, "h": 20}, "png", ())]
    jobs += [Job("transform", {}, "png", (data,)) for data in (b"<html>", large[: len(large) // 2])]
    subject = pictures.saved(test_cutout.disc()[0], "PNG")
    cover = {"w": 300, "h": 300, "fit": "cover", "position": "face"}
    jobs += [
        Job("transform", {"background-remove": True}, "webp", (subject,)),
        Job("transform", cover, "jpeg", (large,)),
    ]
    return [*jobs, jobs[0]]


def resident(pid: int) -> float:
    """The resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def slope(looks: list[float], jobs: int) -> float:
    """MB per thousand jobs between the least of two halves of looks that lie so many jobs apart: single rounds hold up
    to twice as much, until the allocator gives it back."""
    half = len(looks) // 2
    return (min(looks[-half:]) - min(looks[:half])) / ((len(looks) - half) * jobs / 1_000)


@pytest.mark.timeout(1_800)
def test_memory_is_flat_over_many_mixed_jobs():
    """I18: one process that is never replaced, so that nothing hides a leak, by the least it holds in each round of
    the same jobs: what the allocator has not yet given back comes and goes. Fewer rounds leave more to the jitter."""
    argv = (*process.CHILD, "--subjects", str(downloads.model()), "--faces", str(downloads.faces_model()))
    pool = Pool(1, 120.0, MEMORY, 8, argv=argv, jobs_per_process=2 * COUNT, spares=0)
    jobs = mixed()
    rounds = COUNT // len(jobs) + 1
    child, own = [], []
    try:
        for _ in range(rounds):
            looks, refused = [], 0
            for job in jobs:
                refused += refuses(pool, job)
                (pid,) = pool.pids()
                looks.append((resident(pid), resident(os.getpid())))
            assert refused == 2
            child.append(min(held for held, _ in looks))
            own.append(min(held for _, held in looks))
    finally:
        pool.close()
    warm = rounds // 4
    slopes = [slope(looks[warm:], len(jobs)) for looks in (child, own)]
    print(
        f"{rounds * len(jobs):,} jobs: the render process {child[warm]:.0f} MB after the warm-up, {child[-1]:.0f} "
        f"at the end, {slopes[0]:+.2f} MB per thousand; its owner {own[warm]:.0f} to "
        f"{own[-1]:.0f} MB, {slopes[1]:+.2f} MB per thousand"
    )
    assert max(slopes) < SLOPE + JITTER * 2_000 / ((rounds - warm) * len(jobs))


def refuses(pool: Pool, job: Job) -> bool:
    """Whether a job is refused for its source; any other error is raised."""
    try:
        pool.run(job)
    except EngineError as error:
        if error.code not in ("unsupported_format", "broken_image"):
            raise
        return True
    return False
