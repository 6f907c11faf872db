"""Errors of Stripe's API, as the stub answers them."""


class StripeApiError(Exception):
    """An error of Stripe's: a status, its type, and a sentence."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error", reason: str = ""):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message} | ({"code": reason} if reason else {})}
