"""The forms of sources: parsing and wording; validation is in `named_sources`, whose errors are shown at the field."""

from django import forms

SECRET = {"autocomplete": "new-password", "spellcheck": "false"}
PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


def _text(label: str, help_text: str, missing: str = "", **attributes: str) -> forms.CharField:
    """A text field; `missing` is the error where it is required and empty."""
    widget = forms.TextInput(attrs={**PLAIN, **attributes})
    errors = {"required": missing}
    return forms.CharField(
        label=label, help_text=help_text, widget=widget, required=bool(missing), error_messages=errors, max_length=2000
    )


class NameForm(forms.Form):
    """The name a new source has in every address."""

    name = _text(
        "Name", "The first part of every src: 1 to 63 of a-z, 0-9, - and _, such as photos. It stays as it is.",
        "Choose the name that addresses begin with, such as photos.",
    )  # fmt: skip


class WebForm(forms.Form):
    """Where the pictures of a web server begin."""

    prefix = _text(
        "URL prefix", "Every path is added to it. It ends with /, such as https://shop.example/photos/.",
        "Enter the URL the pictures lie under, such as https://shop.example/photos/.", inputmode="url",
    )  # fmt: skip


class BucketForm(forms.Form):
    """A bucket and the key that reads it."""

    bucket = _text("Bucket", "Its name, 3 to 63 of a-z, 0-9, . and -.", "Enter the bucket's name.")
    region = _text("Region", "The bucket's region, such as eu-central-1.", "Enter the bucket's region.")
    prefix = _text("Key prefix (optional)", "Only objects below it are read, such as photos/. Empty: the whole bucket.")
    access_key = _text("Access key id", "Of a key that may read this bucket, no more.", "Enter the access key id.")
    secret_key = forms.CharField(
        label="Secret access key",
        help_text="Kept encrypted, and never shown again.",
        widget=forms.PasswordInput(attrs=SECRET),
        error_messages={"required": "Enter the secret access key."},
        max_length=2000,
        strip=True,
    )

    def __init__(self, *args, kind: str = "s3", kept: bool = False, **kwargs):
        """`kept`: a secret is stored already, so that none has to be entered."""
        super().__init__(*args, **kwargs)
        if kind == "r2":
            account = self.fields["region"]
            account.label, account.error_messages["required"] = "Account id", "Enter the account id."
            account.help_text = (
                "32 characters of 0-9 and a-f, on the R2 page of Cloudflare's dashboard; with .eu or .fedramp after it"
                " for a bucket in a jurisdiction."
            )
        if kept:
            secret = self.fields["secret_key"]
            secret.required, secret.help_text = False, "Leave it empty to keep the present one, which is not shown."


class NewWebForm(NameForm, WebForm):
    """A new source on a web server."""

    field_order = ("name", "prefix")


class NewBucketForm(NameForm, BucketForm):
    """A new source in a bucket."""

    field_order = ("name", "bucket", "region", "prefix", "access_key", "secret_key")


class PathForm(forms.Form):
    """A picture to examine."""

    path = _text(
        "Path of a picture", "In this source, without its name: such as shoes/red.jpg.",
        "Enter the path of a picture that exists, such as shoes/red.jpg.",
    )  # fmt: skip


def new(kind: str, data=None) -> forms.Form:
    """The form of a new source of a kind."""
    return NewWebForm(data) if kind == "http" else NewBucketForm(data, kind=kind)


def change(row, data=None) -> forms.Form:
    """The form that changes a source: all but its name and kind."""
    if row.kind == "http":
        return WebForm(data, initial={"prefix": row.prefix})
    initial = {name: getattr(row, name) for name in ("bucket", "region", "prefix", "access_key")}
    return BucketForm(data, kind=row.kind, kept=True, initial=initial)
