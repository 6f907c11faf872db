"""What somebody means who names pictures: an image address as copied from a page, or the beginning of a src."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings

from imgapis.base.errors import ApiError
from transforms.engine.request import endpoints
from transforms.engine.request.query import Query
from transforms.serving import image_plans
from transforms.sources import originals
from transforms.sources.originals import Original
from transforms.tenant import tenants
from transforms.tenant.tenants import Tenant


class InvalidTarget(ApiError):
    """The text names no picture of the workspace."""

    code = "invalid_target"


class ImageAddress(NamedTuple):
    """What an address asks for, without its signature."""

    endpoint: str
    query: Query
    path_source: str | None


def of_beginning(tenant: Tenant, target: str) -> tuple[str, ...]:
    """The identity prefix of every original whose src starts with `target`. Raises InvalidTarget."""
    original, added = _first_of_beginning(tenant, target)
    return (*original.identity[:-1], original.identity[-1].removesuffix(added))


def place_of_beginning(tenant: Tenant, target: str) -> str:
    """What the places of all originals begin with whose src starts with `target`. Raises InvalidTarget."""
    original, added = _first_of_beginning(tenant, target)
    return original.place.removesuffix(added)


def _first_of_beginning(tenant: Tenant, target: str) -> tuple[Original, str]:
    """An original whose src starts with `target`, and what was added to it: a folder is resolved by a dummy file name.
    Raises InvalidTarget."""
    added = "" if not target.endswith("/") or originals.FULL_URL.match(target) else "x"
    try:
        return originals.resolve(tenant, target + added), added
    except ApiError as refusal:
        raise InvalidTarget(refusal.message, param="target") from refusal


def of_address(tenant: Tenant, address: str) -> image_plans.RenderPlan:
    """The plan of an address as copied from a page; its signature is removed. Raises InvalidTarget."""
    parsed = parse(tenant, address)
    try:
        return image_plans.make(tenant, *parsed, None)
    except ApiError as refusal:
        raise InvalidTarget(refusal.message, param="target") from refusal


def parse(tenant: Tenant, address: str) -> ImageAddress:
    """An address as copied from a page: a URL of one of the workspace's hosts, or path and query. Raises
    InvalidTarget."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
    except ValueError as error:
        raise InvalidTarget("This is no address.", param="target") from error
    if host and not _ours(tenant, host):
        raise InvalidTarget("This address is not one of this workspace's hosts.", param="target")
    path = parts.path.removeprefix("/explain")
    endpoint = next(
        (
            candidate
            for candidate in endpoints.LONGEST_FIRST
            if path == f"/{candidate}" or path.startswith(f"/{candidate}/")
        ),
        None,
    )
    if endpoint is None:
        raise InvalidTarget("Paste an address such as /transform?src=shop/shoe.jpg&w=800.", param="target")
    return ImageAddress(
        endpoint, Query.parse(parts.query).without_signature(), unquote(path[len(endpoint) + 2 :]) or None
    )


def _ours(tenant: Tenant, host: str) -> bool:
    namespace, _, domain = host.partition(".")
    owner = tenants.of_namespace(namespace) if domain == settings.IMAGE_DOMAIN else tenants.of_domain(host)
    return owner is not None and owner.workspace_id == tenant.workspace_id
