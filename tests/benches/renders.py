"""A rendering in its child process beside the same work by plain Pillow in this one."""

import time
from collections.abc import Callable
from io import BytesIO
from statistics import median

from PIL import Image

from transforms.engine.codecs import encode
from transforms.engine.job import Job
from transforms.render.pool import Pool

ROUNDS = 9
MEMORY = 2_500_000_000
WIDTH = 800
PLAIN = {
    "jpeg": {"quality": 80, "progressive": True, "optimize": True, "subsampling": "4:2:0"},
    "webp": {"quality": 80, "method": 4},
    "avif": {"speed": encode.AVIF_SPEED, "quality": encode.avif_quality(80), "subsampling": "4:2:0", "max_threads": 1},
}


def measure(body: bytes) -> None:
    """Print one line for each format. Turns alternate, so that both meet the same weather on the machine."""
    print(f"\nRENDER alone, median of {ROUNDS}")
    print("  format   child ms   Pillow ms   ratio", flush=True)
    pool = Pool(processes=1, seconds=20.0, memory_bytes=MEMORY, queue=1, spares=0)
    try:
        for name in PLAIN:
            job = Job("transform", {"w": WIDTH}, name, (body,))
            child, plain = _alternate(lambda job=job: pool.run(job), lambda name=name: _plain(body, name))
            print(f"  {name:6}   {child:8.0f}   {plain:9.0f}   {child / plain:5.2f}", flush=True)
    finally:
        pool.close()


def _alternate(*acts: Callable[[], object]) -> list[float]:
    """The median milliseconds of each act, after one round that is not counted."""
    laps: list[list[float]] = [[] for _ in acts]
    for _ in range(ROUNDS + 1):
        for act, times in zip(acts, laps, strict=True):
            start = time.perf_counter()
            act()
            times.append((time.perf_counter() - start) * 1000)
    return [median(times[1:]) for times in laps]


def _plain(body: bytes, name: str) -> bytes:
    """What a careful person would write in five lines: draft, resize, save with our settings."""
    image = Image.open(BytesIO(body))
    size = (WIDTH, round(image.height * WIDTH / image.width))
    image.draft("RGB", (2 * size[0], 2 * size[1]))
    buffer = BytesIO()
    image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0).save(buffer, name, **PLAIN[name])
    return buffer.getvalue()
