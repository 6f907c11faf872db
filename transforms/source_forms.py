"""The forms of sources: parsing and wording; validation is in `named_sources`, whose errors are shown at the field."""

from collections.abc import Mapping
from typing import Any

from django import forms

from transforms.models import Source
from transforms.sources.kinds.kind import Field, Kind
from transforms.sources.kinds.registry import kind_of

SECRET = {"autocomplete": "new-password", "spellcheck": "false"}
PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


def _text(label: str, help_text: str, missing: str = "", **attributes: str) -> forms.CharField:
    """A text field; `missing` is the error where it is required and empty."""
    widget = forms.TextInput(attrs={**PLAIN, **attributes})
    errors = {"required": missing}
    return forms.CharField(
        label=label, help_text=help_text, widget=widget, required=bool(missing), error_messages=errors, max_length=2000
    )


def _plain(field: Field) -> forms.CharField:
    attributes = {"inputmode": field.inputmode} if field.inputmode else {}
    return _text(field.label, field.help_text, field.required, **attributes)


def _secret(field: Field, has_secret: bool) -> forms.CharField:
    return forms.CharField(
        label=field.label,
        help_text="Leave it empty to keep the present one, which is not shown." if has_secret else field.help_text,
        widget=forms.PasswordInput(attrs=SECRET),
        required=not has_secret,
        error_messages={"required": field.required},
        max_length=2000,
        strip=True,
    )


class NameForm(forms.Form):
    """The name a new source has in every address."""

    name = _text(
        "Name",
        "The first part of every src: 1 to 63 of a-z, 0-9, - and _, such as photos. It stays as it is.",
        "Choose the name that addresses begin with, such as photos.",
    )


class SourceForm(forms.Form):
    """The fields of a kind of source."""

    def __init__(self, *args: Any, kind: Kind, has_secret: bool = False, **kwargs: Any):
        """`has_secret`: a secret is stored already, so that none has to be entered."""
        super().__init__(*args, **kwargs)
        for field in kind.fields:
            self.fields[field.name] = _secret(field, has_secret) if field.is_secret else _plain(field)


class LifetimeForm(forms.Form):
    """How long outputs of a source live."""

    ttl = forms.IntegerField(
        label="Lifetime in seconds (optional)",
        help_text="From 60 to 31536000 (a year), such as 86400 for a day. Empty: a year. A ttl in an address or a"
        " preset goes before it.",
        required=False,
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "numeric"}),
        error_messages={"invalid": "Enter a number of seconds, such as 86400, or leave it empty."},
    )
    origin_cache_control = forms.BooleanField(
        label="Follow the original's Cache-Control",
        help_text="A picture then lives as long as its original's headers allow, never longer than the lifetime above."
        " no-store, no-cache, private and anything below a minute count as 60 seconds.",
        required=False,
    )

    def clean_ttl(self) -> int:
        """0 where it is empty."""
        return self.cleaned_data["ttl"] or 0


class NewSourceForm(NameForm, SourceForm, LifetimeForm):
    """A new source: its name, the fields of its kind, and how long its outputs live."""

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any):
        super().__init__(*args, kind=kind, **kwargs)
        self.order_fields(["name", *(field.name for field in kind.fields)])


class PathForm(forms.Form):
    """A picture to examine."""

    path = _text(
        "Path of a picture",
        "In this source, without its name: such as shoes/red.jpg.",
        "Enter the path of a picture that exists, such as shoes/red.jpg.",
    )


def new(kind: Kind, data: Mapping[str, Any] | None = None) -> forms.Form:
    """The form of a new source of a kind."""
    return NewSourceForm(data, kind=kind)


def lifetime(row: Source, data: Mapping[str, Any] | None = None) -> LifetimeForm:
    """The form of how long outputs of a source live."""
    initial = {"ttl": int(row.ttl) or None, "origin_cache_control": bool(row.origin_cache_control)}
    return LifetimeForm(data, initial=initial)


def change(row: Source, data: Mapping[str, Any] | None = None) -> forms.Form:
    """The form that changes a source: all but its name and kind."""
    kind = kind_of(row)
    initial = {field.name: getattr(row, field.name) for field in kind.fields if not field.is_secret}
    return SourceForm(data, kind=kind, has_secret=True, initial=initial)
