"""What operations cost, in half-credits."""

import pytest

from transforms.engine.request import cost
from transforms.engine.request.query import Query


@pytest.mark.parametrize(
    ("endpoint", "composed", "halves"),
    [
        ("transform", 1, 2),
        ("info", 1, 1),
        ("info/metadata", 1, 1),
        ("info/colors", 1, 1),
        ("info/blurhash", 1, 1),
        ("placeholder/blurhash", 1, 1),
        ("placeholder/color", 1, 1),
        ("placeholder/color", 0, 1),
        ("grid", 1, 4),
        ("grid", 5, 20),
    ],
)
def test_an_operation_costs_its_half_credits(endpoint, composed, halves):
    """B1"""
    assert cost.halves(endpoint, composed) == halves


@pytest.mark.parametrize(
    ("endpoint", "query", "halves"),
    [
        ("transform", "src=a&w=5", 2),
        ("grid", "src=a&src=b&src=c", 12),
        ("info", "src=a", 1),
        ("placeholder/color", "color=fff&w=5&h=5", 1),
    ],
)
def test_the_quote_of_a_request_is_the_most_it_can_cost(endpoint, query, halves):
    assert cost.quote(Query.parse(query).spec(endpoint)) == halves
