"""The OpenAPI of the image endpoints, out of the engine's parameter table."""

from typing import Any

from transforms.engine import params


def operation(endpoint: str) -> dict[str, Any]:
    """What OpenAPI says of an endpoint: its summary and its query parameters."""
    return {
        "summary": f"/{endpoint}",
        "parameters": [_parameter(param) for param in params.PARAMS if endpoint in param.endpoints and param.available],
    }


def _parameter(param) -> dict[str, Any]:
    return {
        "name": param.name,
        "in": "query",
        "required": False,
        "description": param.meaning,
        "schema": {"type": "string"},
    }
