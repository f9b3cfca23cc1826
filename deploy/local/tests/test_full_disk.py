"""A full disk under a stack: it does not end for it, and puts right by itself what the disk has broken (H14)."""

import errno
import http.server
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import stuck_bus
from deploy.local.data_folder import DataFolder, write_private
from deploy.local.nats import Nats
from deploy.local.stuck_bus import StuckBus

Usage = namedtuple("Usage", ["total", "used", "free"])
GIVEN_UP = b'{"status":"unavailable","error":"JetStream stream \'$G > EVENTS\' write error: no space left on device"}'


@contextmanager
def monitor(status: int, body: bytes) -> Iterator[int]:
    """A server's monitoring port that says this of its health."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "free", "restarts"),
    [
        (503, GIVEN_UP, 1 << 30, 1),
        (503, GIVEN_UP, 1 << 10, 0),
        (503, b'{"status":"unavailable","error":"JetStream has not established contact"}', 1 << 30, 0),
        (200, b'{"status":"ok"}', 1 << 30, 0),
    ],
    ids=["room again", "still full", "starting", "well"],
)
def test_a_bus_that_has_given_up_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, free: int, restarts: int
) -> None:
    monkeypatch.setattr(stuck_bus, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 40, 0, free))
    asked: list[str] = []
    with monitor(status, body) as port:
        nats = Nats(tmp_path, 1, port, "secret", tmp_path / "nats.log", {})
        StuckBus(nats, asked.append).look()
    assert len(asked) == restarts
    # Nobody answers: dead is the supervisor's business, and paused is nobody's.
    StuckBus(nats, asked.append).look()
    assert len(asked) == restarts


def test_a_description_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "topology.json"
    write_private(path, {"pid": 1})

    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        write_private(path, {"pid": 2})
    assert path.read_text() == '{\n  "pid": 1\n}\n'
    assert [each.name for each in tmp_path.iterdir()] == ["topology.json"]


def test_a_note_that_cannot_be_written_is_not_said(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    (folder.logs / "stack.log").symlink_to("/dev/full")
    folder.note("nobody reads this")
