"""Every table of the project, and what AWS shall do for each."""

import accounts.models
import accounts.rows.audit
import accounts.rows.codes
import accounts.rows.idempotency
import accounts.rows.keys
import accounts.rows.namespaces
import accounts.rows.staff
import accounts.rows.teams
import billing.models
import imgapis.base.mail.rows
import imgapis.models
import telemetry.models
import transforms.models
from imgapis.base import dynamo

# A row is registered by importing its module, or the package of it; a test finds what is missing here.
MODULES = (
    imgapis.base.mail.rows,
    accounts.models,
    accounts.rows.codes,
    accounts.rows.idempotency,
    accounts.rows.keys,
    accounts.rows.namespaces,
    accounts.rows.staff,
    accounts.rows.teams,
    accounts.rows.audit,
    telemetry.models,
    billing.models,
    transforms.models,
    imgapis.models,
)


def registered() -> list[type[dynamo.Row]]:
    """Every row class, by table name."""
    names = tuple(f"{module.__name__}." for module in MODULES)
    return [row_class for row_class in dynamo.tables() if f"{row_class.__module__}.".startswith(names)]
