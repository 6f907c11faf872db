"""Access checks of an image request: suspension, and the calling Origin, before anything else."""

from imgapis.base.errors import ApiError
from transforms.tenant import patterns
from transforms.tenant.tenants import Tenant


class OriginNotAllowed(ApiError):
    """The calling site is not on the workspace's list."""

    status = 403
    code = "origin_not_allowed"


class Suspended(ApiError):
    """Support has stopped the workspace."""

    status = 403
    code = "workspace_suspended"


def check(tenant: Tenant, origin: str | None) -> None:
    """Refuse a foreign Origin (C3) and a suspended workspace (K6). A request without Origin always passes."""
    if tenant.suspended:
        raise Suspended("This workspace is suspended. Its owner can write to support.")
    if origin and not patterns.origin_allowed(tenant.allowed_origins, origin):
        raise OriginNotAllowed("This site is not on the workspace's list of allowed origins.")
