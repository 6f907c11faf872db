"""The migration files of an export: sources, presets, fallbacks and settings for imgproxy and imagor.

Image addresses are not kept, so none can be listed; the maps of sources and parameters say how to rewrite one's own.
What has no equivalent there is named in the files themselves. By imgproxy's and imagor's documentation of 2026.
"""

import re
from collections.abc import Iterable, Iterator

from accounts.models import Workspace, workspaces
from imgapis.base import clock, csv_lines
from imgapis.privacy.portability_parameters import PARAMETERS, preset
from transforms.access import fallbacks, presets
from transforms.models import Source
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows
from transforms.models import sources as source_rows
from transforms.sources.kinds.bucket import BucketKind
from transforms.sources.kinds.registry import kind_of

README = """How {namespace} was set up on {day}, for imgproxy and imagor.

sources.csv     how a picture of each source is named here, at imgproxy and at imagor
parameters.csv  what each of our parameters is called there; empty is: there is none
presets.txt     your presets as they are here
fallbacks.csv   your fallbacks, and whose default they are
imgproxy.env    settings for imgproxy; its presets are translated as far as they mean the same
imagor.env      settings for imagor, which has no presets
imagor-buckets.yaml  where you have several buckets: which path leads to which, for imagor

What neither can be given: the keys of your buckets and of your signatures, which no export holds; allowed origins,
caps and purges, which they do not have. Prices of credits and the cache are ours alone: put a CDN before them.
"""
KEYS = "# Keys of your buckets are not in an export: put your own in.\n"
ROUTED = "imagor-buckets.yaml"


def files(workspace_id: str) -> Iterator[tuple[str, Iterable[str]]]:
    """(name, lines) of each migration file of a workspace, without secrets; none where the workspace does not exist."""
    row = workspaces.find(workspace_id)
    if row is None:
        return
    sources = sorted(source_rows.of_workspace(workspace_id), key=lambda source: source.name)
    values = {preset_row.name: dict(preset_row.values) for preset_row in preset_rows.of_workspace(workspace_id)}
    hosts = list(row.allowed_sources)
    yield "leave-us/README.txt", [README.format(namespace=row.namespace, day=clock.day(clock.now()))]
    yield "leave-us/imgproxy.env", _imgproxy(sources, values, hosts, _default_fallback(row, sources))
    yield "leave-us/imagor.env", _imagor(sources, hosts)
    if len(_buckets(sources)) > 1:
        yield f"leave-us/{ROUTED}", _router(_buckets(sources))
    yield "leave-us/presets.txt", [f"{name}\t{presets.query_of(query)}\n" for name, query in sorted(values.items())]
    yield "leave-us/fallbacks.csv", _table(("fallback", "picture", "status", "default of"), _fallbacks(row))
    yield "leave-us/sources.csv", _table(("source", "img apis", "imgproxy", "imagor"), _named(sources))
    lines = ((name, *equivalents) for name, equivalents in PARAMETERS.items())
    yield "leave-us/parameters.csv", _table(("img apis", "imgproxy", "imagor"), lines)


def _fallbacks(row: Workspace) -> Iterator[tuple[str, str, str, str]]:
    """Each fallback with whose default it is."""
    chosen = fallbacks.defaults(row)
    for fallback in fallback_rows.of_workspace(row.workspace_id):
        users = ["every source"] if chosen["workspace"] == fallback.name else []
        users += [source for source, name in chosen["sources"].items() if name == fallback.name]
        yield fallback.name, fallback.src, fallback.status, " ".join(users)


def _default_fallback(row: Workspace, sources: list[Source]) -> str:
    """imgproxy's settings of the workspace's fallback: one for all pictures, there. Empty where there is none."""
    fallback = fallback_rows.find(row.workspace_id, row.fallback) if row.fallback else None
    if fallback is None:
        return ""
    name, _, path = fallback.src.partition("/")
    source = next((source for source in sources if source.name == name), None)
    if source is None:
        return ""
    status = "200" if fallback.status == "200" else "0"  # 0 is the error's own
    address = f"{_address(source)}{path}"
    settings = {"URL": address, "HTTP_CODE": status, "TTL": "60"}
    return "".join(f"IMGPROXY_FALLBACK_IMAGE_{setting}={value}\n" for setting, value in settings.items())


def _imgproxy(
    sources: list[Source], values: dict[str, dict[str, str]], hosts: list[str], fallback: str
) -> Iterator[str]:
    yield KEYS
    web_addresses = [f"{scheme}://{host}/" for host in hosts if host != "*" for scheme in ("https", "http")]
    # Empty would let it fetch from anywhere.
    yield f"IMGPROXY_ALLOWED_SOURCES={','.join([*map(_address, sources), *web_addresses]) or 'none://'}\n"
    yield from _any_host(hosts, "leave IMGPROXY_ALLOWED_SOURCES empty")
    yield from _imgproxy_buckets(_buckets(sources))
    translated = {}
    for name, query in sorted(values.items()):
        translated[name], untranslated = preset(query)
        yield f"# preset {name}: {presets.query_of(query)}\n"
        if untranslated:
            yield f"#   not translated: {', '.join(untranslated)}\n"
    if any(translated.values()):
        yield f"IMGPROXY_PRESETS={','.join(f'{name}={options}' for name, options in translated.items() if options)}\n"
    yield fallback
    yield "IMGPROXY_TTL=31536000\n"


def _imgproxy_buckets(buckets: list[Source]) -> Iterator[str]:
    """imgproxy has one endpoint and one pair of keys for all buckets; it detects Amazon's regions by itself."""
    if not buckets:
        return
    yield "IMGPROXY_USE_S3=true\n"
    endpoint = _endpoint(buckets[0])
    served_buckets = [bucket for bucket in buckets if _endpoint(bucket) == endpoint]
    if endpoint:
        yield f"IMGPROXY_S3_ENDPOINT={endpoint}\n"
    yield f"IMGPROXY_S3_REGION={_region(served_buckets[0])}\n"
    if len({_region(bucket) for bucket in served_buckets}) > 1:
        yield "IMGPROXY_S3_MULTI_REGION=true\n"
    if len(served_buckets) > 1:
        yield "# One pair of keys has to read all of them: imgproxy takes one.\n"
    for bucket in buckets:
        if bucket not in served_buckets:
            yield f"# {bucket.name} lies at another endpoint: imgproxy takes one, so it needs a second imgproxy.\n"


def _imagor(sources: list[Source], hosts: list[str]) -> Iterator[str]:
    yield KEYS
    prefixes = [re.escape(prefix) for source in sources if (prefix := kind_of(source).public_prefix(source))]
    named_hosts = [host for host in hosts if host != "*"]
    if prefixes:
        yield f"HTTP_LOADER_ALLOWED_SOURCE_REGEXP=^(?:{'|'.join(prefixes)})\n"
    if named_hosts:
        yield f"HTTP_LOADER_ALLOWED_SOURCES={','.join(named_hosts)}\n"
    if not prefixes and not named_hosts:
        yield "HTTP_LOADER_DISABLE=1\n"
    yield from _any_host(hosts, "set HTTP_LOADER_ALLOWED_SOURCES=*, and not HTTP_LOADER_DISABLE")
    buckets = _buckets(sources)
    if len(buckets) == 1:
        (only,) = buckets
        yield f"S3_LOADER_BUCKET={only.bucket}\nS3_LOADER_PATH_PREFIX={only.name}\nS3_LOADER_BASE_DIR={_folder(only)}\n"
        yield f"AWS_REGION={_region(only)}\n" + (f"S3_ENDPOINT={_endpoint(only)}\n" if _endpoint(only) else "")
    elif buckets:
        yield "# One loader reads them all, by the rules of the file beside this one; each may have keys of its own.\n"
        yield f"S3_LOADER_BUCKET_ROUTER_CONFIG=/etc/imagor/{ROUTED}\n"


def _any_host(hosts: list[str], how: str) -> Iterator[str]:
    if "*" in hosts:
        yield f"# Here any web address may be a source as well. To have that there too, {how}.\n"


def _router(buckets: list[Source]) -> Iterator[str]:
    """imagor's own file: the first part of a path chooses the bucket, the rest is the object's key."""
    yield "# access_key_id and secret_access_key may be added to each bucket.\n"
    yield f'routing_pattern: "^(?P<bucket>{"|".join(bucket.name for bucket in buckets)})/(?P<path>.+)$"\n'
    yield f"default_bucket:\n{_bucket(buckets[0], '  ')}rules:\n"
    for bucket in buckets:
        yield f"  - match: {bucket.name}\n    bucket:\n{_bucket(bucket, '      ')}"


def _bucket(source: Source, indent: str) -> str:
    lines = {"name": source.bucket, "region": _region(source), "endpoint": _endpoint(source)}
    return "".join(f'{indent}{name}: "{value}"\n' for name, value in lines.items() if value)


def _named(sources: list[Source]) -> Iterator[tuple[str, ...]]:
    """How PATH of each source is named. imagor's loader of one bucket adds the prefix itself, its router cannot."""
    routed = len(_buckets(sources)) > 1
    for source in sources:
        imgproxy_path = f"plain/{_address(source)}PATH"
        if not kind_of(source).is_bucket:
            yield source.name, f"src={source.name}/PATH", imgproxy_path, f"{source.prefix}PATH"
        else:
            key_prefix = source.prefix if routed else source.prefix.removeprefix(_folder(source))
            yield source.name, f"src={source.name}/PATH", imgproxy_path, f"{source.name}/{key_prefix}PATH"


def _buckets(sources: list[Source]) -> list[Source]:
    return [source for source in sources if kind_of(source).is_bucket]


def _bucket_kind(source: Source) -> BucketKind:
    """The kind of a source that `_buckets` names."""
    kind = kind_of(source)
    assert isinstance(kind, BucketKind)
    return kind


def _region(source: Source) -> str:
    return _bucket_kind(source).signing_region(source.region)


def _endpoint(source: Source) -> str:
    """The endpoint of a bucket; empty for Amazon's, which follows from the region."""
    return _bucket_kind(source).client_endpoint(source)


def _folder(source: Source) -> str:
    """The key prefix where it ends with a slash; else empty."""
    return source.prefix if source.prefix.endswith("/") else ""


def _address(source: Source) -> str:
    """The URL prefix of a source in imgproxy's notation."""
    return f"s3://{source.bucket}/{source.prefix}" if kind_of(source).is_bucket else source.prefix


def _table(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from map(csv_lines.line, (header, *lines))
