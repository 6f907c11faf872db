"""What charging costs: charges a second of one workspace, from four processes at once, each by itself and in groups."""

import json
import secrets
import subprocess
import sys
from collections import Counter

from accounts.workspaces import workspaces
from billing.charging import ledger
from imgapis.devstack import downloads

PROCESSES, THREADS, SECONDS, ROUNDS = 4, 16, 4.0, 3


def measure() -> None:
    """Interleaved rounds of both, on the engine that runs."""
    totals = {"single": Counter(), "grouped": Counter()}
    for _ in range(ROUNDS):
        for way, total in totals.items():
            total.update(_round(way))
    print(f"\nCharges of one workspace from {PROCESSES} processes of {THREADS} threads, {ROUNDS} rounds")
    for way, total in totals.items():
        rate = total["charges"] / (ROUNDS * SECONDS)
        conflicts = total["conflicts"] / max(1, total["charges"])
        print(f"  {way:8} {rate:7.0f} a second   {conflicts:.2f} conflicts a charge   {total['refused']} refused")
    print(f"  ratio    {totals['grouped']['charges'] / max(1, totals['single']['charges']):7.1f}", flush=True)


def _round(way: str) -> Counter:
    row = workspaces.create_unowned(namespace=f"charges-{secrets.token_hex(6)}", allowance=100_000_000)
    command = [sys.executable, "-m", "tests.benches.charger", row.workspace_id, str(THREADS), str(SECONDS), way]
    chargers = [
        subprocess.Popen(command, cwd=downloads.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for each in chargers:
        assert each.stdout.readline() == "ready\n"
    for each in chargers:
        each.stdin.write("\n")
        each.stdin.flush()
    totals = Counter()
    for each in chargers:
        totals.update(json.loads(each.communicate(timeout=120)[0]))
    (proof,) = ledger.prove(row.workspace_id)
    assert proof.is_valid and proof.used >= 2 * totals["charges"]
    return totals
