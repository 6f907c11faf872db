"""Every table with its place in the export and the erasure, app by app, in the order of erasure (D6)."""

from collections.abc import Iterable
from typing import Any

import accounts.privacy
import billing.privacy
import telemetry.privacy
import transforms.privacy
from accounts.models import people
from imgapis.base.holdings import Find, Holding, SomeRow, by_attribute
from imgapis.models import (
    Alert,
    Announcement,
    Backfill,
    Erasure,
    ExportLink,
    Notice,
    PrivacyProof,
    PrivacyRequest,
    ScheduledTask,
    privacy_requests,
)


def _requests(person_id: str) -> Iterable[PrivacyRequest]:
    """A person's requests by id, and by address while the account still exists."""
    person = people.find(person_id)
    return privacy_requests.of_person(person_id, person.email if person else None)


OWN: tuple[Holding[Any], ...] = (
    Holding(
        ExportLink, of_workspace=by_attribute(ExportLink, "subject_id"), of_person=by_attribute(ExportLink, "person_id")
    ),
    Holding(Notice, of_person=by_attribute(Notice, "person_id")),
    Holding(PrivacyRequest, of_person=_requests, detach=privacy_requests.remove_address),
    Holding(Announcement, exempt="about nobody"),
    Holding(PrivacyProof, exempt="about nobody"),
    Holding(Alert, exempt="about our own servers"),
    Holding(ScheduledTask, exempt="about our own servers"),
    Holding(Backfill, exempt="about our own tables"),
    Holding(Erasure, exempt="the evidence of an erasure, by opaque id"),
)
# app → its tables. Billing goes first: without counters nothing new is charged. Accounts go last: they find the rest.
APPS: dict[str, tuple[Holding[Any], ...]] = {
    "billing": billing.privacy.HOLDINGS,
    "telemetry": telemetry.privacy.HOLDINGS,
    "transforms": transforms.privacy.HOLDINGS,
    "imgapis": OWN,
    "accounts": accounts.privacy.HOLDINGS,
}
HOLDINGS: tuple[Holding[Any], ...] = tuple(holding for app_holdings in APPS.values() for holding in app_holdings)


def find(kind: str, holding: Holding[SomeRow]) -> Find[SomeRow] | None:
    """The function that reads a table's rows of a workspace or a person; None where it holds none."""
    return holding.of_workspace if kind == "workspace" else holding.of_person
