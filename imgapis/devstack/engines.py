"""The embedded engines: DynamoDB Local for DynamoDB, SeaweedFS for R2 and S3, each started, awaited and stopped."""

import json
import os
from pathlib import Path

from imgapis.devstack import children, downloads, failures, ports

READY_SECONDS = 60.0
LOCK_SECONDS = 15.0
ACCESS_KEY = "embedded"
SECRET_KEY = "embeddedsecret"  # the embedded engine's own, as the settings name it; it opens nothing else


class Engine:
    """A program that owns a data directory (none: memory or a throw-away) and answers on one loopback endpoint."""

    name = ""
    log_name = ""

    def __init__(self, directory: Path | None = None, port: int = 0, *, logs: Path = downloads.ROOT / "var" / "log"):
        """Port 0 takes a free one. Data and log directories are made when it starts."""
        self.directory = directory.absolute() if directory else None
        self.port = port or ports.choose(1)[0]
        self.log = logs / self.log_name
        self.child: children.Child | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    def start(self) -> None:
        """Start, and return when it can be used; SetupError otherwise, with nothing left running."""
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start without waiting."""
        command = self._command()
        lock = children.lock_directory(self.directory, LOCK_SECONDS) if self.directory else None
        try:
            self.child = children.Child(self.name, command, self.log, self._variables(), lock)
        finally:
            if lock is not None:
                os.close(lock)  # the program holds it now

    def wait_ready(self) -> None:
        """Return when it can be used; SetupError otherwise, with nothing left running."""
        if self.child is None:
            raise failures.SetupError(f"{self.name} was not started.")
        try:
            self.child.wait_until(self._is_ready, READY_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self, seconds: float = children.STOP_SECONDS) -> None:
        """Stop it, if it runs: SIGTERM, and SIGKILL after `seconds`."""
        if self.child is not None:
            self.child.stop(seconds)
            self.child = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _variables(self) -> dict[str, str]:
        return {}

    def _is_ready(self) -> bool:
        raise NotImplementedError


class DynamoDBLocal(Engine):
    """Amazon DynamoDB Local. It listens on every interface and checks no credentials: for trials and tests only."""

    name = "DynamoDB Local"
    log_name = "dynamodb.log"

    def _command(self) -> list[str]:
        jar = downloads.dynamodb_jar()
        storage_flags = ["-dbPath", str(self.directory)] if self.directory else ["-inMemory"]
        # In memory it lives for minutes: the quick compiler alone takes half the processor time over such a life.
        life_flags = [] if self.directory else ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        java_command = [
            str(downloads.java()),
            "-Xmx512m",
            *life_flags,
            f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}",
        ]
        return [*java_command, "-jar", str(jar), "-port", str(self.port), "-disableTelemetry", *storage_flags]

    def _is_ready(self) -> bool:
        # It answers 400 to a request without credentials, which is all that has to be known.
        return ports.status(f"{self.endpoint}/") is not None


class SeaweedFS(Engine):
    """SeaweedFS's all-in-one `weed mini`, reached by its S3 port with one pair of keys."""

    name = "SeaweedFS"
    log_name = "seaweedfs.log"
    directory: Path

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        **options: Path,
    ):
        super().__init__(directory, port, **options)
        self.keys = (access_key, secret_key)
        self.master_port = 0

    def _command(self) -> list[str]:
        self.directory.mkdir(parents=True, exist_ok=True)
        servers = [
            "s3.port.grpc",
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "admin.port",
            "admin.port.grpc",
        ]
        # The master keeps its state under its port's name: with the same ports it finds it again.
        ports_file = self.directory.with_name(self.directory.name + ".ports")
        server_ports = dict(zip(servers, ports.remember(ports_file, len(servers)), strict=True))
        self.master_port = server_ports["master.port"]
        settings = {
            "dir": self.directory,
            "ip": ports.HOST,
            "ip.bind": ports.HOST,
            "s3.port": self.port,
            **server_ports,
            "s3.config": self._write_keys(),
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
            "webdav": "false",
            "admin.ui": "false",
            "master.telemetry": "false",
        }
        return [
            str(downloads.weed()),
            "-logtostderr=true",
            "mini",
            *(f"-{name}={value}" for name, value in settings.items()),
        ]

    def _write_keys(self) -> Path:
        """The file that names the one identity, readable by us alone."""
        access_key, secret_key = self.keys
        identity = {
            "name": "embedded",
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        path = self.directory.with_name(self.directory.name + ".json")
        path.touch(0o600)
        path.write_text(json.dumps({"identities": [identity]}))
        return path

    def _is_ready(self) -> bool:
        """The S3 server answers and a volume can take an object: its first PUT would fail before that."""
        if ports.status(f"{self.endpoint}/") is None:
            return False
        return ports.status(f"http://{ports.HOST}:{self.master_port}/dir/assign") == 200
