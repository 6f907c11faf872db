"""The code of the playground says the picture that was asked for, in each language, whatever is in its parameters."""

import ast
import html
import json
import re
import shlex
import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest

from imgapis import snippets

HOST = "https://shop.imgapis.com"
NASTY = [("src", 'shop/it\'s (1), "50%" off & more.jpg'), ("w", "600"), ("h", "400"), ("fit", "cover")]


def code(language: str, pairs=NASTY) -> str:
    """The code of one language."""
    return next(each.text for each in snippets.of(HOST, pairs) if each.language == language)


def asked(url: str) -> list[tuple[str, str]]:
    """The parameters of an address, as the image API reads them."""
    return parse_qsl(urlsplit(url).query)


@pytest.mark.parametrize("language", ["HTML", "Next.js", "curl", "CSS", "Markdown", "Python"])
def test_each_language_has_its_code(language):
    assert HOST in code(language)


def test_the_html_names_the_picture_and_its_double():
    markup = code("HTML")
    srcset = html.unescape(re.search(r'srcset="([^"]*)"', markup)[1])
    single, double = [candidate.split() for candidate in srcset.split(",")]
    assert asked(html.unescape(re.search(r'src="([^"]*)"', markup)[1])) == NASTY
    assert (asked(single[0]), single[1]) == (NASTY, "1x")
    assert (asked(double[0]), double[1]) == ([*NASTY, ("dpr", "2")], "2x")
    assert 'width="600" height="400"' in markup


def test_the_size_is_told_only_where_it_is_known():
    assert "width=" not in code("HTML", [("src", "shop/a.jpg"), ("w", "600"), ("h", "400")]).replace("&amp;", "")


def test_the_shell_and_the_style_sheet_get_the_address_whole():
    words = shlex.split(code("curl").replace("\\\n", ""))
    assert words[0] == "curl" and asked(words[-1]) == NASTY
    addresses = re.findall(r'url\("([^"]*)"\)', code("CSS"))
    assert [asked(address) for address in addresses] == [NASTY, [*NASTY, ("dpr", "2")]]


def test_markdown_is_not_cut_by_a_bracket():
    assert asked(re.fullmatch(r"!\[[^]]*\]\(([^()\s]*)\)", code("Markdown"))[1]) == NASTY


def test_the_python_runs_as_far_as_the_network():
    tree = ast.parse(code("Python"))
    given = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    assert list(ast.literal_eval(given).items()) == NASTY


def test_the_loader_keeps_the_shape_at_every_width():
    """The loader is run by Node where there is one."""
    loader = code("Next.js").partition("// in a page")[0].replace("export default ", "")
    call = f"console.log(imageLoader({{src: {json.dumps(NASTY[0][1])}, width: 1200, quality: 70}}))"
    try:
        said = subprocess.run(["node", "-e", loader + call], capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError:
        pytest.skip("there is no Node here")
    assert dict(asked(said.stdout.strip())) == {**dict(NASTY), "w": "1200", "h": "800", "q": "70"}
