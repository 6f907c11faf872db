"""The product for a benchmark: the real engines, gunicorn with two workers, one workspace, and an origin."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgapis.devstack import children, downloads, engines, ports, stack
from tests import environment
from tests.origin import Origin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imgapis.settings")  # for the servers that a benchmark starts
NAMESPACE = "bench"
READY_SECONDS = 90.0
FOLDER = Path(environment.FOLDER)


@dataclass(frozen=True)
class Site:
    """The running product. `place` gives the photograph one more path, so that asking for it is a miss."""

    origin: Origin
    body: bytes

    def place(self, name: str) -> str:
        """The `src` of the photograph at one more path."""
        self.origin.pictures[f"/{name}.jpg"] = self.body
        return f"shop/{name}.jpg"


@contextmanager
def running(body: bytes) -> Iterator[Site]:
    """Start everything, and stop it again whatever happens."""
    with ExitStack() as stops:
        for engine in (
            engines.DynamoDBLocal(None, environment.DYNAMODB_PORT, logs=FOLDER),
            engines.SeaweedFS(FOLDER / "bucket", environment.BUCKET_PORT, logs=FOLDER),
        ):
            engine.start()
            stops.callback(engine.stop)
        _manage("migrate_tables")
        _manage("workspace", "create", NAMESPACE, "--credits", "100000")
        _manage("source", "create", NAMESPACE, "shop", "--prefix", f"http://127.0.0.1:{environment.ORIGIN_PORT}/")
        origin = Origin(environment.ORIGIN_PORT)
        origin.start()
        stops.callback(origin.stop)
        command = stack.gunicorn_command(environment.WEB_PORT, workers=2, threads=64)
        web = children.Child("gunicorn", command, FOLDER / "gunicorn.log")
        stops.callback(web.stop)
        health = f"http://127.0.0.1:{environment.WEB_PORT}/healthz"
        web.wait_until(lambda: ports.status(health) is not None, READY_SECONDS)
        yield Site(origin, body)


def _manage(*words: str) -> None:
    subprocess.run([*stack.MANAGE, *words], cwd=downloads.ROOT, stdout=subprocess.DEVNULL, check=True)
