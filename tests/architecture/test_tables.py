"""Every table of the code is registered."""

import re
from pathlib import Path

from imgapis.tables import row_classes

ROOT = Path(__file__).resolve().parents[2]


def test_no_row_of_the_code_is_forgotten():
    """D6"""
    folders = ("accounts", "telemetry", "billing", "transforms", "imgapis")
    class_names = {
        name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"^class (\w+)\((?:dynamo\.)?Row\)", path.read_text(), re.MULTILINE)
    }
    assert class_names == {row.__name__ for row in row_classes.registered()}
