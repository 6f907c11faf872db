"""What a kind of source defines: the fields people enter, their validation, and where the file of a path lies."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from imgapis.base.errors import ApiError
from imgapis.base.outbound.urls import Location
from transforms.models import Source

LONGEST_PREFIX = 1024


class InvalidSourceSetting(ApiError):
    """A setting of a source is not valid."""

    code = "invalid_source_setting"


@dataclass(frozen=True)
class Field:
    """A field of the form: `required` is the error where it is empty, and empty where it may be."""

    name: str
    label: str
    help_text: str
    required: str = ""
    inputmode: str = ""
    is_secret: bool = False


@dataclass(frozen=True)
class SourceValues:
    """The values of a source's fields; those that its kind has no use for are empty."""

    prefix: str = ""
    bucket: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""

    def only(self, names: set[str]) -> "SourceValues":
        """The same with every field emptied that is not among `names`."""
        return replace(self, **{field.name: "" for field in fields(self) if field.name not in names})


@dataclass(frozen=True)
class SourceFile:
    """A file of a source, before it is fetched.

    `identity` tells it from the other files of its source in cache keys. `place` is where it lies, by which staff block
    it, whatever the source is called. `location` gives the URL to send a method to, which for a bucket holds a
    signature for that method and is valid for a minute. `home` is the host that redirects may lead to beside the
    workspace's allowed hosts; None where no redirect is followed.
    """

    identity: str
    place: str
    location: Callable[[str], Location]
    home: str | None = None


class Kind(ABC):
    """A kind of source. One module of this package defines one, and `kinds.KINDS` lists it."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    # The settings that are shown, logged and exported: all but the key and its secret.
    public_fields: tuple[str, ...]
    # Whether it is read by the S3 API with a key of the customer's.
    is_bucket: bool = False

    @property
    def field_names(self) -> set[str]:
        """The names of the fields that this kind uses."""
        return {field.name for field in self.fields}

    def check(self, values: SourceValues) -> None:
        """InvalidSourceSetting with `param`, the first field whose value is not valid."""
        if len(values.prefix) > LONGEST_PREFIX:
            raise InvalidSourceSetting(f"A prefix is at most {LONGEST_PREFIX} characters.", param="prefix")

    def check_reachable(self, workspace_id: str, prefix: str) -> None:  # noqa: B027 - most kinds have fixed hosts
        """InvalidSourceSetting for a server that the guard would never connect to. Called where `prefix` is new."""

    @abstractmethod
    def file(self, source: Source, path: str) -> SourceFile:
        """The file of a path. FetchError `invalid_source` for a path that could lead elsewhere."""

    @abstractmethod
    def scheme(self, source: Source) -> str:
        """http or https, of the first address that is requested."""

    @abstractmethod
    def display(self, source: Source) -> str:
        """Where its files lie, for people."""

    def public_prefix(self, source: Source) -> str:
        """The URL before every path that anybody may read; empty where the files are private."""
        return ""

    def policy(self, source: Source) -> str:
        """The least-privilege policy for the customer's key, in the format of the service; empty where there is no
        key."""
        return ""

    def policy_instructions(self, source: Source) -> str:
        """Where `policy` is to be put; HTML."""
        return ""
