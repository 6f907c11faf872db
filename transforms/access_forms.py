"""The forms of access, presets, fallbacks, purges and comparisons: parsing and wording; their modules validate."""

from collections.abc import Mapping
from typing import Any

from django import forms

from transforms.access import access_settings, fallbacks
from transforms.serving import purges

PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


def _lines(label: str, help_text: str) -> forms.CharField:
    widget = forms.Textarea(attrs={**PLAIN, "rows": 4})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget, max_length=20_000)


def _line(
    label: str, help_text: str = "", *, required: bool = False, missing: str = "", **attributes: Any
) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=8_000,
        error_messages={"required": missing},
        widget=forms.TextInput(attrs={**PLAIN, **attributes}),
    )


class AccessForm(forms.Form):
    """The two lists, an example for each, and the response to a refused miss."""

    allowed_origins = _lines(
        "Allowed origins",
        "One a line: example.com, *.example.com (every name below, not the name itself),"
        " https://example.com:8443, or * for any.",
    )
    try_origin = _line("Would this site be allowed?", "Such as https://www.example.com.", inputmode="url")
    allowed_sources = _lines(
        "Allowed external sources",
        "One host a line: images.example.com, *.example.com, or * for any. Empty: a src"
        " names one of your sources, and no full URL is read.",
    )
    try_source = _line("Would this address be read?", "Such as https://images.example.com/a.jpg.", inputmode="url")
    confirm_any_source = forms.BooleanField(label="Any site: I accept its cost", required=False)
    origin_cache_control = forms.BooleanField(
        label="Follow the Cache-Control of external sources",
        help_text="Their pictures then live as long as the original's headers allow, from 60 seconds to a year, and are"
        " charged again when they are made again.",
        required=False,
    )
    refused = forms.ChoiceField(
        label="When credits are out, a new picture is answered with", choices=list(access_settings.REFUSED.items())
    )


class PresetForm(forms.Form):
    """A preset: its name and its parameters."""

    name = _line(
        "Name",
        "1 to 63 of a-z, 0-9, - and _, such as card. An existing name gets the new parameters.",
        required=True,
        missing="Name the preset, such as card.",
    )
    query = _line(
        "Parameters",
        "As in an address, without src: w=400&h=300&fit=cover.",
        required=True,
        missing="Write its parameters, such as w=400&h=300&fit=cover.",
    )


class FallbackForm(forms.Form):
    """A fallback: its name, its picture and its status."""

    name = _line(
        "Name",
        "1 to 63 of a-z, 0-9, - and _, such as no-photo. An existing name gets the new picture.",
        required=True,
        missing="Name the fallback, such as no-photo.",
    )
    src = _line(
        "Picture",
        "A source and a path in it, as in src: shop/no-photo.png.",
        required=True,
        missing="Name its picture, such as shop/no-photo.png.",
    )
    status = forms.ChoiceField(
        label="Status",
        choices=list(fallbacks.STATUSES.items()),
        help_text="An img shows it whatever its status. With 200, programs take it for the picture itself.",
    )


class DefaultFallbacksForm(forms.Form):
    """The fallback of the workspace and of each source; `chosen` are the present ones as (whose, which), for those who
    may not change them."""

    def __init__(self, data: Mapping[str, Any] | None, *, names: list[str], defaults: dict):
        """`names` of the fallbacks there are; `defaults` as `fallbacks.defaults` gives them."""
        super().__init__(data)
        choices = [(name, name) for name in names]
        own = [("", "none: the error"), *choices]
        self.fields["workspace"] = forms.ChoiceField(
            label="Every source", choices=own, required=False, initial=defaults["workspace"]
        )
        of_source = [("", "as for every source"), (fallbacks.NONE, "none: the error"), *choices]
        for source, name in defaults["sources"].items():
            self.fields[f"sources.{source}"] = forms.ChoiceField(
                label=f"The source {source}", choices=of_source, required=False, initial=name
            )
        workspace_default, names_of_sources = defaults["workspace"], dict(of_source)
        self.chosen = [("Every source", dict(own).get(workspace_default, workspace_default))]
        self.chosen += [
            (f"The source {source}", names_of_sources.get(name, name)) for source, name in defaults["sources"].items()
        ]

    def changes(self) -> dict:
        """What was chosen, as `fallbacks.change_defaults` takes it."""
        values = dict(self.cleaned_data)
        own = values.pop("workspace")
        return {"own": own, "sources": {name.removeprefix("sources."): text for name, text in values.items()}}


class PurgeForm(forms.Form):
    """The scope and the target of a purge."""

    scope = forms.ChoiceField(
        label="Purge", choices=list(purges.SCOPES.items()), error_messages={"required": "Choose what to purge."}
    )
    target = _line(
        "Which", "The address, the beginning of src (shop/summer/), or the source's name. Empty for everything."
    )


class ComparisonForm(forms.Form):
    """The address of a picture to compare versions of the engine by."""

    target = _line(
        "Image address",
        "As in your page: the whole address, or from /transform on.",
        required=True,
        missing="Paste the address of one of your pictures, such as /transform?src=shop/shoe.jpg&w=800.",
        inputmode="url",
    )
