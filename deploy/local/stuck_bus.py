"""A bus that has met a full disk refuses everything until it is started again, so it is, as soon as there is room.

Since nats-server 2.14 one failed write closes a stream for good, and `/healthz` says so. The services lose nothing by
it: what they have to tell waits in their outboxes.
"""

import http.client
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.nats import Nats

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 0.3
ROOM_BYTES = 4 * 1024 * 1024
"""Less would be full again before the server is up."""


class StuckBus:
    """Looks now and then; `restart` ends the server, and the supervisor starts it again."""

    def __init__(self, nats: Nats, restart: Callable[[str], None]) -> None:
        self._nats = nats
        self._restart = restart
        self._next_look = time.monotonic() + LOOK_SECONDS

    def look(self) -> None:
        """Has the server started again if it refuses to write although it could."""
        if time.monotonic() < self._next_look:
            return
        if refuses_to_write(self._nats.monitor_port) and has_room(self._nats.folder):
            self._restart("refuses to write, and there is room again")
        self._next_look = time.monotonic() + LOOK_SECONDS


def refuses_to_write(monitor_port: int) -> bool:
    """Whether the server says that a stream of it has given up; False where it says nothing at all."""
    connection = http.client.HTTPConnection("127.0.0.1", monitor_port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == 503 and b"write error" in answer.read(65_536)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def has_room(folder: Path) -> bool:
    """Whether something could be written now."""
    try:
        return shutil.disk_usage(folder).free >= ROOM_BYTES
    except OSError:
        return False
