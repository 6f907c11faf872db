"""What a person at the terminal sees of a long step: its name at once, the seconds while it runs, and its end."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgapis.devstack import failures

TICK_SECONDS = 5.0


def say(text: str) -> None:
    """One line, seen at once even where the output is a pipe."""
    print(text, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the name of a step before it and its seconds after it."""
    say(f"{name} ...")
    started_at = time.monotonic()
    yield
    say(f"{name}: done in {time.monotonic() - started_at:.1f} s")


def run(command: list[str], *, failure: str, seconds: float, directory: Path | None = None) -> str:
    """The output of a command, with a line every five seconds while it works.

    SetupError with `failure` and the command's last words where it fails, is missing, or outlasts `seconds`.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            child = subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise failures.SetupError(f"{failure} ({command[0]}: {error.strerror})") from error
        with child:
            code = _wait(child, seconds)
        output.seek(0)
        text = output.read()
    if code is None:
        raise failures.SetupError(f"{failure} (no end after {seconds:.0f} s)")
    if code:
        last_lines = [line.strip() for line in text.splitlines() if line.strip()][-3:]
        raise failures.SetupError(f"{failure} ({' / '.join(last_lines) or f'exit code {code}'})")
    return text


def _wait(child: subprocess.Popen, seconds: float) -> int | None:
    """The exit code, or None when time ran out and the child was killed."""
    started_at = time.monotonic()
    try:
        while time.monotonic() - started_at < seconds:
            try:
                return child.wait(TICK_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"  still working, {time.monotonic() - started_at:.0f} s")
        return None
    finally:
        if child.poll() is None:
            child.kill()
