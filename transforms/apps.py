"""Images as a Django app: at start it tells the guarded HTTP client which custom domains are ours."""

from django.apps import AppConfig

from imgapis.base.outbound import own_hosts


class TransformsConfig(AppConfig):
    """Images."""

    name = "transforms"

    def ready(self) -> None:
        """A custom domain is a host of ours (S17)."""
        own_hosts.register(_is_custom_domain)


def _is_custom_domain(host: str) -> bool:
    from transforms.tenant import tenants  # rows can be imported only once every app is loaded

    return tenants.of_domain(host) is not None
