"""The papers are honest: settings are listed, the parameter page is the table."""

import ast
import re
from pathlib import Path

from imgapis import rest
from transforms import parameter_page
from transforms.engine import errors as engine_errors

ROOT = Path(__file__).resolve().parents[2]
APPS = ("imgapis", "accounts", "telemetry", "billing", "transforms")


def test_every_variable_is_in_the_example_and_no_other():
    names = set(
        re.findall(r'env_(?:text|flag|number|key)\(\s*"([A-Z0-9_]+)"', (ROOT / "imgapis/settings.py").read_text())
    )
    documented_variables = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert names == documented_variables


def test_no_file_is_named_for_a_drawer():
    banned = {"utils", "helpers", "common", "misc", "manager", "service", "handler", "core"}
    folders = ("imgapis", "accounts", "telemetry", "billing", "transforms", "tests")
    assert not [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.stem in banned]


def test_no_module_is_longer_than_four_hundred_lines():
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    assert not [str(path) for path in files if len(path.read_text().splitlines()) > 400]


def test_package_files_hold_a_docstring_and_nothing_else():
    paths = [path for app in APPS for path in (ROOT / app).rglob("__init__.py") if path.parent.name != "models"]
    bodies = {path: ast.parse(path.read_text()).body for path in paths}
    wrong = [path for path, body in bodies.items() if len(body) != bool(ast.get_docstring(ast.Module(body, [])))]
    undocumented = [path for path, body in bodies.items() if not body and "management" not in path.parts]
    assert not wrong and not undocumented


def test_the_file_of_a_models_package_names_every_row_of_it_and_nothing_else():
    for package in sorted(path for app in APPS for path in (ROOT / app).glob("models")):
        docstring, *imports, names = ast.parse((package / "__init__.py").read_text()).body
        row_classes = {
            node.name
            for path in package.glob("*.py")
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef) and ast.unparse(node.bases[0]) in ("dynamo.Row", "models.Model")
        }
        assert isinstance(docstring, ast.Expr) and all(isinstance(node, ast.ImportFrom) for node in imports)
        assert isinstance(names, ast.Assign) and set(ast.literal_eval(names.value)) == row_classes, package


def test_the_parameter_page_is_the_table_of_the_parser():
    page = (ROOT / "docs" / "image-api.md").read_text()
    assert page == parameter_page.markdown(), "run manage.py image_docs"


def test_every_file_that_contributing_names_is_there():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    names = set(re.findall(r"`([a-z_]+/[a-z_/.]*|[A-Za-z]+\.md|\.[a-z./]+)`", page))
    assert len(names) > 40
    assert not [name for name in names if not (ROOT / name).exists()]


def test_every_error_code_is_listed_with_its_meaning():
    documented_codes = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "errors.md").read_text()))
    codes = set(engine_errors.CODES)
    for app in ("accounts", "telemetry", "billing", "transforms", "imgapis"):
        for path in (ROOT / app).rglob("*.py"):
            codes |= set(re.findall(r'code="([a-z_]+)"', path.read_text()))
            codes |= set(re.findall(r'^    code = "([a-z_]+)"', path.read_text(), re.MULTILINE))
    assert codes - {"bad_request"} <= documented_codes  # the base class's own, which nothing raises


def test_the_page_of_the_rest_api_names_every_collection():
    page = (ROOT / "docs" / "rest-api.md").read_text()
    paths = {path.split("/")[1] for path in rest.api.get_openapi_schema(path_prefix="")["paths"]}
    assert not [path for path in paths if f"/{path}" not in page]
