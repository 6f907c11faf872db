"""Every table of the project, and what AWS shall do for each."""

import accounts.models
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
    telemetry.models,
    billing.models,
    transforms.models,
    imgapis.models,
)


def registered() -> list[type[dynamo.Row]]:
    """Every row class, by table name."""
    names = tuple(f"{module.__name__}." for module in MODULES)
    return [row_class for row_class in dynamo.tables() if f"{row_class.__module__}.".startswith(names)]
