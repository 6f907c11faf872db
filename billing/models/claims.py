"""The claims that prove a charge, by workspace and keyed hash."""

import itertools
from collections.abc import Iterable

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

CLAIM = DataHandling("billing", "one year from the charge (info: 24 hours)", exported=False)
# Before the hexadecimal digits of a claim that stands for no address: so the rows of addresses can be counted alone.
OF_PICTURE, OF_SOURCE = "p", "s"


class Claim(dynamo.Row):
    """Proof that something was charged: a keyed hash and its times, nothing else (P05). One row stands for the address
    of an operation, others for what it came to and for each source of a grid: a letter before the hash tells them
    apart (OF_PICTURE, OF_SOURCE)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("claims")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose charge it was", CLAIM)
    digest = declared(UnicodeAttribute(range_key=True), "keyed hash of the canonical operation (P05)", CLAIM)
    charged = declared(Moment(), "when it was charged", CLAIM)
    expires = declared(TTLAttribute(), "when the operation is new work again", CLAIM)


def find_live(workspace_id: str, digest: str, moment: float, purged_before: float = 0) -> Claim | None:
    """The claim of an operation, if it is neither expired (TTL only sweeps) nor purged."""
    claim = Claim.find(workspace_id, digest)
    if claim is None:
        return None
    is_live = claim.expires.timestamp() > moment and claim.charged > purged_before
    return claim if is_live else None


def live_digests(workspace_id: str, digests: Iterable[str], moment: float, purged_before: float = 0) -> frozenset[str]:
    """The digests of those claims that are neither expired nor purged, read consistently."""
    keys = [(workspace_id, digest) for digest in dict.fromkeys(digests)]
    rows = Claim.batch_get(keys, consistent_read=True) if keys else ()
    return frozenset(row.digest for row in rows if row.expires.timestamp() > moment and row.charged > purged_before)


def end_by(workspace_id: str, digests: Iterable[str], expires: float, charged_before: float) -> None:
    """Let those claims that were charged before a moment, and would live longer, end at `expires`."""
    keys = [(workspace_id, digest) for digest in dict.fromkeys(digests)]
    end = clock.utc(int(expires))
    condition = (Claim.expires > end) & (Claim.charged < charged_before)
    for row in list(Claim.batch_get(keys, consistent_read=True)) if keys else ():
        if row.expires > end and row.charged < charged_before:
            row.update_if(condition, expires=end)


def count_live(workspace_id: str, moment: float, charged_after: float, limit: int) -> int:
    """How many operations of a workspace have a live claim charged after a moment; counting stops at `limit`."""
    condition = (Claim.expires > clock.utc(int(moment))) & (Claim.charged > charged_after)
    of_address = Claim.digest < min(OF_PICTURE, OF_SOURCE)
    rows = Claim.query(workspace_id, of_address, filter_condition=condition, attributes_to_get=["digest"])
    return sum(1 for _ in itertools.islice(rows, limit))
