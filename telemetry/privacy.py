"""What telemetry holds of a workspace; it knows no person."""

from imgapis.base.holdings import Holding, beginning, hashed
from telemetry.models import Dirty, Event, Rollup

HOLDINGS = (
    Holding(Dirty, of_workspace=beginning(Dirty, "place")),
    Holding(Event, of_workspace=hashed(Event)),
    Holding(Rollup, of_workspace=hashed(Rollup)),
)
