"""What is installed is what was chosen, byte for byte (O3, I17)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "requirements.lock": ("requirements.txt",),
    "requirements-heic.lock": ("requirements-heic.txt",),
    "requirements-engines.lock": ("requirements-engines.txt",),
    "requirements-tools.lock": ("requirements-tools.txt",),
    "tests/requirements-moto.lock": ("tests/requirements-moto.txt",),
    "tests/requirements.lock": ("requirements.txt", "tests/requirements.txt"),
}


def pins(text: str) -> dict[str, str]:
    """name → version of every pinned line, marks for other systems left out."""
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_in_the_lock_at_its_version(lock):
    """O3: after a changed pin, `make lock`."""
    locked = pins((ROOT / lock).read_text())
    wanted = {}
    for source in LOCKS[lock]:
        wanted |= pins((ROOT / source).read_text())
    assert wanted and wanted.items() <= locked.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_its_hashes_and_comes_from_nowhere_else(lock):
    """O3: pip refuses a file without a hash here, and an address in a lock would be another index."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries and all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_what_the_program_runs_on_is_the_same_in_both_locks():
    """O3"""
    run, tests = (pins((ROOT / lock).read_text()) for lock in ("requirements.lock", "tests/requirements.lock"))
    assert run.items() <= tests.items()


def test_make_installs_by_hashes_alone():
    """O3, H12: the tools as well."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installs = [
        line for line in text.splitlines() if "$(PIP) " in line or ("pip install" in line and "PIP :=" not in line)
    ]
    assert len(installs) == 5 and all("--require-hashes" in line and ".lock" in line for line in installs)
    used = set(re.findall(r"bin/([a-z-]+)", text)) - {"python", "ruff"}
    assert used == set(pins((ROOT / "requirements-tools.txt").read_text()))


def test_whatever_is_fetched_beside_the_program_has_its_digest_here():
    """H12, O3: what pip or npm fetches is compared with a hash of ours, or what is taken out of it is."""
    pinned = pins((ROOT / "requirements-engines.lock").read_text())
    for path in [*(ROOT / "imgapis/devstack").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        text = path.read_text()
        for prefix, name, version in re.findall(r'^([A-Z]*)_?PIN = "([a-z0-9_.-]+)==([^"]+)"', text, re.MULTILINE):
            has_digest = re.search(rf'^{prefix + "_" if prefix else ""}SHA256 = "[0-9a-f]{{64}}"', text, re.MULTILINE)
            assert has_digest or pinned.get(name) == version, f"{path.name}: {name}"
