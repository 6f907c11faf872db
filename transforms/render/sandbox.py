"""The resource limits a render process sets on itself before it reads a picture."""

import contextlib
import ctypes
import math
import os
import resource
import signal
import time

_PR_SET_PDEATHSIG = 1
OPEN_FILES = 64
NICENESS = 5  # a third of the CPU that a thread of the server gets beside it


def enter(memory_bytes: int) -> None:
    """Give way to the server's own threads, cap memory, files and core dumps, and die with the parent; called after the
    imports, once."""
    os.nice(NICENESS)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The terminal's Ctrl-C is for the server, which then ends its children itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # When the machine runs out of memory, the kernel should take this process and no other.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    _cap(resource.RLIMIT_AS, memory_bytes)
    _cap(resource.RLIMIT_CORE, 0)
    _cap(resource.RLIMIT_FSIZE, 0)
    _cap(resource.RLIMIT_NOFILE, OPEN_FILES)


def allow_cpu(seconds: float) -> None:
    """Give the next job `seconds` of wall time's worth of CPU on two cores; beyond it, SIGXCPU ends the process.

    The parent's wall deadline comes first; this one holds when the parent is stopped or gone.
    """
    cpu_seconds = time.process_time()
    hard_limit = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft_limit = math.ceil(cpu_seconds + 2 * seconds) + 1
    resource.setrlimit(
        resource.RLIMIT_CPU,
        (soft_limit if hard_limit == resource.RLIM_INFINITY else min(soft_limit, hard_limit), hard_limit),
    )


def _cap(limit: int, value: int) -> None:
    hard_limit = resource.getrlimit(limit)[1]
    if hard_limit != resource.RLIM_INFINITY:
        value = min(value, hard_limit)
    resource.setrlimit(limit, (value, value))
