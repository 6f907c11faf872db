"""The requests of image hosts, as `imgapis.server.middleware` hands them on."""

from django.http import HttpRequest

from transforms.tenant.tenants import Tenant


class ImageHttpRequest(HttpRequest):
    """A request on a host of images: of the workspace that the host names, by its namespace or a domain of its own
    (`custom_domain`)."""

    method: str
    request_id: str
    custom_domain: bool
    tenant: Tenant
