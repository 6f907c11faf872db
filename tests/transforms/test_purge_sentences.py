"""The sentences of the page of purges."""

import pytest

from transforms.serving import purges
from transforms.views.purge import engine_sentence, purge_warning

UNKNOWN = (
    " That is everything billed within the last year and not purged since: no address is kept, so nobody can say which"
    " of them fit."
)
EACH = "can become new work, each billed again when it is asked for."


@pytest.mark.parametrize(
    ("scope", "count", "sentence"),
    [
        ("url", 1, "This operation was billed within the last year: asked for again, it is billed again."),
        ("url", 0, "This operation has no live charge: the purge makes nothing more to bill."),
        ("prefix", 0, "Nothing billed is left to void: everything was purged before, or nothing was made yet."),
        ("workspace", 1, f"At most 1 billed operation {EACH}"),
        ("workspace", 2, f"At most 2 billed operations {EACH}"),
        ("source", 2, f"At most 2 billed operations {EACH}{UNKNOWN}"),
        (
            "prefix",
            purges.MOST_COUNTED,
            f"More than {purges.MOST_COUNTED} billed operations {EACH}{UNKNOWN}",
        ),
    ],
)
def test_a_purge_says_what_it_can_cost(scope, count, sentence):
    assert purge_warning(scope, count) == sentence


@pytest.mark.parametrize(
    ("changes", "rest"),
    [
        ([], ". Nothing older is served here."),
        (["Sharper."], "; this workspace still serves what version 2 has drawn, until it expires."),
    ],
)
def test_the_page_says_which_engine_draws(changes, rest):
    facts = {"newest": 3, "version": 2, "changes": changes}
    assert engine_sentence(facts) == f"Pictures are drawn by version 3 of our engine{rest}"
