"""Sessions and signing in: the session engine, one-time codes, their throttles, the middleware."""
