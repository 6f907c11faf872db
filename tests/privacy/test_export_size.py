"""An export of a busy workspace is read as it is written: few rows are held at once, whatever their number (D10)."""

import resource
import weakref

import pytest

from imgapis.base import clock
from imgapis.base.holdings import Holding
from imgapis.privacy import export, registry
from telemetry import events
from telemetry.models import Event
from tests import environment
from tests.telemetry.made_events import some

COUNT = environment.count(2_000, 20_000, 1_000_000)
MOST_AT_ONCE = 100
MOST_MORE = 256_000_000


@pytest.mark.counted
@pytest.mark.timeout(900)
def test_a_million_events_are_never_held_together(monkeypatch):
    """Both the JSON and the CSV; the memory of the whole process grows by less than 256 MB."""
    held, most = set(), [0]

    def many(workspace_id: str):
        made = some(workspace_id, 1_000, clock.now() - 60, clock.now())
        for number in range(COUNT):
            row = events.to_row(made[number % 1_000])
            held.add(number)
            weakref.finalize(row, held.discard, number)
            most[0] = max(most[0], len(held))
            yield row

    monkeypatch.setattr(registry, "HOLDINGS", (Holding(Event, of_workspace=many),))
    monkeypatch.setattr(export.portability, "files", lambda _: ())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    size = sum(len(piece) for piece in export.stream("workspace", "ws_busy"))
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024 - before
    print(f"{COUNT:,} events, {size / 1e6:.0f} MB of zip, {most[0]} held at once, {more / 1e6:.0f} MB more memory")
    assert size > COUNT and most[0] <= MOST_AT_ONCE and more < MOST_MORE
