"""A stub of Cloudflare's custom-hostnames API on loopback: list, create, get, edit, delete."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "stub-token"
ZONE = "0" * 31 + "1"


class CloudflareApi:
    """`hostnames` maps ids to what is kept of them; `down` makes every answer a 500; `calls` lists method and id."""

    def __init__(self):
        self.hostnames: dict[str, dict] = {}
        self.calls: list[tuple[str, str]] = []
        self.down = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/client/v4"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def certify(self, domain: str) -> None:
        """Do what Cloudflare and the certificate authority do in their own time."""
        self.set(domain, "active", "active")

    def set(self, domain: str, status: str, certificate: str, *errors: str) -> None:
        """Put a hostname into a state."""
        entry = next(entry for entry in self.hostnames.values() if entry["hostname"] == domain)
        entry["status"], entry["ssl"]["status"] = status, certificate
        entry["ssl"]["validation_errors"] = [{"message": error} for error in errors]

    def answer(self, method: str, path: str, query: dict, body: dict, token: str) -> tuple[int, dict]:
        """Status and body of an answer."""
        start, _, hostname_id = (
            path.removeprefix("/client/v4").removeprefix(f"/zones/{ZONE}").partition("/custom_hostnames")
        )
        hostname_id = hostname_id.lstrip("/")
        self.calls.append((method, hostname_id))
        if self.down:
            return _failure(500, 10000, "Internal error")
        if token != f"Bearer {TOKEN}" or start:
            return _failure(403, 9109, "Unauthorized to access requested resource")
        if hostname_id and hostname_id not in self.hostnames:
            return _failure(404, 1436, "The custom hostname was not found.")
        return getattr(self, f"_{method.lower()}")(hostname_id, query, body)

    def _get(self, hostname_id: str, query: dict, body: dict) -> tuple[int, dict]:
        if hostname_id:
            return _success(self.hostnames[hostname_id])
        hostname = query.get("hostname.exact", query.get("hostname[exact]", [None]))[0]
        entries = [entry for entry in self.hostnames.values() if hostname in (None, entry["hostname"])]
        pages = {"page": 1, "per_page": 20, "count": len(entries), "total_count": len(entries), "total_pages": 1}
        if query.get("page", ["1"]) != ["1"]:
            entries = []
        return 200, {"success": True, "errors": [], "messages": [], "result": entries, "result_info": pages}

    def _post(self, hostname_id: str, query: dict, body: dict) -> tuple[int, dict]:
        if any(entry["hostname"] == body["hostname"] for entry in self.hostnames.values()):
            return _failure(409, 1406, "Duplicate custom hostname found.")
        name = f"{len(self.calls):032x}"
        ssl = {**body["ssl"], "id": name[::-1], "status": "pending_validation", "validation_errors": []}
        self.hostnames[name] = {"id": name, "hostname": body["hostname"], "status": "pending", "ssl": ssl}
        return _success(self.hostnames[name], 201)

    def _patch(self, hostname_id: str, query: dict, body: dict) -> tuple[int, dict]:
        self.hostnames[hostname_id]["ssl"] |= {**body["ssl"], "status": "pending_validation", "validation_errors": []}
        self.hostnames[hostname_id]["status"] = "pending"
        return _success(self.hostnames[hostname_id])

    def _delete(self, hostname_id: str, query: dict, body: dict) -> tuple[int, dict]:
        del self.hostnames[hostname_id]
        return 200, {"id": hostname_id}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _act(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                parts = urlsplit(self.path)
                token = self.headers.get("Authorization", "")
                status, answer = api.answer(self.command, parts.path, parse_qs(parts.query), body, token)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = _act

            def log_message(self, *args):
                """Log nothing."""

        return Handler


def _success(entry: dict, status: int = 200) -> tuple[int, dict]:
    return status, {"success": True, "errors": [], "messages": [], "result": entry}


def _failure(status: int, code: int, message: str) -> tuple[int, dict]:
    return status, {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
