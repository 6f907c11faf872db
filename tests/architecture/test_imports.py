"""The import line: each app imports only what stands to its left, and so does each package within an app."""

import ast
import functools
from collections import Counter, defaultdict, deque
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = ("imgapis.base", "accounts", "telemetry", "billing", "transforms", "imgapis")
ALONE = {
    "stripe": ("billing/stripe/gateway.py",),
    "boto3": ("imgapis/base/buckets.py",),
    "cloudflare": ("transforms/domains/custom_hostnames.py",),
    "dns": ("transforms/domains/dns_records.py",),
    "urllib3": ("imgapis/base/outbound/",),
}
ENGINE_MAY = {"PIL", "numpy", "blurhash_rs", "blurhash", "cssselect2", "resvg_py", "tinycss2"}
MOST_MODULES = 16
MAY_BE_CROWDED = (".engine.steps", ".management.commands")  # one file a step, one file a command
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
        if ("os.environ" in path.read_text() or "os.getenv" in path.read_text()) and "devstack" not in path.parts
    ]
    allowed = {"imgapis/settings.py", "imgapis/wsgi.py", "imgapis/management/commands/dev.py"}
    assert set(readers) <= allowed


def files_of(root: Path) -> dict[str, Path]:
    """Dotted name → file of every module and package of the apps below `root`."""
    return {
        str(path.relative_to(root)).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for app in LINE[1:]
        for path in (root / app).rglob("*.py")
    }


def edges_of(files: dict[str, Path]) -> set[tuple[str, str]]:
    """(module, module or package it imports), for imports among `files`."""
    edges = set()
    for module, path in files.items():
        for target in imported(path):
            while target not in files and "." in target:
                target = target.rpartition(".")[0]
            if target in files and target != module:
                edges.add((module, target))
    return edges


def children_of(files: dict[str, Path], package: str) -> set[str]:
    """The packages directly in a package."""
    return {name for name, path in files.items() if path.name == "__init__.py" and name.rpartition(".")[0] == package}


def inner_edges(edges: set[tuple[str, str]], package: str) -> dict[tuple[str, str], str]:
    """(child, child) of a package, modules and packages alike → one import by which the first depends on the second."""
    depth = package.count(".") + 2
    reasons = {}
    for module, target in sorted(edges):
        if module.startswith(package + ".") and target.startswith(package + "."):
            pair = ".".join(module.split(".")[:depth]), ".".join(target.split(".")[:depth])
            if pair[0] != pair[1]:
                reasons.setdefault(pair, f"{module} imports {target}")
    return reasons


def cycle_in(package_edges: dict[tuple[str, str], str]) -> list[str]:
    """The imports of a shortest cycle; empty where every pair of children points one way."""
    following = defaultdict(set)
    for child, target in package_edges:
        following[child].add(target)
    for start in sorted(following):
        ways, seen = deque([[start]]), set()
        while ways:
            way = ways.popleft()
            for target in sorted(following[way[-1]]):
                if target == start:
                    return [package_edges[pair] for pair in pairwise([*way, start])]
                if target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
    return []


def line_of(path: Path) -> list[str]:
    """The order of packages that a package's docstring gives: `a ← b` says that b may import a, never a b."""
    lines = (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()
    return next((line.split(" ← ") for line in reversed(lines) if " ← " in line), [])


def against_the_line(files: dict[str, Path], edges: set[tuple[str, str]], package: str) -> list[str]:
    """What contradicts the docstring of a package that holds packages: a package left out, an import to the right."""
    line = [f"{package}.{name}" for name in line_of(files[package])]
    children = children_of(files, package)
    wrong = [f"{name} is not on the line of {package}" for name in sorted(children - set(line))]
    wrong += [f"{name} is on the line of {package} and is no package" for name in sorted(set(line) - children)]
    for (child, target), reason in inner_edges(edges, package).items():
        if child in line and target in line and line.index(target) > line.index(child):
            wrong.append(reason)
    return wrong


def crowded(files: dict[str, Path]) -> dict[str, int]:
    """Package → number of its modules, where there are more than MOST_MODULES."""
    numbers = Counter(name.rpartition(".")[0] for name, path in files.items() if path.name != "__init__.py")
    return {
        package: number
        for package, number in numbers.items()
        if number > MOST_MODULES and not package.endswith(MAY_BE_CROWDED)
    }


MODULES = files_of(ROOT)
EDGES = edges_of(MODULES)
PARENTS = sorted(name for name, path in MODULES.items() if path.name == "__init__.py" and children_of(MODULES, name))


@pytest.mark.parametrize("package", PARENTS)
def test_packages_of_a_package_point_one_way(package):
    assert cycle_in(inner_edges(EDGES, package)) == []


@pytest.mark.parametrize("package", [name for name in PARENTS if len(children_of(MODULES, name)) > 1])
def test_the_docstring_of_a_package_gives_the_order_of_its_packages(package):
    assert against_the_line(MODULES, EDGES, package) == []


def test_no_folder_is_crowded():
    assert crowded(MODULES) == {}


def tree_of(root: Path, texts: dict[str, str]) -> dict[str, Path]:
    """The modules of a tree written for a test."""
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return files_of(root)


def test_a_cycle_of_packages_is_named(tmp_path):
    files = tree_of(
        tmp_path,
        {
            "billing/__init__.py": '"""Money.\n\nplans ← stripe\n"""',
            "billing/plans/__init__.py": "",
            "billing/plans/offers.py": "from billing.stripe.gateway import price\n",
            "billing/stripe/__init__.py": "",
            "billing/stripe/gateway.py": "def price():\n    from billing.plans import offers\n",
        },
    )
    edges = edges_of(files)
    there, back = (
        "billing.plans.offers imports billing.stripe.gateway",
        "billing.stripe.gateway imports billing.plans.offers",
    )
    assert cycle_in(inner_edges(edges, "billing")) == [there, back]
    assert against_the_line(files, edges, "billing") == [there]


def test_a_package_that_the_line_leaves_out_is_named(tmp_path):
    files = tree_of(tmp_path, {"billing/__init__.py": "", "billing/plans/__init__.py": ""})
    assert against_the_line(files, set(), "billing") == ["billing.plans is not on the line of billing"]


def test_a_crowded_folder_is_named(tmp_path):
    names = [f"billing/m{number}.py" for number in range(MOST_MODULES + 1)]
    files = tree_of(tmp_path, dict.fromkeys(["billing/__init__.py", *names], ""))
    assert crowded(files) == {"billing": MOST_MODULES + 1}
