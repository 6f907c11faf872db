"""The deploy check refuses what is for trials only."""

import pytest
from django.core.checks import run_checks


@pytest.mark.parametrize(("value", "refused"), [(frozenset({"127.0.0.1:9000"}), True), (frozenset(), False)])
def test_private_fetching_is_refused_at_deployment(settings, value, refused):
    settings.FETCH_ALLOW_PRIVATE = value
    found = {error.id for error in run_checks(tags=["imgapis"], include_deployment_checks=True)}
    assert ("imgapis.E001" in found) is refused
