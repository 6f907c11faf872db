"""`python attacker.py JSON`: asks for everything that waits or is heavy, again and again, until standard input ends.

It comes again half a second after an answer, or when it was told to. Prints how often each status and code was the
answer, by the name of the attack. It stands alone, so that its threads take nothing from the process that measures.
"""

import collections
import http.client
import itertools
import json
import sys
import threading
import time

TIMEOUT_SECONDS = 90
PAUSE_SECONDS = 0.5


def ask(port: int, attack: dict, path: str) -> tuple[str, float]:
    """(status and code, seconds to wait before the next) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(attack.get("method", "GET"), path, attack.get("body"), attack["headers"])
        response = connection.getresponse()
        body = response.read()
        is_problem = body and response.headers.get("Content-Type") == "application/problem+json"
        code = json.loads(body)["code"] if is_problem else ""
        return f"{response.status} {code}".strip(), float(response.headers.get("Retry-After") or 0)
    finally:
        connection.close()


def repeat(port: int, attack: dict, numbers: itertools.count, counts: collections.Counter) -> None:
    """One thread of an attack: in its path `{}` is another number each time, `{round}` the same for all threads."""
    while True:
        try:
            number = next(numbers)
            path = attack["path"].replace("{}", str(number)).replace("{round}", str(number // attack["threads"]))
            status, pause = ask(port, attack, path)
        except OSError as error:
            status, pause = type(error).__name__, 1.0
        counts[f"{attack['name']} {status}"] += 1
        time.sleep(max(pause, PAUSE_SECONDS))


def main() -> None:
    """Attack with `threads` of each attack, on the port."""
    plan = json.loads(sys.argv[1])
    counts: collections.Counter = collections.Counter()
    for attack in plan["attacks"]:
        numbers = itertools.count(1)
        for _ in range(attack["threads"]):
            threading.Thread(target=repeat, args=(plan["port"], attack, numbers, counts), daemon=True).start()
    sys.stdin.read()
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
