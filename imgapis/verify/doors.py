"""Every entry point of the product, with marks sent through each: pages, forms, the REST API and the image API."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from imgapis.verify.marks import IP, Marks
from imgapis.verify.visitor import Visitor

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
ENDS = ("logout",)  # the owner goes on with the session
CODE = re.compile(r"^ *([0-9]{8})\s*$", re.MULTILINE)
KEY = re.compile(r"\bimg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}")
PUBLIC = ("/", "/docs", "/docs/errors", "/privacy", "/terms", "/status", "/llms.txt", "/nowhere", "/healthz")
OPERATIONS = ("transform", "info", "grid", "placeholder/blurhash", "placeholder/color", "explain/transform", "nothing")


class FormRefused(Exception):
    """A valid form was refused, so that its marks were not stored."""


@dataclass(frozen=True)
class SeedAccount:
    """The account that was opened: crawled with, then erased."""

    email: str
    namespace: str
    visitor: Visitor


def headers(marks: Marks) -> dict[str, str]:
    """The headers of a viewer's browser and of proxies, each with a mark."""
    return {
        "User-Agent": marks.say("viewer", "agent"),
        "Referer": f"https://{marks.say('viewer', 'referer')}.example/",
        "Cookie": f"other={marks.say('viewer', 'cookie')}",
        "Authorization": f"Bearer {marks.say('viewer', 'bearer')}",
        "Accept-Language": marks.say("viewer", "language"),
        "X-Marked": marks.say("viewer", "header"),
        **dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"), IP),
        "Forwarded": f"for={IP}",
    }


def open_account(port: int, folder: Path, marks: Marks) -> SeedAccount:
    """Sign up as a person would, with a wrong code first. `folder` is the server's VAR_DIR, with its mails."""
    visitor = Visitor(port, headers(marks))
    email = marks.email("owner")
    visitor.post("/login", {"email": email})
    visitor.post("/login/code", {"code": "000000x"})
    visitor.post("/login/code", {"code": _code(folder, email)})
    namespace = marks.say("account", "space")
    fields = {"adult": "on", "business_name": marks.say("account", "business"), "namespace": namespace}
    visitor.post("/signup", fields)
    marks.secret["session"] = next(iter(visitor.cookies.values())).encode()
    return SeedAccount(email, namespace, visitor)


def _code(folder: Path, email: str) -> str:
    """The code of the newest mail to an address."""
    texts = [path.read_text() for path in sorted((folder / "mail").glob("*.eml"))]
    return CODE.findall([text for text in texts if f"To: {email}" in text][-1])[-1]


def fill_workspace(account: SeedAccount, origin: int, marks: Marks) -> None:
    """Submit every form of a workspace, once valid and once with an invalid body. Raises ClosedDoor."""
    visitor, base = account.visitor, f"/w/{account.namespace}"
    prefix = f"http://127.0.0.1:{origin}/{marks.say('account', 'prefix')}/"
    for path, fields in {
        "sources/new?kind=http": {"name": "shop", "prefix": prefix},
        "sources/new?kind=s3": {
            "name": "store",
            "bucket": marks.say("account", "bucket"),
            "region": "us-east-1",
            "prefix": "",
            "access_key": marks.say("account", "access", ""),
            "secret_key": marks.say("secret", "bucket-secret"),
        },
        "access": {
            "allowed_origins": f"*\nhttps://{marks.say('account', 'allowed')}.example",
            "allowed_sources": f"{marks.say('account', 'source')}.example",
            "refused": "402",
            "act": "save",
        },
        "presets": {"name": marks.say("account", "preset"), "query": "w=90"},
        "fallbacks": {
            "name": marks.say("account", "fallback"),
            "src": f"shop/{marks.say('account', 'fallback-picture')}.jpg",
            "status": "error",
        },
        "purge": {"scope": "prefix", "target": f"shop/{marks.say('account', 'purged')}/", "act": "purge"},
        "purge/compare": {"target": f"/transform?src=shop/{marks.say('viewer', 'compared')}.jpg"},
        "team": {"email": marks.email("guest"), "role": "viewer"},
        "settings": {"business_name": marks.say("account", "business"), "namespace": account.namespace},
        "sources/shop/doctor": {"path": f"{marks.say('viewer', 'examined')}.jpg"},
        "domains": {"domain": f"{marks.say('account', 'domain')}.canary-domains.com"},
    }.items():
        response = visitor.post(f"{base}/{path}", fields)
        if response.status >= 400:
            raise FormRefused(f"The form of {path} was refused.")
        visitor.post(f"{base}/{path}", dict.fromkeys(fields, marks.say("viewer", "body") + "\r\n<é>"))
    match = KEY.search(_new_key(account, marks))
    if match is None:
        raise FormRefused("The form of an API key was refused.")
    api_key = match[0]
    marks.secret["key"] = api_key[len("img_0123456789_") :].encode()
    call_api(visitor, api_key, marks)
    for path in ("", "usage", "audit", "signing", "usage.csv", "team", "sources/shop"):
        visitor.get(f"{base}/{path}?q={marks.say('viewer', 'page-query')}")


def _new_key(account: SeedAccount, marks: Marks) -> str:
    """The text of the page that shows a new API key."""
    fields = {"name": marks.say("account", "key"), "scopes": ["workspace.view", "sources.edit"], "days": "30"}
    return account.visitor.post(f"/w/{account.namespace}/keys", fields).text


def call_api(visitor: Visitor, key: str, marks: Marks) -> None:
    """Call the REST API by key: reads, and writes with invalid bodies."""
    bearer, bad_body = f"Bearer {key}", json.dumps({"name": marks.say("viewer", "api-body"), "kind": "none"})
    for path in ("workspace", "sources", "presets", "usage", "nothing"):
        visitor.get(f"/api/v1/{path}?q={marks.say('viewer', 'api-query')}", Authorization=bearer)
        visitor.send(f"/api/v1/{path}", bad_body, Authorization=bearer, **{"Content-Type": "application/json"})
        visitor.send(f"/api/v1/{path}", bad_body[:-1], Authorization=bearer, **{"Content-Type": "application/json"})


def request_images(port: int, namespace: str, marks: Marks) -> Visitor:
    """Request every operation as a viewer: new, repeated, invalid, missing, by other methods and at a foreign host."""
    viewer = Visitor(port, headers(marks))
    host = f"{namespace}.localhost"
    photo = f"shop/{marks.say('original', 'photo')}.jpg"
    bad_value, origin = marks.say("viewer", "query"), f"https://{marks.say('account', 'caller')}.example"
    for operation in OPERATIONS:
        for query in (
            f"src={photo}&w=61",
            f"src={photo}&w=61",
            f"src={photo}missing",
            f"src={bad_value}",
            f"{bad_value}=1",
        ):
            viewer.get(f"/{operation}?{query}", host, Origin=origin)
        viewer.get(f"/{operation}?src={photo}", host, "HEAD", Origin=f"https://a b {bad_value}")
        viewer.send(f"/{operation}?src={bad_value}", marks.say("viewer", "picture-body"), host)
    viewer.get(f"/transform?src=store/{marks.say('original', 'object')}.jpg", host)
    viewer.get(f"/transform?src=https%3A%2F%2F{marks.say('viewer', 'foreign')}.example%2Fa.jpg", host)
    viewer.get(f"/{bad_value}", f"{marks.say('viewer', 'host')}.example")
    marks.hashed[f"picture at {port}"] = f"http://{host}:{port}/transform?src={photo}&w=61"
    marks.hashed["picture's query"] = f"src={photo}&w=61"
    marks.hashed["picture's source"] = photo
    return viewer


def try_every_route(port: int, account: SeedAccount, marks: Marks) -> list[Visitor]:
    """Request every route of the URLconf, so that new ones are included: GET as the owner, POST signed out, and POST as
    the owner with a wrong CSRF token. None of these changes anything."""
    owner = Visitor(port, account.visitor.headers, dict(account.visitor.cookies))
    nobody = Visitor(port, headers(marks))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrfmiddlewaretoken={'x' * 64}&text={marks.say('viewer', 'route-body')}"
    for path in routes(account.namespace, marks.say("viewer", "route-part")):
        owner.get(f"{path}?q={marks.say('viewer', 'route-query')}")
        for visitor in (nobody, owner):
            visitor.send(path, body, **form)
    return [owner, nobody]


def routes(namespace: str, other: str) -> list[str]:
    """The path of every route of the site, its parameters filled in: `namespace` for the namespace, else `other`."""
    paths = {path for path in _patterns(get_resolver().url_patterns) if not path.startswith(ENDS)}
    values = {"namespace": namespace}
    return sorted("/" + PARAMETER.sub(lambda match: values.get(match[1], other), path) for path in paths)


def _patterns(entries: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for entry in entries:
        path = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path
        else:
            yield from _patterns(entry.url_patterns, path)


def probe_public_paths(port: int, marks: Marks) -> Visitor:
    """Request the public pages with what no client should send: queries, bodies, foreign tokens, files, no API key."""
    visitor = Visitor(port, headers(marks))
    query, body = marks.say("viewer", "site-query"), marks.say("viewer", "site-body")
    for path in PUBLIC:
        visitor.get(f"{path}?q={query}")
    for path in ("/login", "/login/code", "/account/email", "/api/v1/workspace", "/api/v1/sources", "/nowhere"):
        visitor.send(path, json.dumps({"text": body}), **{"Content-Type": "application/json"})
        visitor.send(path, f"text={body}", **{"Content-Type": "application/x-www-form-urlencoded"})
        visitor.send(
            path,
            f'--x\r\nContent-Disposition: form-data; name="f"; filename="{body}"\r\n\r\n{body}\r\n--x--',
            **{"Content-Type": "multipart/form-data; boundary=x"},
        )
    visitor.post("/login", {"email": f"{body}@"})
    visitor.post("/login", {"email": marks.email("stranger")})
    visitor.get(f"/login?next=/{query}")
    visitor.get(f"/invites/{marks.say('viewer', 'invite')}")
    return visitor
