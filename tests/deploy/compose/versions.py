"""Images for a deploy: the same code under another tag, and such that do not do what they should."""

import json
import subprocess

FOREVER_UNREADY = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Unready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.end_headers()
    do_POST = do_PATCH = do_HEAD = do_GET
ThreadingHTTPServer(("0.0.0.0", 8000), Unready).serve_forever()
"""
ENDS = "raise SystemExit(3)"


def same_code(service: str, tag: str) -> None:
    """Another image, that knows its tag as its revision."""
    _derive(service, tag, "--env", f"REVISION={tag}")


def runs_instead(service: str, tag: str, code: str) -> None:
    """An image that runs this instead of the service."""
    _derive(service, tag, "--cmd", "", "--entrypoint", json.dumps(["python", "-c", code]))


def _derive(service: str, tag: str, *changes: str) -> None:
    name = f"biologidex/{service}"
    container = _said("buildah", "from", "--pull-never", f"{name}:latest")
    _said("buildah", "config", *changes, container)
    _said("buildah", "commit", "--quiet", container, f"{name}:{tag}")
    _said("buildah", "rm", container)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
