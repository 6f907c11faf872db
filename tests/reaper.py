"""Ends every process that carries a mark in its environment, once standard input ends: no child outlives its tests.

`reaper.py MARK` holds the reading end of a pipe whose writing end only the tests' process holds, so that even
`kill -9` of the tests is noticed.
"""

import os
import sys

import psutil


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that were started with the mark."""
    processes = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("IMGAPIS_TEST_RUN") == mark:
                processes.append(process)
        except psutil.Error:
            continue  # it ended, or is another user's
    return processes


def main(mark: str) -> None:
    """Wait for the end of input; then kill until nothing is left, as what is killed may just have started another."""
    sys.stdin.buffer.read()
    while processes := marked(mark):
        for process in processes:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(processes, timeout=1)


if __name__ == "__main__":
    main(sys.argv[1])
