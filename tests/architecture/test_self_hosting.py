"""The paper for self-hosters says what the software does: settings, commands, files."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "self-hosting.md").read_text()
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.*)\|$", re.MULTILINE)


def read_settings() -> dict[str, str | None]:
    """name → default of every variable that settings.py reads, as it is written in the environment; None where the
    default is computed."""
    defaults = {}
    for node in ast.walk(ast.parse((ROOT / "imgapis/settings.py").read_text())):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("env_")):
            continue
        name, *rest = node.args
        if not isinstance(name, ast.Constant):
            continue
        rest += [keyword.value for keyword in node.keywords if keyword.arg == "default"]
        default = rest[0].value if rest and isinstance(rest[0], ast.Constant) else None if rest else ""
        text = {True: "1", False: "0"}.get(default) if isinstance(default, bool) else default
        defaults[name.value] = None if text is None else str(text)
    return defaults


def test_the_table_of_settings_is_the_settings():
    assert set(dict.fromkeys(name for name, _, _ in ROW.findall(PAGE))) == set(read_settings())
    assert len(ROW.findall(PAGE)) == len(read_settings())


@pytest.mark.parametrize(("name", "default"), read_settings().items())
def test_the_table_and_the_example_name_each_default(name, default):
    documented = next(documented for row, documented, _ in ROW.findall(PAGE) if row == name)
    example = re.search(rf"^{name}=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)[1]
    if default is not None:
        assert documented == (f"`{default}`" if default else "none")
        assert example in (default, "")


def test_every_command_of_the_paper_is_there():
    named = set(re.findall(r"manage\.py ([a-z_]+)", PAGE))
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    assert len(named) > 5 and named - {"check"} <= commands


def test_the_files_it_names_are_there():
    for name in re.findall(r"`((?:deploy|docs)/[\w.-]+|[\w.]+\.lock|CHANGELOG\.md)`", PAGE):
        assert (ROOT / name).is_file(), name


def test_h23_the_policy_of_migrating_is_what_the_command_calls():
    """H23"""
    policies = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    allowed = set(re.findall(r'"dynamodb:(\w+)"', policies[1]))
    calls = set()
    for module in ("schema", "migration"):
        tree = ast.parse((ROOT / f"imgapis/tables/{module}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("client", "_client()"):
                calls.add("".join(part.title() for part in node.attr.split("_")))
    assert calls - {"Exceptions"} == allowed


def test_a_day_longer_of_recovery_would_be_another_paper():
    """D7"""
    from imgapis.tables import migration

    assert f"the last {migration.RECOVERY_DAYS} days" in PAGE
