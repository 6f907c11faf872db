"""The personal data this package stores about a workspace."""

from imgapis.base.holdings import Holding, hashed, having
from transforms import custom_hostnames
from transforms.models import Domain, Preset, PurgeRule, Source

HOLDINGS = (
    Holding(Source, of_workspace=hashed(Source)),
    Holding(Preset, of_workspace=hashed(Preset)),
    Holding(PurgeRule, of_workspace=hashed(PurgeRule)),
    Holding(Domain, of_workspace=having(Domain, "workspace_id")),
)


def free_hostnames(workspace_id: str) -> int:
    """Delete a workspace's custom hostnames at Cloudflare; returns how many there were. Raises CloudflareFailed."""
    rows = [row for row in having(Domain, "workspace_id")(workspace_id) if row.cloudflare_id]
    for row in rows:
        custom_hostnames.delete(row.cloudflare_id)
    return len(rows)
