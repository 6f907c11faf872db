"""Debian's nginx with the configuration that `deploy/` hands to self-hosters, on ports and paths of the test."""

import datetime
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.environment import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Front:
    """nginx in `folder`: plain on `plain`, with TLS on `tls` unless `is_plain`, in front of gunicorn on `behind`.
    `servers` are further server blocks."""

    def __init__(self, folder: Path, plain: int, tls: int, behind: int, *, is_plain: bool = False, servers: str = ""):
        self.folder, self.plain, self.tls = folder, plain, tls
        self.spool = folder / "spool"
        self.spool.mkdir()
        certificate(folder)
        site = (ROOT / "deploy/nginx.conf").read_text()
        for original, replacement in {
            "127.0.0.1:8000": f"127.0.0.1:{behind}",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ": f"listen 127.0.0.1:{tls} ",
            "imgapis.example": "localhost",
            "/etc/ssl/": f"{folder}/",
            "/run/imgapis ": f"{folder}/cache ",
            "/var/lib/imgapis/nginx": str(self.spool),
        }.items():
            assert original in site
            site = site.replace(original, replacement)
        if is_plain:
            site = site.replace(f"127.0.0.1:{tls} ssl http2;", f"127.0.0.1:{tls};")
        (folder / "site.conf").write_text(site + servers)
        (folder / "nginx.conf").write_text(nginx_conf(folder))
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        config_test = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60)
        assert config_test.returncode == 0, config_test.stderr
        self._command = command
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(self._command)
        wait_for_listener(self.plain)

    def kill_and_start(self) -> None:
        """SIGKILL to the master and its workers, then start again."""
        workers = psutil.Process(self.process.pid).children()
        for process in (self.process, *workers):
            process.kill()
        psutil.wait_procs(workers, 20)
        self.process.wait(20)
        self._start()

    def stop(self) -> None:
        """Stop nginx at once (SIGTERM)."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def wait_for_listener(port: int) -> None:
    """Return once a server listens on the port; OSError after 30 seconds."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def nginx_conf(folder: Path) -> str:
    """An nginx.conf as Debian's around the site, with all paths in `folder`, in the foreground. The workers run as the
    user of the tests: another one may not enter `folder`, where answers that wait are written."""
    user = f"user {pwd.getpwuid(os.geteuid()).pw_name} {grp.getgrgid(os.getegid()).gr_name};\n"
    temp_paths = "".join(f"    {name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
    return (
        f"{user}daemon off;\npid {folder}/nginx.pid;\nworker_processes 1;\nevents {{ worker_connections 768; }}\n"
        f"http {{\n    keepalive_requests 10000000;\n{temp_paths}    include {folder}/site.conf;\n}}\n"
    )


def certificate(folder: Path) -> None:
    """A key and a self-signed certificate for localhost and what lies below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("*.localhost")])
    signed_certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "imgapis.pem").write_bytes(signed_certificate.public_bytes(serialization.Encoding.PEM))
    encryption = serialization.NoEncryption()
    (folder / "imgapis.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
