"""The one table of parameters: the parser, the OpenAPI, the docs page, /limits and the tests are read from it. Its rows
stand in request_parameters, picture_parameters and output_parameters."""

from transforms.engine import picture_values
from transforms.engine.picture_values import PictureValues
from transforms.engine.request.endpoints import ENDPOINTS
from transforms.engine.request.output_parameters import OUTPUT
from transforms.engine.request.param import Param
from transforms.engine.request.picture_parameters import BOX, LAYOUT, LOOK, OVERLAY, SHAPE
from transforms.engine.request.request_parameters import ACCESS, SOURCES

PARAMS = SOURCES + BOX + SHAPE + LOOK + OVERLAY + LAYOUT + OUTPUT + ACCESS
ROWS = {endpoint: {param.name: param for param in PARAMS if endpoint in param.endpoints} for endpoint in ENDPOINTS}
NAMES = {endpoint: {name: param for param in rows.values() for name in param.names} for endpoint, rows in ROWS.items()}
_DEFAULTS = {
    endpoint: picture_values.of({name: row.default for name, row in rows.items() if row.default is not None})
    for endpoint, rows in ROWS.items()
}


def rows(endpoint: str) -> tuple[Param, ...]:
    """The endpoint's rows in table order."""
    return tuple(ROWS[endpoint].values())


def find(endpoint: str, name: str) -> Param | None:
    """The row of a name or an alias at this endpoint; None when there is none."""
    return NAMES[endpoint].get(name)


def long_name(endpoint: str, name: str) -> str:
    """The long-lived name of a name or an alias at this endpoint; one that it does not know stands for itself."""
    row = find(endpoint, name)
    return row.name if row else name


def defaults(endpoint: str) -> PictureValues:
    """The defaults of an endpoint's parameters that have one, by long-lived name."""
    return _DEFAULTS[endpoint]


def default(endpoint: str, name: str) -> object:
    """The default of a parameter by its long-lived name; None when it has none, KeyError when not in the table."""
    return ROWS[endpoint][name].default
