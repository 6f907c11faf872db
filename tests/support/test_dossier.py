"""The page that staff see of a workspace."""

import pytest

from billing.charging import credits
from billing.models import Counter
from billing.plans import periods
from imgapis.base import clock
from tests.accounts import teams
from tests.billing.test_charge import bill


@pytest.mark.parametrize(("added_halves", "shown"), [(0, "<td>holds</td>"), (1, "<td><strong>broken</strong></td>")])
def test_the_page_of_a_workspace_says_whether_its_ledger_holds(team, added_halves, shown):
    """P11"""
    row = teams.new_workspace(teams.new_person("ledger"))
    credits.charge(bill(row.workspace_id), periods.Terms())
    counter = Counter(row.workspace_id, periods.at(periods.Terms(), clock.now()).name)
    counter.update(actions=[Counter.used.add(added_halves)], condition=Counter.is_present())
    page = team["support"].get(f"/admin/workspace/{row.workspace_id}/").text
    assert shown in page and page.count("<td>holds</td>") + page.count("broken</strong>") == 1
