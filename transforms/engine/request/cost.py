"""The price of an operation, in whole half-credits."""

from transforms.engine.request import spec as specs

HALVES = {"transform": 2, "info": 1, "grid": 4, "placeholder": 1}


def halves(endpoint: str, composed: int = 1) -> int:
    """The half-credits of one operation; a grid's are for each of the `composed` sources it shows."""
    operation = endpoint.partition("/")[0]
    return HALVES[operation] * (composed if operation == "grid" else 1)


def quote(spec: specs.Spec) -> int:
    """The most a request can cost, in half-credits: a grid drops unreadable sources, and then costs less."""
    return halves(spec.endpoint, len(spec.sources))
