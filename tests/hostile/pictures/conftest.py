"""Two players, and an address at which nobody may be seen."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.contract.conftest import ada, ask, ben  # noqa: F401 - fixtures


@pytest.fixture
def visited() -> Iterator[list[str]]:
    """The address of a web server on loopback, and behind it every path that somebody has asked it for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the list tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        seen.append(f"http://127.0.0.1:{server.server_address[1]}/face.png")
        yield seen
        server.shutdown()
