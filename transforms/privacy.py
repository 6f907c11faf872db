"""The personal data this package stores about a workspace."""

from imgapis.base.holdings import Holding, by_attribute, by_hash_key
from transforms.domains import custom_hostnames
from transforms.models import BlockRule, Domain, Fallback, Preset, PurgeRule, Source, domains

HOLDINGS = (
    Holding(Source, of_workspace=by_hash_key(Source)),
    Holding(Preset, of_workspace=by_hash_key(Preset)),
    Holding(Fallback, of_workspace=by_hash_key(Fallback)),
    Holding(PurgeRule, of_workspace=by_hash_key(PurgeRule)),
    Holding(BlockRule, of_workspace=by_hash_key(BlockRule)),
    Holding(Domain, of_workspace=by_attribute(Domain, "workspace_id")),
)


def free_hostnames(workspace_id: str) -> int:
    """Delete a workspace's custom hostnames at Cloudflare; returns how many there were. Raises CloudflareFailed."""
    rows = [row for row in domains.scan_workspace(workspace_id) if row.cloudflare_id]
    for row in rows:
        custom_hostnames.delete(row.cloudflare_id)
    return len(rows)
