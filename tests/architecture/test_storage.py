"""Pages, REST endpoints, forms, the admin and commands leave storage to the modules that hold the queries."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_imports import FILES, ROOT

FOLDERS = {"views", "commands", "site"}
NAMES = {"admin.py", "forms.py"}
SUFFIXES = ("api.py", "pages.py")
ROW_MODULES = ("models", "rows")
CALLS = {
    "query",
    "scan",
    "batch_get",
    "batch_write",
    "get",
    "count",
    "save",
    "update",
    "delete",
    "save_if",
    "update_if",
    "delete_if",
    "refresh",
}


def is_edge(path: Path) -> bool:
    """Whether a module answers people or machines."""
    return (
        bool(FOLDERS & set(path.relative_to(ROOT).parent.parts)) or path.name in NAMES or path.name.endswith(SUFFIXES)
    )


def storage_in(text: str) -> list[str]:
    """What a module's text asks of DynamoDB by itself: calls of row classes, transactions, PynamoDB but its errors."""
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    row_classes = {
        alias.asname or alias.name
        for node in imports
        if set(ROW_MODULES) & set((node.module or "").split(".")[1:])
        for alias in node.names
        if alias.name[0].isupper()
    }
    calls = [
        ast.unparse(node)
        for node in imports
        if (node.module or "").startswith("pynamodb") and node.module != "pynamodb.exceptions"
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Call):
                owner = owner.func
            of_rows = isinstance(owner, ast.Name) and owner.id in row_classes and node.func.attr in CALLS
            if of_rows or ast.unparse(node.func) in ("dynamo.transaction", "dynamo.Transaction"):
                calls.append(ast.unparse(node))
    return calls


@pytest.mark.parametrize(
    "path", [path for path in FILES if is_edge(path)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_page_and_no_command_asks_a_table_by_itself(path):
    assert storage_in(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "Workspace.scan()",
        "Workspace('ws').update(actions=[])",
        "Member.query(workspace_id)",
        "dynamo.transaction()",
    ],
)
def test_a_call_of_a_table_is_seen(line):
    imports = "from accounts.models import Workspace\nfrom accounts.rows.teams import Member\n"
    assert storage_in(imports + line) == [line]


def test_an_import_of_the_library_is_seen_and_its_errors_are_allowed():
    assert storage_in("from pynamodb.transactions import TransactWrite") != []
    assert storage_in("from pynamodb.exceptions import PynamoDBException") == []
