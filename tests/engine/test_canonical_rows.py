"""Every row of the parameter table is part of the picture's identity, each with every kind of value it takes (H24)."""

import pytest

from transforms.engine.request import endpoints, params, spec
from transforms.engine.request.param import Param
from transforms.engine.request.query import Query

HASHES = ("LEHV6nWB2yk8pyo0adR*.7kCMdnj", "L6PZfSi_.AyE_3t7t7R**0o#DgR4")
# What shapes the answer and is no part of the picture, and what is removed before the engine parses a request.
NO_PART = {"format", "select", "download", "ttl", "preset", "fallback", "sig", "exp", "policy"}
# A request in which each row has an effect; the row itself is not in it.
BOX = "w=40&h=30"
BASES = {
    "w": "",
    "h": "",
    "size": "",
    "fit": BOX,
    "position": f"{BOX}&fit=cover",
    "mark": BOX,
    "mark-position": "mark=m",
    "mark-w": "mark=m",
    "mark-padding": "mark=m",
    "mark-opacity": "mark=m",
}
SOURCES = {"grid": "src=a&src=b", "placeholder/blurhash": "src=a", "placeholder/color": "src=a"}
LITERALS = {"blurhash": "w=40&h=30", "color": "w=40&h=30"}


READ_AS = {
    "length": ["0.25", "1", "9"],
    "angle": ["30", "200.5"],
    "choice": [],
    "colour": ["123456", "12345678"],
    "position": ["0.25,0.75"],
    "focus": ["0.25,0.75", "0.5,0.5"],
    "crop": ["1,2,3,4", "0.5,0,0.5,1"],
    "source": ["m"],
    "version": ["2", "v2"],
    "blurhash": list(HASHES),
}


def values_of(row: Param) -> list[str]:
    """Values of a row other than its default, of every kind that it takes: words, and numbers of its range."""
    words = [str(choice) for choice in row.choices if choice != row.default]
    if row.kind == "switch":
        return [str(int(not row.default))]
    if row.kind in ("integer", "number") and row.least is not None:
        between = row.least + (row.most - row.least) / 7
        numbers = [row.least, int(between) + 1] if row.kind == "integer" else [row.least + 0.15, between]
        return [*words, *(f"{number:.2f}".removesuffix(".00") for number in numbers if number != row.default)]
    return [*words, *READ_AS.get(row.kind, ())]


def query(endpoint: str, *parts: str) -> str:
    return "&".join(filter(None, (SOURCES.get(endpoint, "src=a"), *parts)))


ROWS = [
    (endpoint, row)
    for endpoint in endpoints.ENDPOINTS
    for row in params.rows(endpoint)
    if row.name not in NO_PART | {"src"} | set(LITERALS)
]


@pytest.mark.parametrize(("endpoint", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_every_value_of_every_row_is_a_picture_of_its_own(endpoint, row):
    """H24, B1: what changes the picture changes its canonical form, by which it is cached and charged."""
    base = "" if endpoint.startswith("info") else BASES.get(row.name, BOX)
    texts = values_of(row)
    requests = [query(endpoint, base), *(query(endpoint, base, f"{row.name}={text}") for text in texts)]
    forms = [spec.canonical(Query.parse(request).spec(endpoint)) for request in requests]
    assert texts and len(set(forms)) == len(forms), dict(zip(requests, forms, strict=True))


@pytest.mark.parametrize("name", LITERALS)
def test_what_is_drawn_without_a_source_is_a_picture_of_its_own(name):
    """H24"""
    (row,) = (row for row in params.PARAMS if row.name == name)
    forms = [
        spec.canonical(Query.parse(f"{LITERALS[name]}&{name}={text}").spec(f"placeholder/{name}"))
        for text in values_of(row)
    ]
    assert len(set(forms)) == len(forms) == 2


def test_no_row_is_left_out():
    """A new parameter is walked by itself; these, and no others, are no part of the picture."""
    walked = {row.name for _, row in ROWS} | set(LITERALS) | {"src"}
    assert {row.name for row in params.PARAMS} == walked | NO_PART
