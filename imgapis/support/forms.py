"""The forms of staff's acts: each asks for a reason, which the customer reads in their audit log."""

from typing import Any

from django import forms

from accounts.forms import choice_field
from accounts.keys import apikeys
from accounts.models import Person, Workspace
from accounts.teams import invites
from imgapis.base import clock, tokens
from imgapis.models import PrivacyRequest
from imgapis.policy import requests
from imgapis.support.dossier import masked
from transforms.models import blocks as block_rows
from transforms.models import sources
from transforms.serving import blocks, purges

Subject = Workspace | Person | PrivacyRequest | None


class ActForm(forms.Form):
    """A reason, and the further fields of the action. `subject` is the object of the action."""

    reason = forms.CharField(
        label="Reason",
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why, in 10 to 500 characters. The customer reads it in their audit log: name no person in it.",
        error_messages={"required": "Say why. The customer reads it in their audit log."},
    )
    field_order: tuple[str, ...] | None = ()

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.subject = subject
        self.label_suffix = ""
        self.order_fields([name for name in self.fields if name != "reason"])
        self.prepare()

    def prepare(self) -> None:
        """Fill in the choices that depend on the subject."""

    def offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of a field, as (value, label)."""
        choice_field(self, name).choices = choices


class WorkspaceForm(ActForm):
    """The form of an action on a workspace."""

    subject: Workspace


class CreditsForm(ActForm):
    """An amount of credits."""

    credits = forms.DecimalField(label="Credits", min_value=0.5, max_digits=9, decimal_places=1, help_text="In halves.")
    grant_id = forms.UUIDField(widget=forms.HiddenInput)

    def prepare(self) -> None:
        """Put the grant's id into the form as an idempotency key: sent twice, it is one grant."""
        self.fields["grant_id"].initial = tokens.time_ordered_id(clock.now())

    def clean_credits(self) -> int:
        """The amount in half-credits."""
        halves = self.cleaned_data["credits"] * 2
        if halves != int(halves):
            raise forms.ValidationError("Credits come in halves.")
        return int(halves)


class DoctorForm(WorkspaceForm):
    """A source and the path of a picture in it."""

    source = forms.ChoiceField(label="Source")
    path = forms.CharField(label="Path of a picture", max_length=2000)

    def prepare(self) -> None:
        """The workspace's sources; a test changes nothing, so it needs no reason."""
        names = [row.name for row in sources.of_workspace(self.subject.workspace_id)]
        self.offer("source", [(name, name) for name in names])
        del self.fields["reason"]


class InviteForm(WorkspaceForm):
    """One of the open invitations."""

    invite = forms.ChoiceField(label="Invitation")

    def prepare(self) -> None:
        """The open invitations, their addresses masked."""
        rows = invites.pending(self.subject.workspace_id)
        self.offer("invite", [(row.invite_id, f"{masked(row.email)}, {row.role}") for row in rows])


class KeyForm(WorkspaceForm):
    """One of the workspace's API keys."""

    key = forms.ChoiceField(label="API key")

    def prepare(self) -> None:
        """The keys by prefix and name."""
        rows = apikeys.of_workspace(self.subject.workspace_id)
        self.offer("key", [(row.prefix, f"{row.prefix}, {row.name}") for row in rows])


class ReplayForm(ActForm):
    """An event of Stripe's."""

    event = forms.RegexField(
        r"^evt_[A-Za-z0-9_]{1,100}$", label="Stripe event", help_text="Its id, evt_…, as Stripe's dashboard shows it."
    )


class PurgeForm(ActForm):
    """What to purge."""

    scope = forms.ChoiceField(label="What", choices=list(purges.SCOPES.items()))
    target = forms.CharField(
        label="Address, beginning of src, or source",
        required=False,
        max_length=4000,
        help_text="Empty for everything. The next request for what is purged is new work, and billed.",
    )


class BlockForm(ActForm):
    """What to block."""

    scope = forms.ChoiceField(label="What", choices=list(blocks.SCOPES.items()))
    target = forms.CharField(
        label="Address as reported, beginning of src, or source",
        max_length=4000,
        help_text="Copies that browsers and CDNs have stay where they are.",
    )


class LiftForm(WorkspaceForm):
    """One of the workspace's blocks."""

    rule = forms.ChoiceField(label="Block")

    def prepare(self) -> None:
        """The blocks by what they name."""
        rows = block_rows.of_workspace(self.subject.workspace_id)
        self.offer("rule", [(row.rule_id, f"{row.scope}: {row.target[:200]}") for row in rows])


class RecordForm(ActForm):
    """A privacy request as it came by mail (P21)."""

    law = forms.ChoiceField(label="Law", choices=list(requests.LAWS.items()))
    kind = forms.ChoiceField(label="What is asked for", choices=list(requests.KINDS.items()))
    address = forms.EmailField(label="Address it came from", max_length=254)
    received = forms.DateField(
        label="Day it came", widget=forms.DateInput(attrs={"type": "date"}), help_text="The days are counted from it."
    )

    def prepare(self) -> None:
        """The request is the reason."""
        del self.fields["reason"]


class CloseForm(ActForm):
    """How a request ended."""

    outcome = forms.ChoiceField(label="Outcome", choices=[("done", "Done"), ("refused", "Refused")])
