"""The OpenAPI operations of the image endpoints, generated from the engine's parameter table."""

from typing import Any

from transforms.engine.request import param, params
from transforms.engine.request.param import Param

ANSWERS = {
    200: "The picture, or the JSON of /info and /explain.",
    304: "The cached output is the one named by If-None-Match.",
    400: "A parameter is at fault; `param` names it.",
    402: "No credits left for new work.",
    403: "The Origin, the source or the signature is not allowed.",
    404: "The source is missing; a picture all the same where there is a fallback, as with 415 to 424 and 502 to 504.",
    415: "The source is no picture we read.",
    422: "The source cannot be fetched or rendered.",
    429: "The workspace makes as many new pictures at once as its plan allows.",
    451: "The picture was blocked after a report.",
    503: "Busy; ask again after Retry-After.",
}


def operation(endpoint: str) -> dict[str, Any]:
    """The OpenAPI operation of an endpoint: its summary, query parameters and responses."""
    rows = [row for row in params.PARAMS if endpoint in row.endpoints and (row.available or row.outside)]
    return {
        "summary": f"/{endpoint}",
        "parameters": [parameter for row in rows for parameter in _parameters(row)],
        "responses": {status: {"description": meaning} for status, meaning in ANSWERS.items()},
    }


def _parameters(row: Param) -> list[dict[str, Any]]:
    """A parameter and its aliases."""
    definition = {
        "name": row.name,
        "in": "query",
        "required": False,
        "description": f"{row.meaning} Takes {param.accepts(row)}.",
        "schema": _schema(row),
    }
    return [
        definition,
        *(definition | {"name": alias, "description": f"The same as {row.name}."} for alias in row.aliases),
    ]


def _schema(row: Param) -> dict[str, Any]:
    if row.repeatable:
        return {"type": "array", "items": {"type": "string"}}
    if row.kind == "integer" and not row.choices:
        return {"type": "integer", "minimum": row.least, "maximum": row.most}
    if row.kind == "number":
        return {"type": "number", "minimum": row.least, "maximum": row.most}
    return {"type": "string"}
