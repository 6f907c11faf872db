"""HTTP statuses of the engine's errors: one per code."""

from collections.abc import Iterator
from contextlib import contextmanager

from imgapis.base.errors import ApiError
from transforms.engine.errors import EngineError

RETRY_SECONDS = 2
STATUSES = {
    "unsupported_format": 415,
    "unsupported_variant": 415,
    "broken_image": 422,
    "too_many_pixels": 422,
    "too_many_frames": 422,
    "too_many_scans": 422,
    "source_side_too_long": 422,
    "output_too_large": 422,
    "animation_unsupported": 422,
    "drawing_too_complex": 422,
    "no_source_left": 422,
    "render_timeout": 504,
    "render_crashed": 422,
    "render_busy": 503,
    "too_many_waiting": 429,
    "background_removal_unavailable": 501,
    "face_detection_unavailable": 501,
}


def api_error(error: EngineError) -> ApiError:
    """The error as an ApiError; a fault of the request itself is a 400."""
    status = STATUSES.get(error.code, 400)
    retry_after = RETRY_SECONDS if status in (429, 503) else None
    return ApiError(error.message, code=error.code, status=status, param=error.param, retry_after=retry_after)


@contextmanager
def as_api_errors() -> Iterator[None]:
    """Raise an EngineError of the block as an ApiError."""
    try:
        yield
    except EngineError as error:
        raise api_error(error) from error
