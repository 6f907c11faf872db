"""The errors of the fetcher: one code per cause, with messages that name no address."""

from imgapis.base import errors

BUSY_SECONDS = 5  # Retry-After where a storage service asks for fewer requests


class FetchError(errors.ApiError):
    """A source that could not be fetched; `code`, `status` and `message` are safe to show to any client."""

    def __init__(self, code: str, status: int, message: str, retry_after: int | None = None):
        super().__init__(message, param="src", code=code, status=status, retry_after=retry_after)


def invalid(reason: str) -> FetchError:
    """The address is malformed or of a form that is never fetched."""
    return FetchError("invalid_source", 400, f"The source address is not accepted: {reason}.")


def unresolvable() -> FetchError:
    """Guarded addresses and unknown names, indistinguishable (S16)."""
    return FetchError("source_unresolvable", 422, "The source's host has no public address.")


def unreachable() -> FetchError:
    """Closed, filtered, reset, truncated or malformed: one error for all (S16)."""
    return FetchError("source_unreachable", 502, "The source did not give a complete and correct answer.")


def timed_out() -> FetchError:
    """The deadline of the whole fetch has passed."""
    return FetchError("source_timeout", 504, "The source took too long to answer.")


def too_large(max_bytes: int) -> FetchError:
    """The body, or its Content-Length, is beyond the cap."""
    return FetchError("source_too_large", 413, f"The source is larger than {max_bytes} bytes.")


def missing() -> FetchError:
    """The origin answered 404 or 410."""
    return FetchError("source_missing", 404, "The source was not found at its origin.")


def forbidden() -> FetchError:
    """The origin answered 401 or 403."""
    return FetchError("source_forbidden", 424, "The source's origin does not allow it to be read.")


def refused() -> FetchError:
    """The origin refused the request for another reason."""
    return FetchError("source_refused", 424, "The source's origin refused the request.")


def busy() -> FetchError:
    """The storage service asks for fewer requests (S3's SlowDown), after one more try."""
    message = "The source's storage takes no more requests just now. Ask again in a moment."
    return FetchError("source_busy", 503, message, retry_after=BUSY_SECONDS)


def not_allowed() -> FetchError:
    """The workspace does not allow this host."""
    return FetchError("source_not_allowed", 403, "The source's host is not among the allowed external sources.")


def redirect(reason: str) -> FetchError:
    """A redirect that is not followed."""
    return FetchError("source_redirect", 422, f"The source redirects, and this redirect is not followed: {reason}.")


def encoding() -> FetchError:
    """The body has a content coding that was not requested and is not supported."""
    return FetchError("source_encoding", 422, "The source comes in a content encoding that is not accepted.")
