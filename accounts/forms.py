"""The forms of accounts: parsing and wording; what is allowed is decided elsewhere and shown at the field."""

from typing import Any

from django import forms
from django.utils.text import capfirst

from accounts.teams import roles
from imgapis.base.errors import ApiError


def add_error(form: forms.Form, refusal: ApiError) -> None:
    """Show a refusal at the field it names, or above the form; what was typed stays."""
    form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)


class EmailForm(forms.Form):
    """An address."""

    email = forms.CharField(
        label="E-mail address",
        max_length=300,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
        error_messages={"required": "Type your e-mail address."},
    )


class CodeForm(forms.Form):
    """The code of a mail."""

    code = forms.CharField(
        label="Eight-digit code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
        error_messages={"required": "Type the code of the mail."},
    )


class AgeForm(forms.Form):
    """The confirmation that the law asks for; no birth date is asked or kept (P22)."""

    adult = forms.BooleanField(
        label="I am 16 or older.",
        error_messages={"required": "Confirm that you are 16 or older: the service is not for younger people."},
    )


class WorkspaceForm(forms.Form):
    """A workspace: who the customer is, and the name of the image host."""

    business_name = forms.CharField(
        label="Business name",
        max_length=200,
        help_text="How you are called on invoices and to teammates. Your own name is fine.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": "Type the name of your business, or your own."},
    )
    namespace = forms.CharField(
        label="Namespace",
        max_length=80,
        help_text="The first part of your image addresses: 3 to 40 of a-z, 0-9 and hyphens, such as acme.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": "Choose the first part of your image addresses."},
    )

    def clean_namespace(self) -> str:
        """Lower case: host names know no other."""
        return self.cleaned_data["namespace"].strip().lower()


class SignupForm(WorkspaceForm, AgeForm):
    """Everything a new account is asked."""

    field_order = ("business_name", "namespace", "adult")


def choice_field(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of a form that offers choices. Raises TypeError where it is one of another kind."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"The field {name!r} offers no choices.")
    return field


class RoleForm(forms.Form):
    """A role out of those the granter may give."""

    role = forms.ChoiceField(label="Role", error_messages={"invalid_choice": "Choose one of the roles."})

    def __init__(self, granter: str, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # The least first: a hasty click gives away the least.
        choice_field(self, "role").choices = [(role, role.capitalize()) for role in reversed(roles.grantable(granter))]


class InviteForm(EmailForm, RoleForm):
    """An address and a role."""

    field_order = ("email", "role")

    def __init__(self, granter: str, *args: Any, **kwargs: Any):
        super().__init__(granter, *args, **kwargs)
        del self.fields["email"].widget.attrs["autofocus"]  # the page is read before it is filled in


class KeyForm(forms.Form):
    """An API key: its name, what it may do, when it ends."""

    name = forms.CharField(label="Name", max_length=100, help_text="What it is for, such as “deploy script”.")
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing the key may do."},
    )
    days = forms.TypedChoiceField(
        label="Ends",
        coerce=int,
        choices=[(30, "in 30 days"), (90, "in 90 days"), (365, "in a year"), (0, "never")],
        initial=90,
    )

    def __init__(self, role: str, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        scopes = [
            (name, capfirst(meaning)) for name, (meaning, allowed) in roles.PERMISSIONS.items() if role in allowed
        ]
        choice_field(self, "scopes").choices = scopes
