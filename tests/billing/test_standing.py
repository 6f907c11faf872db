"""The sentences of the billing page on how a workspace stands."""

import pytest
from django.utils.html import conditional_escape

from billing.views import standing


@pytest.mark.parametrize(
    ("capped", "sentence"),
    [
        (
            "day",
            "The cap of the day is reached: new pictures are refused until midnight UTC, cached ones are served."
            " Raise it below.",
        ),
        (
            "period",
            "The cap of the period is reached: new pictures are refused until 2026-08-01, cached ones are served."
            " Raise it below.",
        ),
        (
            "overage_unpaid",
            "The credits of the plan are used up: new pictures are refused until 2026-08-01, or until what was used"
            " beyond the plan is paid; cached ones are served.",
        ),
        (
            "credits",
            "The credits are used up: new pictures are refused until 2026-08-01, cached ones are served."
            " A larger plan begins at once.",
        ),
        ("", ""),
    ],
)
def test_what_stops_new_pictures_is_a_sentence(capped, sentence):
    assert standing.capped_sentence(capped, "2026-08-01") == sentence


def test_an_unpaid_invoice_of_overage_is_linked_and_its_address_escaped():
    html = conditional_escape(standing.overage_sentence("unpaid", '/w/"shop"/invoices'))
    assert html == (
        "An invoice for credits used beyond the plan is not paid: overage is off until it is. It stands under"
        ' <a href="/w/&quot;shop&quot;/invoices">Invoices</a>. The plan\'s own credits can be used as before.'
    )


def test_a_disputed_payment_of_overage_has_a_sentence_and_sold_overage_has_none():
    assert standing.overage_sentence("disputed", "/").startswith(
        "The payment for credits used beyond the plan is disputed at your bank: overage is off until the dispute is"
        " settled and they are paid. The plan's own"
    )
    assert standing.overage_sentence("", "/") == ""


@pytest.mark.parametrize(
    ("has_day_share", "share"),
    [(True, "a day's share of the plan's credits a day, for three days, then the free plan's"), (False, "the free")],
)
def test_an_unpaid_period_says_what_new_pictures_have(has_day_share, share):
    sentence = standing.unpaid_sentence(has_day_share=has_day_share)
    assert f"of the payment, new pictures have {share}" in sentence


@pytest.mark.parametrize(
    ("may_owe_overage", "last_charge"),
    [
        (True, "Credits used beyond the plan until then are on a last invoice; nothing more is charged."),
        (False, "Nothing more is charged."),
    ],
)
def test_a_cancelled_plan_says_whether_a_last_invoice_follows(may_owe_overage, last_charge):
    sentence = standing.cancelled_sentence("Growth", "2026-08-01", may_owe_overage=may_owe_overage)
    assert sentence == (
        f"The plan is cancelled: Growth goes on until 2026-08-01, then the workspace is on Free. {last_charge}"
    )
