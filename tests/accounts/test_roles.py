"""The table of roles and permissions, repeated by hand: a change on one side fails here."""

import pytest

from accounts.teams import roles

EXPECTED = {
    "workspace.view": "owner admin developer billing viewer",
    "sources.edit": "owner admin developer",
    "access.edit": "owner admin developer",
    "domains.edit": "owner admin developer",
    "cache.purge": "owner admin developer",
    "keys.manage": "owner admin developer",
    "billing.manage": "owner admin billing",
    "audit.view": "owner admin billing",
    "members.manage": "owner admin",
    "workspace.edit": "owner admin",
    "workspace.own": "owner",
}


def test_the_table_lists_every_permission():
    assert set(EXPECTED) == set(roles.PERMISSIONS)


@pytest.mark.parametrize("permission", EXPECTED)
def test_a_permission_is_had_by_its_roles_and_no_other(permission):
    assert [role for role in roles.ROLES if roles.allows(role, permission)] == EXPECTED[permission].split()


def test_a_refusal_names_the_role_and_the_act():
    with pytest.raises(roles.NotPermitted, match=r"viewer.*invite") as refusal:
        roles.require("viewer", "members.manage")
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    ("granter", "may_give"),
    [
        ("owner", "owner admin developer billing viewer"),
        ("admin", "admin developer billing viewer"),
        ("developer", ""),
        ("billing", ""),
        ("viewer", ""),
    ],
)
def test_nobody_gives_a_role_above_their_own(granter, may_give):
    """A10"""
    assert list(roles.grantable(granter)) == may_give.split()


def test_the_matrix_people_see_is_the_table():
    matrix = dict(roles.matrix())
    for permission, (meaning, _) in roles.PERMISSIONS.items():
        assert matrix[meaning] == [role in EXPECTED[permission].split() for role in roles.ROLES]
