"""What a JSON attribute holds, as JSON Schema (2020-12) says it: told in the export, held to by its test."""

ANYTHING: dict = {}
OBJECT = {"type": "object"}
TEXTS = {"type": "array", "items": {"type": "string"}}
TEXT_BY_NAME = {"type": "object", "additionalProperties": {"type": "string"}}
NUMBER_BY_NAME = {"type": "object", "additionalProperties": {"type": "integer"}}


def row_of(**columns: dict) -> dict:
    """A list of so many values, each named by its title."""
    items = [{"title": name, **shape} for name, shape in columns.items()]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def whole(unit: str) -> dict:
    """A number without a fraction, with its unit."""
    return {"type": "integer", "unit": unit}
