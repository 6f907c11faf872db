"""What telemetry holds of a workspace; it knows no person."""

from imgapis.base.holdings import Holding, by_hash_key, by_prefix
from telemetry.models import DirtyHour, Event, Rollup

HOLDINGS = (
    Holding(DirtyHour, of_workspace=by_prefix(DirtyHour, "place")),
    Holding(Event, of_workspace=by_hash_key(Event)),
    Holding(Rollup, of_workspace=by_hash_key(Rollup)),
)
