"""No table is forgotten by the export and the erasure (D6)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from imgapis.base.dynamo import declaration_of
from imgapis.privacy import inventory, registry
from imgapis.tables import row_classes
from tests.architecture.test_imports import FILES, ROOT


def test_every_table_has_its_place_or_a_reason_to_have_none():
    """D6"""
    rows = [holding.row for holding in registry.HOLDINGS]
    assert sorted(row.__name__ for row in rows) == sorted(row.__name__ for row in row_classes.registered())
    for holding in registry.HOLDINGS:
        assert bool(holding.of_workspace or holding.of_person) != bool(holding.exempt), holding.row.__name__


def test_a_table_that_names_a_workspace_or_a_person_is_found_by_it():
    """D6: an attribute of that name cannot be added without a place in export and erasure."""
    for holding in registry.HOLDINGS:
        names = set(holding.row.get_attributes())
        if not holding.exempt:
            assert "workspace_id" not in names or holding.of_workspace, holding.row.__name__
            assert "person_id" not in names or holding.of_person, holding.row.__name__


# The tables of which a person has rows, by whatever attribute: those that export and erasure look into.
OF_PERSONS = """
    ApiKey AuditEntry Challenge EmailClaim ExportLink Invite InvitedAddress Member NamespaceCount Notice OptOut
    OutgoingMail Ownership Person PrivacyRequest SessionRow Staff Throttle
"""


def test_what_is_found_of_a_person_is_on_a_written_list():
    """P17, P19: also a table that names a person within a longer text."""
    assert sorted(held.row.__name__ for held in registry.HOLDINGS if held.of_person) == OF_PERSONS.split()


def test_the_inventory_lists_every_attribute():
    """P02, P13"""
    listed = {(line["store"], line["attribute"]) for line in inventory.list_all()}
    for row in row_classes.registered():
        assert {(row.Meta.table_name.partition("-")[2], name) for name in row.get_attributes()} <= listed


# What is stored and not exported: whole tables of our own bookkeeping, and secrets beside what is exported. What comes
# new is exported, or is written here with its reason in docs/decisions.md.
NOT_EXPORTED = {
    "Alert": "*",
    "Announcement": "*",
    "Backfill": "*",
    "Challenge": "*",
    "Claim": "*",
    "DirtyHour": "*",
    "Erasure": "*",
    "LedgerProof": "*",
    "PendingNotification": "*",
    "PrivacyProof": "*",
    "StripeEvent": "*",
    "IdempotentRequest": "*",
    "ScheduledTask": "*",
    "Throttle": "*",
    "OutgoingMail": "attempts completion due ends expires first_due queue reference",
    "ApiKey": "digest",
    "ExportLink": "digest",
    "Invite": "token_digest",
    "Person": "session_round",
    "SessionRow": "data digest expires",
    "Source": "access_key sealed_secret",
    "Staff": "device_id enrol_until last_t locked_until recovery sealed_secret tries",
    "Webhook": "sealed_secret",
    "Workspace": "sealed_key signing_keys",
}


def test_what_is_not_exported_is_on_a_written_list():
    """P17, H24: an attribute cannot be left out of the export in silence."""
    left_out = {}
    for row in row_classes.registered():
        attributes = row.get_attributes()
        names = sorted(name for name, attribute in attributes.items() if not declaration_of(attribute).exported)
        if names:
            left_out[row.__name__] = "*" if len(names) == len(attributes) else " ".join(names)
    assert left_out == NOT_EXPORTED


# module → what its mails say of whose they are, by which an export and an erasure find one that waits in the outbox.
# Codes are found by their address, invitations by address and workspace; an alert is the operator's.
OWNERS_OF_MAILS = {
    "accounts/people/people.py": ["person_id"],
    "accounts/sessions/codes.py": [],
    "accounts/staff/staff.py": ["person_id"],
    "accounts/teams/invites.py": ["workspace_id"],
    "accounts/teams/security_mails.py": ["person_id", "workspace_id"],
    "billing/notifications/outbox.py": ["person_id", "workspace_id"],
    "billing/stripe/receipts.py": ["person_id", "workspace_id"],
    "imgapis/privacy/links.py": ["person_id", "workspace_id"],
    "imgapis/support/acts/of_people.py": ["person_id"],
    "imgapis/watch/watching.py": [],
    "transforms/serving/blocks.py": ["person_id", "workspace_id"],
}


def owners_of_mails(path: Path) -> Iterator[list[str]]:
    """What each mail that a module writes says of whose it is."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and re.search(r"\bmail\.send$|\bnew_mail$", ast.unparse(node.func)):
            yield sorted({keyword.arg for keyword in node.keywords} & {"person_id", "workspace_id"})


def test_every_mail_says_whose_it_is():
    """D6: or it would be in no export, and outlive an erasure."""
    by_module: dict[str, list[str]] = {}
    for path in FILES:
        for owners in owners_of_mails(path):
            assert by_module.setdefault(str(path.relative_to(ROOT)), owners) == owners
    del by_module["imgapis/base/mail/mail.py"]  # passes on what it is given
    assert by_module == OWNERS_OF_MAILS
