"""Making tables: safe to repeat, also at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import TableError

from imgapis import tables

ROOT = Path(__file__).resolve().parents[2]


def test_creating_again_creates_nothing(dynamodb):
    assert tables.create() == 0


def test_a_table_that_is_there_already_is_no_error(dynamodb):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(tables._create, [tables.registered()[0]] * 4))


def test_no_row_of_the_code_is_forgotten():
    """D6"""
    folders = ("accounts", "telemetry", "billing", "transforms", "imgapis")
    class_names = {
        name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"^class (\w+)\((?:dynamo\.)?Row\)", path.read_text(), re.MULTILINE)
    }
    assert class_names == {row.__name__ for row in tables.registered()}


def test_a_store_that_is_slow_at_first_is_asked_again():
    silence = TableError("no answer", ReadTimeoutError(endpoint_url="http://127.0.0.1"))  # its `response` is None
    answers = iter([TableError("no answer"), silence, 7])

    def act() -> int:
        answer = next(answers)
        if isinstance(answer, TableError):
            raise answer
        return answer

    assert tables._retrying(act) == 7
