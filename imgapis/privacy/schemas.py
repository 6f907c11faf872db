"""The JSON Schema of an exported table: types, units, what for and how long, from its declarations (P02, P17)."""

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from imgapis.base import measures, shapes
from imgapis.base.dynamo import Row, declaration_of, description_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Untyped(Exception):
    """An exported attribute does not say what it holds: a number without a unit, JSON without a shape."""


def of_table(row_class: type[Row], names: list[str]) -> dict:
    """The schema of one line of a table's JSON. Raises Untyped."""
    attributes = row_class.get_attributes()
    return {
        "$schema": DIALECT,
        "title": row_class.Meta.table_name.partition("-")[2],
        "description": description_of(row_class),
        "type": "object",
        "properties": {name: _field(attributes[name]) for name in names},
        "required": names,
        "additionalProperties": False,
    }


def _field(attribute: Attribute) -> dict:
    declaration = declaration_of(attribute)
    annotations = {"description": declaration.purpose, "retention": declaration.retention}
    return (_nullable(_content(attribute)) if attribute.null else _content(attribute)) | annotations


def _content(attribute: Attribute) -> dict:
    """The schema of an attribute's value. A TTL is a number too, and string sets are lists: the first match counts."""
    if isinstance(attribute, TTLAttribute):
        return {"type": "integer", "unit": measures.Moment.unit}
    if isinstance(attribute, NumberAttribute) and hasattr(attribute, "unit"):
        whole = isinstance(attribute, measures.Whole)
        return {"type": "integer" if whole else "number", "unit": attribute.unit}
    shape = declaration_of(attribute).shape
    if isinstance(attribute, JSONAttribute) and shape is not None:
        return dict(shape)
    if isinstance(attribute, BooleanAttribute):
        return {"type": "boolean"}
    if isinstance(attribute, UnicodeSetAttribute):
        return dict(shapes.TEXTS)
    if isinstance(attribute, UnicodeAttribute):
        return {"type": "string"}
    raise Untyped(f"{attribute.attr_name}: a number has a unit of imgapis.base.measures, JSON has a shape.")


def _nullable(schema: dict) -> dict:
    return schema | {"type": [schema["type"], "null"]} if "type" in schema else schema
