"""Everything `make run` starts: the engines, the tables, the demo, the web server and the worker; and its end."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from imgapis.devstack import children, downloads, engines, failures, mails, ports, progress
from imgapis.server.web_server import gunicorn_command

COMMAND_SECONDS = 300.0
READY_SECONDS = 60.0
STRIPE_VERSION = "2026-08-26.dahlia"  # the one the pinned library speaks; a test compares
STRIPE_SECRET = "whsec_stub"  # signs what the stub sends to this machine, and opens nothing
MANAGE = [sys.executable, str(downloads.ROOT / "manage.py")]


class Stack:
    """What runs, in the order it was started. Stopping goes the other way round."""

    def __init__(self, directory: Path, port: int, *, access_key: str, secret_key: str) -> None:
        """Data and logs under `directory`, the web server on loopback `port`, the bucket server with these keys."""
        self.directory = directory.absolute()
        self.port = port
        self.logs = self.directory / "log"
        self.dynamodb = engines.DynamoDBLocal(self.directory / "dynamodb", logs=self.logs)
        self.buckets = engines.SeaweedFS(
            self.directory / "seaweedfs", access_key=access_key, secret_key=secret_key, logs=self.logs
        )
        self.programs: list[children.Child] = []
        self.stripe_port = 0

    def variables(self, allowed: frozenset[str] = frozenset()) -> dict[str, str]:
        """The settings of every process; `allowed` are the private `host:port` pairs the developer set."""
        return {
            "EMBEDDED": "1",
            "PORT": str(self.port),
            "VAR_DIR": str(self.directory),
            "DYNAMODB_ENDPOINT": self.dynamodb.endpoint,
            "CACHE_ENDPOINT": self.buckets.endpoint,
            "CACHE_REGION": "us-east-1",
            "S3_ENDPOINT": self.buckets.endpoint,
            "FETCH_ALLOW_PRIVATE": ",".join(sorted({*allowed, f"{ports.HOST}:{self.buckets.port}"})),
            "MALLOC_ARENA_MAX": "2",  # glibc's arenas double what image work keeps resident
            **self._stub_variables(),
        }

    def _stub_variables(self) -> dict[str, str]:
        """The settings that point the programs at the Stripe stub; empty where it does not run."""
        if not self.stripe_port:
            return {}
        address = f"http://localhost:{self.stripe_port}"
        return {
            "STRIPE_SECRET_KEY": "sk_test_stub",
            "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
            "STRIPE_API_URL": address,
            "STRIPE_PAGES": address,
        }

    def start_stripe_stub(self) -> None:
        """Start the Stripe stub, used where no key is set: a purchase can be played through, and no money moves."""
        port = ports.choose(1)[0]
        command = stub_command(port, self.directory / "stripe-stub.json", self.port)
        with progress.step("Starting the Stripe stub"):
            child = self._add("the Stripe stub", command, "stripe-stub.log", {})
            child.wait_until(lambda: ports.status(f"http://{ports.HOST}:{port}/stub/idle", 5) == 200, READY_SECONDS)
        self.stripe_port = port

    def save_variables(self, variables: Mapping[str, str]) -> None:
        """Write the settings to `run/stack.env`, where `make verify` reads them: they hold no secret."""
        path = self.directory / "run" / "stack.env"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}={value}\n" for key, value in variables.items()))

    def start_engines(self) -> None:
        """Both engines at once, each awaited."""
        with progress.step("Starting DynamoDB Local and SeaweedFS"):
            self.dynamodb.spawn()
            self.buckets.spawn()
            self.dynamodb.wait_ready()
            self.buckets.wait_ready()

    def manage(self, command: str, variables: Mapping[str, str]) -> None:
        """Run one management command to its end."""
        full_command = ["env", *(f"{key}={value}" for key, value in variables.items()), *MANAGE, command]
        with progress.step(f"Running manage.py {command}"):
            progress.run(full_command, failure=f"manage.py {command} failed", seconds=COMMAND_SECONDS)

    def start_programs(self, variables: Mapping[str, str], *, workers: int, threads: int) -> None:
        """The web server and the worker; returns when the web server has answered a request."""
        command = gunicorn_command(self.port, workers, threads)
        with progress.step("Starting gunicorn and manage.py work"):
            ports.require(self.port)
            web = self._add("gunicorn", command, "web.log", variables)
            self._add("manage.py work", [*MANAGE, "work"], "work.log", variables)
            web.wait_until(lambda: ports.status(f"http://localhost:{self.port}/", 10) is not None, READY_SECONDS)

    def watch(self) -> None:
        """Print each mail that is written; return never; SetupError when something that should run has ended."""
        mailbox = mails.MailWatcher(self.directory / "mail")
        while True:
            for text in mailbox.new_messages():
                progress.say(text)
            for child in (*self.programs, self.dynamodb.child, self.buckets.child):
                if child is not None and not child.alive:
                    raise failures.SetupError(f"{child.name} has ended, so everything stops; {child.log_tail()}")
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the programs together, then the engines they write to, together."""
        for group in (self.programs, [self.dynamodb.child, self.buckets.child]):
            children_to_stop = [child for child in group if child is not None]
            for child in children_to_stop:
                child.terminate()
            for child in children_to_stop:
                child.stop()
        self.programs = []
        self.dynamodb.child = self.buckets.child = None

    def _add(self, name: str, command: list[str], log: str, variables: Mapping[str, str]) -> children.Child:
        child = children.Child(name, command, self.logs / log, variables)
        self.programs.append(child)
        return child


def stub_command(port: int, state: Path, web_port: int) -> list[str]:
    """The Stripe stub on loopback `port`, its state in a file, its events sent to our web server."""
    options = {
        "port": port,
        "state": state,
        "webhook": f"http://localhost:{web_port}/stripe/webhook",
        "secret": STRIPE_SECRET,
        "version": STRIPE_VERSION,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "imgapis.devstack.stripe_stub", *flags]
