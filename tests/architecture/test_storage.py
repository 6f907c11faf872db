"""Rows are read and written by the models packages alone; what spans tables is a transaction of a module that is named
here. Pages, REST endpoints, forms, the admin and commands do neither."""

import ast
import functools
from pathlib import Path

import pytest

from tests.architecture.test_imports import FILES, ROOT

FOLDERS = {"views", "commands", "site"}
NAMES = {"admin.py", "forms.py"}
SUFFIXES = ("api.py", "pages.py")
# Methods of a row class and of a row; those of OF_ROWS are called of nothing else.
CALLS = {"query", "scan", "batch_get", "get", "find", "require", "exists", "count", "save", "update", "delete"}
OF_ROWS = {"batch_write", "save_if", "update_if", "delete_if", "refresh"}
# The base that rows stand on, what visits rows of every table, and the mails, whose rows are below the apps.
BASE = {"imgapis/base/dynamo.py", "imgapis/base/admin/row_admin.py", "imgapis/base/mail/outbox.py"}
BASE |= {"imgapis/privacy/steps.py"}
# Acts over several tables, each written as a whole or not at all.
TRANSACTIONS = {
    "accounts/audit.py",
    "accounts/keys/apikeys.py",
    "accounts/people/people.py",
    "accounts/sessions/codes.py",
    "accounts/teams/team_changes.py",
    "accounts/workspaces/counted.py",
    "accounts/workspaces/namespaces.py",
    "accounts/workspaces/ownership.py",
    "accounts/workspaces/workspaces.py",
    "billing/charging/charges.py",
    "billing/charging/counters.py",
    "billing/charging/entitlement_change.py",
    "billing/charging/grants.py",
    "billing/charging/invoice_grants.py",
    "billing/notifications/notifications.py",
    "billing/stripe/closing.py",
    "billing/stripe/customers.py",
    "billing/stripe/overage.py",
    "billing/stripe/receipts.py",
    "billing/stripe/settlements.py",
    "billing/stripe/stripe_events.py",
    "imgapis/policy/requests.py",
    "imgapis/privacy/links.py",
    "imgapis/privacy/scheduling.py",
    "transforms/access/rules.py",
}


def is_edge(path: Path) -> bool:
    """Whether a module answers people or machines."""
    return (
        bool(FOLDERS & set(path.relative_to(ROOT).parent.parts)) or path.name in NAMES or path.name.endswith(SUFFIXES)
    )


@functools.cache
def row_class_names() -> set[str]:
    """The row classes of the project."""
    return {
        node.name
        for path in FILES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and "dynamo.Row" in map(ast.unparse, node.bases)
    }


def root_of(node: ast.expr) -> str:
    """The name that a chain of calls and attributes begins with: `Event` of `Event(…).index.query`."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def storage_in(text: str) -> list[str]:
    """What a module's text asks of DynamoDB by itself: calls of rows and of row classes."""
    calls = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.func.attr
        of_class = name in CALLS and root_of(node.func.value) in row_class_names()
        with_condition = name in CALLS and {"actions", "condition"} & {keyword.arg for keyword in node.keywords}
        if of_class or ((name in OF_ROWS or with_condition) and root_of(node.func.value) != "transaction"):
            calls.append(ast.unparse(node))
    return calls


def transactions_in(text: str) -> list[str]:
    """The transactions that a module's text opens, and what it adds to one."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (ast.unparse(node.func) == "dynamo.transaction" or ast.unparse(node.func.value) == "transaction")
    ]


def library_in(text: str) -> list[str]:
    """What a module's text imports of PynamoDB, but for its errors."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("pynamodb")
        and node.module != "pynamodb.exceptions"
    ]


@pytest.mark.parametrize(
    "path", [path for path in FILES if is_edge(path)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_page_and_no_command_asks_a_table_by_itself(path):
    text = path.read_text()
    assert storage_in(text) + transactions_in(text) + library_in(text) == []


@pytest.mark.parametrize(("calls_in", "named"), [(storage_in, BASE), (transactions_in, BASE | TRANSACTIONS)])
def test_rows_are_asked_by_the_models_packages_and_transactions_opened_where_it_is_named(calls_in, named):
    outside = [path for path in FILES if path.parent.name != "models"]
    asking = {str(path.relative_to(ROOT)) for path in outside if calls_in(path.read_text())}
    assert sorted(asking - named) == []
    assert sorted(named - asking - BASE) == [], "named here for nothing"


@pytest.mark.parametrize(
    "line",
    [
        "Workspace.scan()",
        "Workspace('ws').update(actions=[])",
        "Member.query(workspace_id)",
        "Member.person_index.query(person_id)",
        "row.update_if(condition, name='x')",
        "row.update(actions=[])",
    ],
)
def test_a_call_of_a_table_is_seen(line):
    assert storage_in("from accounts.models import Member, Workspace\n" + line) == [line]


def test_a_transaction_is_seen():
    assert transactions_in("dynamo.transaction()") == ["dynamo.transaction()"]
    assert transactions_in("transaction.save(row)") == ["transaction.save(row)"]


def test_a_query_of_a_models_package_is_none():
    assert storage_in("from accounts.models import members\nmembers.of_workspace('ws')\nmembers.find('ws', 'p')") == []


def test_an_import_of_the_library_is_seen_and_its_errors_are_allowed():
    assert library_in("from pynamodb.transactions import TransactWrite") != []
    assert library_in("from pynamodb.exceptions import PynamoDBException") == []
