"""The reply of a render process: an Output or an error, as a frame that is safe to parse.

The child has handled hostile bytes, so its reply is JSON and never a pickle: a compromised decoder
cannot run code in the web worker.
"""

from dataclasses import fields

from transforms.engine.errors import CODES, EngineError
from transforms.engine.job import Output
from transforms.render import wire

_FIELDS = tuple(field.name for field in fields(Output) if field.name != "body")


def frame_output(output: Output) -> tuple[dict, bytes]:
    """(head, body) of a finished picture."""
    values = {name: getattr(output, name) for name in _FIELDS}
    return {"output": values | {"timings": dict(output.timings)}}, output.body


def frame_error(error: EngineError, cause: str = "") -> tuple[dict, bytes]:
    """(head, body) of an error; `cause` is for the operator and never for the customer."""
    return {"error": [error.code, error.message, error.param, error.is_early], "cause": cause}, b""


def read(head: dict, body: bytearray) -> Output:
    """The Output a frame carries; raises the EngineError it carries, or wire.PipeClosed for a malformed frame."""
    try:
        if "error" in head:
            raise _error(head)
        values = {name: head["output"][name] for name in _FIELDS}
        size = values["source_size"]
        values["source_size"] = None if size is None else tuple(map(int, size))
        values |= {name: tuple(map(int, values[name])) for name in ("shape", "used")}
        values["is_vector"] = bool(values["is_vector"])
        values |= {name: tuple(map(str, values[name])) for name in ("warnings", "idle")}
        values["timings"] = {str(name): float(milliseconds) for name, milliseconds in values["timings"].items()}
        return Output(body=bytes(body), **values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise wire.PipeClosed from error


def _error(head: dict) -> EngineError:
    code, message, param, is_early = head["error"]
    if code not in CODES:
        raise ValueError(code)
    error = EngineError(code, str(message), param, is_early=bool(is_early))
    if head.get("cause"):
        error.add_note(str(head["cause"]))
    return error
