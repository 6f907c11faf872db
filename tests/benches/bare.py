"""The product under gunicorn, and beside it, in the same worker, a bare WSGI answer to measure its hits against."""

from imgapis.wsgi import application as product

PATH = "/bare"


def application(environ, start_response):
    """As many bytes as the query says, at once; every other path is the product's."""
    if environ["PATH_INFO"] != PATH:
        return product(environ, start_response)
    length = environ["QUERY_STRING"]
    start_response("200 OK", [("Content-Type", "image/jpeg"), ("Content-Length", length)])
    return [b"\0" * int(length)]
