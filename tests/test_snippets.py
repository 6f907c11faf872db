"""The code of the playground has the requested picture's address, in each language, with any parameters."""

import ast
import html
import json
import re
import shlex
import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest

from imgapis.site import snippets

HOST = "https://shop.imgapis.com"
NASTY = [("src", 'shop/it\'s (1), "50%" off & more.jpg'), ("w", "600"), ("h", "400"), ("fit", "cover")]


def code(language: str, pairs=NASTY) -> str:
    """The snippet of one language for these parameters."""
    return next(snippet.text for snippet in snippets.of(HOST, pairs) if snippet.language == language)


def query_pairs(url: str) -> list[tuple[str, str]]:
    """The parameters of an address as (name, value) pairs, as the image API reads them."""
    return parse_qsl(urlsplit(url).query)


@pytest.mark.parametrize("language", ["HTML", "Next.js", "curl", "CSS", "Markdown", "Python"])
def test_each_language_has_its_code(language):
    assert HOST in code(language)


def test_the_html_names_the_picture_and_its_double():
    markup = code("HTML")
    srcset = html.unescape(re.search(r'srcset="([^"]*)"', markup)[1])
    single, double = [candidate.split() for candidate in srcset.split(",")]
    assert query_pairs(html.unescape(re.search(r'src="([^"]*)"', markup)[1])) == NASTY
    assert (query_pairs(single[0]), single[1]) == (NASTY, "1x")
    assert (query_pairs(double[0]), double[1]) == ([*NASTY, ("dpr", "2")], "2x")
    assert 'width="600" height="400"' in markup


def test_a_picture_without_more_pixels_is_not_asked_for_at_double_density():
    """H4"""
    codes = {snippet.language: snippet for snippet in snippets.of(HOST, NASTY, is_small=True)}
    assert not any("dpr" in snippet.text for snippet in codes.values())
    assert codes["HTML"].note == codes["CSS"].note == snippets.SMALL
    assert [snippet.note for snippet in snippets.of(HOST, NASTY) if snippet.language == "HTML"] == [snippets.DENSE]


def test_the_size_is_told_only_where_it_is_known():
    assert "width=" not in code("HTML", [("src", "shop/a.jpg"), ("w", "600"), ("h", "400")]).replace("&amp;", "")


def test_the_shell_and_the_style_sheet_get_the_address_whole():
    words = shlex.split(code("curl").replace("\\\n", ""))
    assert words[0] == "curl" and query_pairs(words[-1]) == NASTY
    addresses = re.findall(r'url\("([^"]*)"\)', code("CSS"))
    assert [query_pairs(address) for address in addresses] == [NASTY, [*NASTY, ("dpr", "2")]]


def test_markdown_is_not_cut_by_a_bracket():
    assert query_pairs(re.fullmatch(r"!\[[^]]*\]\(([^()\s]*)\)", code("Markdown"))[1]) == NASTY


def test_the_python_runs_as_far_as_the_network():
    tree = ast.parse(code("Python"))
    params = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    assert list(ast.literal_eval(params).items()) == NASTY


def test_the_loader_keeps_the_shape_at_every_width():
    """The loader is run by Node where there is one."""
    loader = code("Next.js").partition("// in a page")[0].replace("export default ", "")
    call = f"console.log(imageLoader({{src: {json.dumps(NASTY[0][1])}, width: 1200, quality: 70}}))"
    try:
        result = subprocess.run(["node", "-e", loader + call], capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError:
        pytest.skip("there is no Node here")
    assert dict(query_pairs(result.stdout.strip())) == {**dict(NASTY), "w": "1200", "h": "800", "q": "70"}
