"""What the networks take, background removal and finding faces: milliseconds of a render process and its memory."""

from pathlib import Path
from statistics import median

from imgapis.devstack import downloads, photographs
from transforms.engine.job import Job
from transforms.render import process
from transforms.render.pool import Pool

ROUNDS = 5
MEMORY = 2_500_000_000
SQUARE = {"h": 800, "fit": "cover"}
CASES = (
    ("BACKGROUND REMOVED", {}, {"background-remove": True}),
    ("FACES LOOKED FOR", SQUARE, {**SQUARE, "position": "face"}),
)
FOLDER = downloads.ROOT / "var" / "samples"


def measure(body: bytes) -> None:
    """Print one line for each sample photograph, and one for the large JPEG; the first job of the process loads."""
    pictures = {path.stem: path.read_bytes() for path in photographs.ensure(FOLDER)}
    pictures["12 MP to 800 px"] = body
    for title, baseline, values in CASES:
        print(f"\n{title}, median of {ROUNDS}, each in a process of its own")
        print("  picture               first ms   then ms   of it without   most MB", flush=True)
        for name, data in pictures.items():
            print(f"  {name:20}  {_line(data, baseline, values)}", flush=True)


def _line(data: bytes, baseline: dict[str, object], values: dict[str, object]) -> str:
    pool = Pool(processes=1, seconds=20.0, memory_bytes=MEMORY, queue=1, argv=_argv(), spares=0)
    try:
        baseline_laps = [_milliseconds(pool, data, baseline) for _ in range(ROUNDS)]
        laps = [_milliseconds(pool, data, values) for _ in range(ROUNDS + 1)]
        memory = _most_memory(pool.pids()[0])
    finally:
        pool.close()
    return f"{laps[0]:9.0f} {median(laps[1:]):9.0f} {median(baseline_laps):15.0f} {memory:9.0f}"


def _argv() -> tuple[str, ...]:
    return (*process.CHILD, "--subjects", str(downloads.model()), "--faces", str(downloads.faces_model()))


def _milliseconds(pool: Pool, data: bytes, values: dict[str, object]) -> float:
    return sum(pool.run(Job("transform", {"w": 800, **values}, "webp", (data,))).timings.values())


def _most_memory(pid: int) -> float:
    """The most megabytes the process has held, as Linux counts."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
