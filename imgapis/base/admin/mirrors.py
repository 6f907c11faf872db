"""Unmanaged Django models that mirror rows, so that Django's stock admin has fields to show.

What a row keeps about somebody without exporting it (secrets, digests, sealed keys) is never mirrored: the admin
cannot show it.
"""

from datetime import datetime
from typing import Any, TypedDict

from django.contrib.contenttypes.models import ContentType
from django.db import models
from pynamodb.attributes import Attribute, BooleanAttribute, JSONAttribute, NumberAttribute, TTLAttribute

from imgapis.base import clock
from imgapis.base.dynamo import Row, declaration_of

BETWEEN = "~"  # between the two halves of a composite key: in no id, name or time of ours
LONGEST_TEXT = 2_048


class FieldOptions(TypedDict):
    """What every field of a mirror is made with."""

    help_text: str
    blank: bool


class RowModel(models.Model):
    """What every mirror has: the row it was read from, and its key as one text."""

    key = models.CharField(primary_key=True, max_length=LONGEST_TEXT, editable=False)
    row_class: type[Row]
    mirrored: tuple[str, ...]
    row: Row

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key

    @classmethod
    def of(cls, row: Row) -> "RowModel":
        """The mirror of a row."""
        instance = cls(key=key_of(row), **{name: _field_value(cls, row, name) for name in cls.mirrored})
        instance._state.adding = False
        instance.row = row
        return instance


def model_for(
    row_class: type[Row],
    app: str,
    *,
    name: str = "",
    plural: str = "",
    choices: dict[str, Any] | None = None,
    moments: tuple[str, ...] = (),
) -> type[RowModel]:
    """An unmanaged model of a row class, to register with the admin. `choices` gives the values of an attribute for
    `list_filter`; `moments` names the number attributes that are timestamps (seconds since 1970)."""
    attributes = row_class.get_attributes()
    names = tuple(
        column
        for column in attributes
        if declaration_of(attributes[column]).exported or declaration_of(attributes[column]).category == "none"
    )
    fields = {column: _field(attributes[column], (choices or {}).get(column), column in moments) for column in names}
    title = name or row_class.__name__.lower()
    meta = type(
        "Meta",
        (),
        {
            "managed": False,
            "app_label": app,
            "verbose_name": title,
            "verbose_name_plural": plural or title + "s",
            "db_table": row_class.Meta.table_name,
        },
    )
    class_body = {"__module__": row_class.__module__, "Meta": meta, "row_class": row_class, "mirrored": names}
    class_name = name.title().replace(" ", "") or row_class.__name__
    model = type(f"{class_name}Page", (RowModel,), class_body | fields)
    _register_content_type(model)
    return model


def keys_of(row_class: type[Row]) -> tuple[str, ...]:
    """The names of a table's key attributes: the hash key, and the range key where there is one."""
    attributes = row_class.get_attributes().items()
    hash_key = next(name for name, attribute in attributes if attribute.is_hash_key)
    return (hash_key, *(name for name, attribute in attributes if attribute.is_range_key))


def key_of(row: Row) -> str:
    """A row's key as one text."""
    return BETWEEN.join(str(getattr(row, name)) for name in keys_of(type(row)))


def key_values(row_class: type[Row], text: str) -> tuple[str, ...] | None:
    """The key values in a text made by `key_of`; None where it is no key of this table."""
    parts = tuple(text.split(BETWEEN, 1))
    return parts if len(parts) == len(keys_of(row_class)) and all(parts) else None


def _field(attribute: Attribute[Any], choices: Any, is_moment: bool) -> "models.Field[Any, Any]":
    """The Django field of an attribute; what it is kept for is its help text."""
    options: FieldOptions = {"help_text": declaration_of(attribute).purpose, "blank": True}
    if is_moment or isinstance(attribute, TTLAttribute):
        return models.DateTimeField(null=True, **options)
    if isinstance(attribute, BooleanAttribute):
        return models.BooleanField(**options)
    if isinstance(attribute, NumberAttribute):
        return models.FloatField(null=True, **options)
    if isinstance(attribute, JSONAttribute):
        return models.JSONField(null=True, **options)
    return models.CharField(max_length=LONGEST_TEXT, choices=choices, **options)


def field_of(model: type[RowModel], name: str) -> "models.Field[Any, Any]":
    """The field of a mirror that shows an attribute: a mirror has no relations."""
    mirror_field = model._meta.get_field(name)
    assert isinstance(mirror_field, models.Field)
    return mirror_field


def _field_value(model: type[RowModel], row: Row, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(field_of(model, name), models.DateTimeField) and not isinstance(value, datetime):
        return clock.utc(value) if value else None
    return int(value) if isinstance(value, float) and value == int(value) else value


def _register_content_type(model: type[RowModel]) -> None:
    """Put the model's content type into Django's cache, which is read before the database: there is none."""
    manager: Any = ContentType.objects  # its cache is private, and so not among the annotations
    content_type_id = len(manager._cache.get(manager.db, {})) + 1
    content_type = ContentType(id=content_type_id, app_label=model._meta.app_label, model=model.__name__.lower())
    manager._add_to_cache(manager.db, content_type)
