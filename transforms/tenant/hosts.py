"""The URLs of image hosts, for display."""

from urllib.parse import quote

from django.conf import settings


def image_host(namespace: str) -> str:
    """The address of a workspace's image host, with its scheme."""
    scheme, port = ("http", f":{settings.PORT}") if settings.EMBEDDED else ("https", "")
    return f"{scheme}://{namespace}.{settings.IMAGE_DOMAIN}{port}"


def example(namespace: str, source: str, path: str) -> str:
    """The address of a picture of a source, 800 pixels wide."""
    return f"{image_host(namespace)}/transform?src={source}/{quote(path, safe='/')}&w=800"
