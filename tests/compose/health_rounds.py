"""Asks containers how they are, as a machine with systemd would have it done for podman."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

STARTING_SECONDS, HEALTHY_SECONDS, LOOK_SECONDS = 1.5, 10.0, 0.5
ANSWER_SECONDS = 10.0
AT_ONCE = 2


class HealthRounds:
    """While it is entered, every running container that has a health check is asked: often while it starts."""

    def __init__(self) -> None:
        self._over = Event()
        self._thread = Thread(target=self._go_round, daemon=True)
        self._asked: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _go_round(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self._over.wait(LOOK_SECONDS):
                list(pool.map(self._ask, self._due()))

    def _due(self) -> list[str]:
        listed = subprocess.run(
            ("podman", "ps", "--filter", "status=running", "--format", "json"), capture_output=True, check=False
        )
        now, due = time.monotonic(), []
        for container in json.loads(listed.stdout or b"[]") or []:
            status = container.get("Status", "")
            if "(healthy)" in status or "(starting)" in status or "(unhealthy)" in status:
                every = HEALTHY_SECONDS if "(healthy)" in status else STARTING_SECONDS
                if now - self._asked.get(container["Id"], -every) >= every:
                    due.append(container["Id"])
        return due

    def _ask(self, container: str) -> None:
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                ("podman", "healthcheck", "run", container), capture_output=True, check=False, timeout=ANSWER_SECONDS
            )
        self._asked[container] = time.monotonic()
