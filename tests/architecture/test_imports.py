"""The import line: each package imports only what stands to its left."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = ("imgapis.base", "accounts", "telemetry", "billing", "transforms", "imgapis")
ALONE = {
    "stripe": ("billing/stripe/gateway.py",),
    "boto3": ("imgapis/base/buckets.py",),
    "cloudflare": ("transforms/domains/custom_hostnames.py",),
    "dns": ("transforms/domains/dns_records.py",),
    "urllib3": ("imgapis/base/outbound/fetch.py", "imgapis/base/outbound/"),
}
ENGINE_MAY = {"PIL", "numpy", "blurhash_rs", "blurhash"}
STANDARD = __import__("sys").stdlib_module_names
FILES = sorted(path for package in LINE[1:] for path in (ROOT / package).rglob("*.py"))


def place(module: str) -> int | None:
    """The index of a module on the line; None for modules of libraries."""
    app = "imgapis.base" if (module + ".").startswith("imgapis.base.") else module.partition(".")[0]
    return LINE.index(app) if app in LINE else None


@functools.cache
def imported(path: Path) -> list[str]:
    """Every module a file imports, also inside functions."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    return modules


def offences(path: Path, name: str) -> list[str]:
    """The modules that a file imports and may not."""
    here = place(name.removesuffix(".py").replace("/", "."))
    violations = [module for module in imported(path) if (there := place(module)) is not None and there > here]
    if name.startswith("transforms/engine/"):
        allowed = STANDARD | ENGINE_MAY
        violations += [
            module
            for module in imported(path)
            if module.partition(".")[0] not in allowed and not module.startswith("transforms.engine")
        ]
    for library, homes in ALONE.items():
        if not name.startswith(homes):
            violations += [module for module in imported(path) if module.partition(".")[0] == library]
    return violations


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_to_its_left(path):
    name = str(path.relative_to(ROOT))
    assert offences(path, name) == [], f"{name} imports to its right"


def test_an_import_to_the_right_is_named(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from transforms import store\n")
    assert offences(path, "accounts/x.py") == ["transforms.store"]


def test_nothing_but_settings_reads_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in FILES
        if ("os.environ" in path.read_text() or "os.getenv" in path.read_text()) and "embedded" not in path.parts
    ]
    allowed = {"imgapis/settings.py", "imgapis/wsgi.py", "imgapis/management/commands/dev.py"}
    assert set(readers) <= allowed
