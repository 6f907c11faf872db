"""Each promise broken on purpose, to see its tests turn red: `python -m tests.promises.mutations [P07 …] [--write]`.

A mutation is applied to a copy of the tree, in which the promise's tests then run; they must fail, all of them that
are named. `--write` records what was seen in docs/promises.md. It takes some 15 seconds a mutation, and is no part of
`make test`.
"""

import argparse
import datetime
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.promises.broken import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "docs" / "promises.md"
RED = re.compile(r"^FAILED (\S+?::\w+)", re.MULTILINE)
ROW = re.compile(r"^\| (P[0-9]{2}) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """A mutation that was run: the tests that failed."""

    mutation: Mutation
    red: frozenset[str]

    @property
    def proven(self) -> bool:
        """Whether every named test failed."""
        return set(self.mutation.tests) <= self.red


def applied(mutation: Mutation, folder: Path) -> None:
    """Change a tree; ValueError where a text to change is not there exactly once."""
    for name, old, new in mutation.edits:
        path = folder / name
        text = path.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{mutation.number}, {mutation.what}: {old!r} stands {text.count(old)} times in {name}.")
        path.write_text(text.replace(old, new))


def copied(folder: Path) -> None:
    """The tree as it is, without what git ignores; the engines are lent."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "var").mkdir(exist_ok=True)
    (folder / "var" / "engines").symlink_to((ROOT / "var" / "engines").resolve())


def run(mutation: Mutation) -> Seen:
    """Break a promise in a copy, and see which tests notice."""
    with tempfile.TemporaryDirectory(prefix="imgapis-mutation-") as name:
        folder = Path(name)
        copied(folder)
        applied(mutation, folder)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *mutation.tests]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        return Seen(mutation, frozenset(RED.findall(done.stdout)))


def write(seen: Seen) -> None:
    """Record a mutation that was seen red, in place of what was recorded of it before."""
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    tests = "<br>".join(f"`{test}`" for test in seen.mutation.tests)
    row = f"| {seen.mutation.number} | {seen.mutation.what} | {tests} | {today} |"
    text = PAPER.read_text()
    head, _, table = text.partition("| --- | --- | --- | --- |\n")
    rows = {match[0].split(" | ")[1] + match[1]: match[0] for match in ROW.finditer(table)}
    rows[seen.mutation.what + seen.mutation.number] = row
    kept = sorted(rows.values(), key=lambda line: line.split(" | ")[0])
    PAPER.write_text(f"{head}| --- | --- | --- | --- |\n" + "\n".join(kept) + "\n")


def recorded() -> dict[tuple[str, str], str]:
    """(number, what) of every recorded mutation → the day it was seen red."""
    return {(match[1], match[2]): match[4] for match in ROW.finditer(PAPER.read_text())}


def main() -> int:
    """1 where a mutation was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("numbers", nargs="*", help="promises; all where none is named")
    parser.add_argument("--write", action="store_true", help="record what was seen in docs/promises.md")
    options = parser.parse_args()
    unnoticed = 0
    for mutation in MUTATIONS:
        if options.numbers and mutation.number not in options.numbers:
            continue
        seen = run(mutation)
        missing = sorted(set(mutation.tests) - seen.red)
        print(mutation.number, mutation.what, f"NOT NOTICED by {missing}" if missing else "red", sep=": ", flush=True)
        unnoticed += not seen.proven
        if seen.proven and options.write:
            write(seen)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
