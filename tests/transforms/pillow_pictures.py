"""Pillow's own test pictures, out of its source package: fetched once into var/, never committed."""

import fcntl
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from imgapis.devstack import downloads, progress

REQUIREMENT = "pillow==13.0.0 --hash=sha256:cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
FOLDER = downloads.ROOT / "var" / "corpus" / "pillow-13.0.0"
INSIDE = "pillow-13.0.0/Tests/images/"
FETCH_SECONDS = 100.0  # within what pytest gives a test


def files() -> list[Path]:
    """Every file of the corpus, sorted; the first call on a machine downloads 47 MB. SetupError when it cannot."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with (FOLDER.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not FOLDER.exists():
            _fetch()
    return sorted(path for path in FOLDER.rglob("*") if path.is_file() and not path.is_symlink())


def _fetch() -> None:
    part = FOLDER.with_name(FOLDER.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as name:
        package = _download(Path(name))
        with tarfile.open(package) as archive:
            members = [member for member in archive if member.name.startswith(INSIDE)]
            archive.extractall(part, members, filter="data")
    (part / INSIDE).rename(FOLDER)
    shutil.rmtree(part)


def _download(folder: Path) -> Path:
    """The source package; pip compares its hash before it looks inside."""
    requirements = folder / "wanted.txt"
    requirements.write_text(REQUIREMENT + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    failure = "Pillow's test pictures could not be fetched from PyPI: check the network, then run it again."
    progress.run(
        [*command, "--no-binary", "pillow", "--dest", str(folder), "-r", str(requirements)],
        failure=failure,
        seconds=FETCH_SECONDS,
    )
    return next(folder.glob("pillow-*.tar.gz"))
