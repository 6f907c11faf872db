"""The errors of the engine: one exception with a stable code."""

REQUEST_CODES = (
    "unknown_parameter",
    "duplicate_parameter",
    "invalid_parameter",
    "missing_parameter",
    "conflicting_parameters",
    "unavailable_parameter",
)
PICTURE_CODES = (
    "unsupported_format",
    "unsupported_variant",
    "broken_image",
    "too_many_pixels",
    "too_many_frames",
    "too_many_scans",
    "source_side_too_long",
    "output_too_large",
    "animation_unsupported",
    "drawing_too_complex",
    "no_source_left",
)
PROCESS_CODES = (
    "render_timeout",
    "render_crashed",
    "render_busy",
    "too_many_waiting",
    "background_removal_unavailable",
    "face_detection_unavailable",
)
CODES = REQUEST_CODES + PICTURE_CODES + PROCESS_CODES


class EngineError(Exception):
    """An error: `code` is one of CODES, `message` a sentence for the caller, `param` the name they used, if any;
    `is_early`: the header of the source decided it, before a pixel was decoded.

    It knows no HTTP, and is pickled between processes unchanged.
    """

    def __init__(self, code: str, message: str, param: str | None = None, *, is_early: bool = False):
        if code not in CODES:
            raise ValueError(f"{code!r} is not an engine error code")
        super().__init__(code, message, param)
        self.code = code
        self.message = message
        self.param = param
        self.is_early = is_early

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
