"""`python -m tests.benches.looks FOLDER`: quality=auto against quality=80 over the photographs of a folder."""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import geometric_mean, mean

from PIL import Image

from transforms.engine import pipeline
from transforms.engine.codecs import ssim
from transforms.engine.job import Job

FORMATS = ("jpeg", "webp", "avif")
SIDE = 800
KINDS = {".jpg", ".jpeg", ".png", ".webp", ".tiff"}


@dataclass(frozen=True)
class Result:
    """One rendering: its bytes, its SSIM on average and in the worst twentieth, and the seconds it took."""

    size: int
    average: float
    worst: float
    seconds: float


def main() -> None:
    """Render every photograph both ways in every format, and print a line a photograph and three of sums."""
    parser = argparse.ArgumentParser(prog="python -m tests.benches.looks")
    parser.add_argument("folder", type=Path)
    photographs = [path for path in sorted(parser.parse_args().folder.iterdir()) if path.suffix.lower() in KINDS]
    print(f"{len(photographs)} photographs, at most {SIDE} pixels a side\n")
    results = {name: [] for name in FORMATS}
    for path in photographs:
        pairs = dict(_measure(path))
        for name, pair in pairs.items():
            results[name].append(pair)
        shares = "  ".join(f"{name} {auto.size / fixed.size:5.2f}" for name, (fixed, auto) in pairs.items())
        print(f"  {path.stem[:24]:24}  {shares}", flush=True)
    print()
    for name, pairs in results.items():
        _print_sums(name, *zip(*pairs, strict=True))


def _measure(path: Path) -> Iterator[tuple[str, tuple[Result, Result]]]:
    reference = Image.open(path).convert("RGB")
    reference.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    reference.save(buffer, "PNG", compress_level=1)
    for name in FORMATS:
        yield name, tuple(_render(reference, buffer.getvalue(), name, quality) for quality in (80, "auto"))


def _render(reference: Image.Image, data: bytes, name: str, quality: object) -> Result:
    start = time.perf_counter()
    body = pipeline.render(Job("transform", {"quality": quality}, name, (data,))).body
    seconds = time.perf_counter() - start
    image = Image.open(BytesIO(body)).convert("RGB")
    return Result(len(body), ssim.average(reference, image), ssim.worst(reference, image), seconds)


def _print_sums(name: str, fixed: tuple[Result, ...], auto: tuple[Result, ...]) -> None:
    shares = [run.size / baseline.size for run, baseline in zip(auto, fixed, strict=True)]
    total_share = sum(run.size for run in auto) / sum(run.size for run in fixed)
    print(
        f"| {name} | {total_share:.3f} | {geometric_mean(shares):.3f} "
        f"| {mean(run.average for run in fixed):.4f} → {mean(run.average for run in auto):.4f} "
        f"| {min(run.average for run in fixed):.4f} → {min(run.average for run in auto):.4f} "
        f"| {min(run.worst for run in fixed):.3f} → {min(run.worst for run in auto):.3f} "
        f"| {mean(run.seconds for run in fixed) * 1000:.0f} → {mean(run.seconds for run in auto) * 1000:.0f} |"
    )


if __name__ == "__main__":
    main()
