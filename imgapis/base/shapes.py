"""JSON Schemas (2020-12) of JSON attributes: published in the export, checked by its test."""

ANYTHING: dict = {}
OBJECT = {"type": "object"}
TEXTS = {"type": "array", "items": {"type": "string"}}
TEXT_BY_NAME = {"type": "object", "additionalProperties": {"type": "string"}}
NUMBER_BY_NAME = {"type": "object", "additionalProperties": {"type": "integer"}}


def row_of(**columns: dict) -> dict:
    """The schema of an array of fixed length, each item named by its title."""
    items = [{"title": name, **shape} for name, shape in columns.items()]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def whole(unit: str) -> dict:
    """A number without a fraction, with its unit."""
    return {"type": "integer", "unit": unit}
