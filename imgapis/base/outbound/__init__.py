"""The guarded HTTP client: every request to an address that a customer chose goes through here."""
