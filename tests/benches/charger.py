"""One process of the benchmark of charges: `python -m tests.benches.charger WORKSPACE THREADS SECONDS grouped|single`
prints how many charges it made and how many transactions met another one. It imports nothing that sets the settings of
the tests: its parent's environment has them."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imgapis.settings")
django.setup()

from accounts.models import workspaces  # noqa: E402
from billing.charging import charges, credits, groups  # noqa: E402
from billing.charging.charges import Charge  # noqa: E402
from billing.plans import periods  # noqa: E402
from imgapis.base import clock, dynamo, tokens  # noqa: E402
from telemetry.events import RequestEvent  # noqa: E402

CLAIM_SECONDS = 365 * 86_400


def main(workspace_id: str, threads: int, seconds: float, way: str) -> None:
    """Charge for so many seconds, from so many threads."""
    if way == "single":
        groups.write = lambda charge, names: charges.write([charge], names)
    counts = {"charges": 0, "refused": 0, "conflicts": 0}
    write = charges.write

    def counted(bills, names) -> None:
        try:
            write(bills, names)
        except dynamo.TransactionCanceled as error:
            counts["conflicts"] += bool(error.conflicting)
            raise

    charges.write = counted
    row = workspaces.find(workspace_id)
    terms = periods.terms_of(row)
    credits.charge(_charge(workspace_id), terms)  # the connection is made, and the counter open
    print("ready", flush=True)
    sys.stdin.readline()
    ends = time.monotonic() + seconds

    def charge_on(_) -> None:
        while time.monotonic() < ends:
            try:
                credits.charge(_charge(workspace_id), terms)
                counts["charges"] += 1
            except credits.ChargeUnavailable:
                counts["refused"] += 1

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(charge_on, range(threads)))
    print(json.dumps(counts), flush=True)


def _charge(workspace_id: str) -> Charge:
    moment = clock.now()
    event = RequestEvent(workspace_id, tokens.time_ordered_id(moment), "transform", "miss", "", 200, 1_000, 20, 2)
    picture = tokens.random_id("picture")
    return Charge(event, tokens.random_id("digest"), CLAIM_SECONDS, moment, pictures=(picture,))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
