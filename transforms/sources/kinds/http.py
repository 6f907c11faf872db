"""Web servers: files below a URL prefix."""

from urllib.parse import quote

from django.conf import settings

from imgapis.base import waiting
from imgapis.base.outbound import own_hosts, resolution, urls
from imgapis.base.outbound.fetch import FetchError
from transforms.models import Source
from transforms.sources.kinds.kind import Field, InvalidSourceSetting, Kind, SourceFile, SourceValues
from transforms.tenant import places


class WebServer(Kind):
    """A prefix that every path is added to."""

    name = "http"
    title = "Web server"
    description = "Pictures that lie under a URL already: a shop, a CMS, any storage with public addresses."
    public_fields = ("prefix",)
    fields = (
        Field(
            "prefix",
            "URL prefix",
            "Every path is added to it. It ends with /, such as https://shop.example/photos/.",
            "Enter the URL the pictures lie under, such as https://shop.example/photos/.",
            inputmode="url",
        ),
    )

    def check(self, values: SourceValues) -> None:
        """See Kind."""
        super().check(values)
        prefix = values.prefix
        if not prefix.endswith("/") or "?" in prefix:
            sentence = "Enter a URL that ends with / and has no query, such as https://shop.example/photos/."
            raise InvalidSourceSetting(sentence, param="prefix")
        try:
            location = urls.parse(prefix)
        except FetchError as error:
            raise InvalidSourceSetting(error.message, param="prefix") from error
        if location.scheme == "http" and not settings.FETCH_ALLOW_HTTP:
            raise InvalidSourceSetting("Only https addresses are fetched.", param="prefix")
        if own_hosts.own_host(location.host):
            sentence = "This host is one of ours: name the server the originals lie on."
            raise InvalidSourceSetting(sentence, param="prefix")

    def check_reachable(self, workspace_id: str, prefix: str) -> None:
        """Refuse a host that has no public address (S1)."""
        location = urls.parse(prefix)
        try:
            with waiting.place(workspace_id):
                resolution.require_public(location)
        except FetchError as error:
            sentence = f"{location.host} has no public address: check the name, or set its DNS record first."
            raise InvalidSourceSetting(sentence, param="prefix") from error

    def file(self, source: Source, path: str) -> SourceFile:
        """See Kind."""
        # The path is a name, as in a bucket: a percent sign in it is one, and begins no escape.
        location = urls.parse(source.prefix + quote(path, safe="/~!$&'()*+,;=:@"))
        return SourceFile(location.target, places.of_location(location), lambda method: location, home=location.host)

    def scheme(self, source: Source) -> str:
        """See Kind."""
        return urls.parse(source.prefix).scheme

    def display(self, source: Source) -> str:
        """See Kind."""
        return source.prefix

    def public_prefix(self, source: Source) -> str:
        """See Kind."""
        return source.prefix
