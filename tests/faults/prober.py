"""`python prober.py JSON`: asks for a cached picture, new ones and /healthz in turn, one at a time, for some seconds.

Prints the seconds and the status of every answer, by name. It stands alone, as attacker.py does.
"""

import http.client
import json
import sys
import time


def timed(port: int, host: str, path: str) -> tuple[float, int]:
    """(seconds, status) of one request."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        response.read()
        return time.monotonic() - began, response.status
    finally:
        connection.close()


def main() -> None:
    """Ask until the seconds are over, and for `misses` new pictures at least."""
    plan = json.loads(sys.argv[1])
    port, host = plan["port"], plan["host"]
    ends = time.monotonic() + plan["seconds"]
    answers: dict[str, list] = {"hit": [], "miss": [], "health": []}
    while time.monotonic() < ends or len(answers["miss"]) < plan["misses"]:
        for _ in range(10):
            answers["hit"].append(timed(port, host, plan["hit"]))
            time.sleep(0.02)
        number = len(answers["miss"])
        answers["miss"].append(timed(port, host, plan["miss"].replace("{}", str(number))))
        answers["health"].append(timed(port, "localhost", "/healthz"))
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
