"""Asks containers how they are, as a machine with systemd would have it done for podman."""

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

STARTING_SECONDS, LOOK_SECONDS = 1.5, 0.5
ANSWER_SECONDS = 30.0
"""Above every check's own timeout: who is ended at it leaves half of what it wrote."""
AT_ONCE = 2
BROKEN = "failed to unmarshal existing healthcheck results in "
"""What podman 4.3 says, and gives up, where its own file of results is half written. It writes it in place: by whoever
is ended meanwhile, or two at once. Then it tells no state at all, and never will again."""


class HealthRounds:
    """While it is entered, every running container that has a health check is asked: often while it starts.

    Whatever goes wrong is told, and the next round begins all the same.
    """

    def __init__(self) -> None:
        self._over = Event()
        self._thread = Thread(target=self._go_round, daemon=True)
        self._asked: dict[str, float] = {}
        self._intervals: dict[str, float] = {}
        """Seconds; 0 where there is nothing to ask."""

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
                try:
                    list(pool.map(self._ask, self._due()))
                except Exception:  # Nobody would be asked any more, and everything wait for it.
                    traceback.print_exc()

    def _due(self) -> list[str]:
        now, due = time.monotonic(), []
        for container in json.loads(_said("ps", "--filter", "status=running", "--format", "json") or "[]"):
            # Not by whether it tells a state: one whose results cannot be read tells none.
            name = container["Id"]
            interval = self._interval(name)
            every = interval if "(healthy)" in container.get("Status", "") else STARTING_SECONDS
            if interval and now - self._asked.get(name, -every) >= every:
                due.append(name)
        return due

    def _interval(self, container: str) -> float:
        if container not in self._intervals:
            told = _said("inspect", "--format", "{{json .Config.Healthcheck}}", container)
            if not told:
                return 0.0  # It is gone by now.
            check = json.loads(told) or {}
            is_asked = check.get("Test", ["NONE"]) != ["NONE"]
            self._intervals[container] = check.get("Interval", 0) / 1e9 if is_asked else 0.0
        return self._intervals[container]

    def _ask(self, container: str) -> None:
        said = ""
        with suppress(subprocess.TimeoutExpired):
            said = _run(["healthcheck", "run", container]).stderr
        if BROKEN in said:
            forget_results(said)
        self._asked[container] = time.monotonic()


def forget_results(said: str) -> None:
    """Removes the file that podman cannot read and names in what it says; the next answer begins another."""
    path = Path(said.partition(BROKEN)[2].partition(": ")[0])
    print(f"results of a health check are half written, and begun anew: {path}", file=sys.stderr)
    path.unlink(missing_ok=True)


def _said(*words: str) -> str:
    """Empty where podman does not succeed, which is told where it is not about one that has just gone."""
    done = _run(words)
    if done.returncode and "no such" not in done.stderr:
        print(f"podman {words[0]} ended with {done.returncode}: {done.stderr.strip()}", file=sys.stderr)
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(("podman", *words), capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
