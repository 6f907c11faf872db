"""`make soak`: every test with a long count, at its full count."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SECONDS = 1_800  # for one test


def files() -> list[str]:
    """The test modules whose counts grow."""
    grows = ("environment.count(", "environment.STAGE")
    return sorted(str(path) for path in FOLDER.rglob("test_*.py") if any(word in path.read_text() for word in grows))


def main() -> int:
    """pytest's exit code; the figures each test printed come with its result."""
    command = [sys.executable, "-m", "pytest", "-rP", "--durations=0", "-o", f"timeout={SECONDS}", *files()]
    return subprocess.run(command, cwd=FOLDER.parent, env=os.environ | {"IMGAPIS_TEST_STAGE": "soak"}).returncode


if __name__ == "__main__":
    sys.exit(main())
