"""`make audit`: known weaknesses of what is pinned (I17).

An auditor that cannot reach its list finds nothing in anything, so an old Pillow is planted first: only where that is
red does a green answer count.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LOCKS = (FOLDER.parent / "requirements.lock", FOLDER / "requirements.lock")
PLANTED = "pillow==12.1.0\n"


def audit(auditor: str, *words: str) -> subprocess.CompletedProcess:
    """One run of pip-audit, which resolves and installs nothing."""
    command = [auditor, "--disable-pip", "--progress-spinner", "off", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def main(auditor: str) -> int:
    """0 where nothing is known or the list cannot be reached, which is said; 1 where something is known."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as planted:
        planted.write(PLANTED)
        planted.flush()
        seen = audit(auditor, "--no-deps", "-r", planted.name)
    if seen.returncode == 0 or "pillow" not in seen.stdout.lower():
        print("SKIPPED: the list of known weaknesses cannot be reached; nothing was audited.")
        return 0
    red = 0
    for lock in LOCKS:
        found = audit(auditor, "--require-hashes", "-r", str(lock))
        print(found.stdout or found.stderr)
        red |= found.returncode
    return int(bool(red))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
