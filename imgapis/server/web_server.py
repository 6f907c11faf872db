"""How gunicorn is started, in production, by `make run` and by the tests."""

import sys


def gunicorn_command(
    port: int, workers: int, threads: int, *, listen: str = "127.0.0.1", graceful_seconds: int = 4
) -> list[str]:
    """The web server at an address: no access log (it would keep addresses), no control socket, URLs of any length.

    What runs when it is asked to stop has `graceful_seconds` to end.
    """
    options = {
        "bind": f"{listen}:{port}",
        "workers": workers,
        "worker-class": "imgapis.server.web_workers.DeadlineWorker",
        "threads": threads,
        "limit-request-line": 0,
        "limit-request-field_size": 16_380,  # a long Accept header is read as none, not refused
        "graceful-timeout": graceful_seconds,
        "timeout": 60,
        "logger-class": "imgapis.server.server_log.ServerLog",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "gunicorn", *flags, "--no-control-socket", "imgapis.wsgi:application"]
