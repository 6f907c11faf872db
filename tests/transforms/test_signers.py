"""The signers that the docs and the dashboard show, run as they stand, sign what the front door answers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transforms.web_client import ask
from transforms.access import signing_keys, signing_snippets

PAGE = Path(__file__).resolve().parents[2] / "docs" / "signing.md"
ADDRESS = "/transform?src=shop/any/a%20b.jpg&w=80&exp=2000000000"
BY_RULE = "/transform?src=shop/any/c.jpg&quality=70&w=320"
RULE = {"src": "shop/", "until": 2_000_000_000, "w": 1600, "params": "fit=cover&quality=70"}


def by_python(key: str) -> list[str]:
    calls = f"\nprint(sign({key!r}, {ADDRESS!r}))\nprint({BY_RULE!r} + '&' + policy({key!r}, {RULE!r}))"
    return _run([sys.executable, "-c", signing_snippets.PYTHON + calls])


def by_node(key: str) -> list[str]:
    program = shutil.which("node") or pytest.skip("there is no node on this machine to run the JavaScript signer")
    calls = f"\nconsole.log(sign({json.dumps(key)}, {json.dumps(ADDRESS)}));"
    calls += f"\nconsole.log({json.dumps(BY_RULE)} + '&' + policy({json.dumps(key)}, {json.dumps(RULE)}));"
    return _run([program, "-e", signing_snippets.JAVASCRIPT + calls])


def _run(command: list[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()


@pytest.mark.parametrize("signer", [by_python, by_node])
def test_what_a_shown_signer_signs_is_answered(web, workspace, signer):
    key = signing_keys.turn_on(workspace, "system")
    addresses = signer(key)
    assert [ask(workspace.namespace, address).status for address in addresses] == [200, 200]
    assert [ask(workspace.namespace, address.replace("w=", "blur=2&w=")).status for address in addresses] == [403, 403]


def test_the_docs_show_the_signers_that_run():
    page = PAGE.read_text()
    assert f"```python\n{signing_snippets.PYTHON}```" in page
    assert f"```javascript\n{signing_snippets.JAVASCRIPT}```" in page


def test_the_other_examples_of_the_docs_run():
    examples = PAGE.read_text().split("```python\n")[2:]
    code = (
        signing_snippets.PYTHON
        + "key = 'abc123.secret'\n"
        + "".join(example.partition("```")[0] for example in examples)
    )
    _run([sys.executable, "-c", code])
