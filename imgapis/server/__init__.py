"""The web server: gunicorn's settings and workers, logs, and the middleware before every view."""
