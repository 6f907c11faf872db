"""The requests of image hosts, as `imgapis.server.middleware` hands them on."""

from imgapis.base.requests import TracedHttpRequest
from transforms.tenant.tenants import Tenant


class ImageHttpRequest(TracedHttpRequest):
    """A request on a host of images: of the workspace that the host names, by its namespace or a domain of its own
    (`custom_domain`)."""

    method: str
    custom_domain: bool
    tenant: Tenant
