"""The stack that is struck: its processes of the moment, and what can be done to them."""

import json
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ARMED = "faults"
"""The folder in which a file named like a process arms its next start (libs/common/faults.py)."""


@dataclass
class Place:
    """A running stack by its data folder. `strokes`: when which process was struck, and until when."""

    data_dir: Path
    strokes: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def topology(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "topology.json").read_text())
        return found

    @property
    def bus_url(self) -> str:
        return str(self.topology["nats"]["url"])

    def process(self, name: str) -> psutil.Process | None:
        """The process as it runs at this moment; None between two of them."""
        with suppress(psutil.Error, OSError, ValueError):
            found = psutil.Process(self.topology["processes"][name]["pid"])
            if found.is_running() and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None

    def kill(self, name: str) -> bool:
        """As by `kill -9`; the supervisor starts it again. False where it is down already."""
        return self.send(name, signal.SIGKILL)

    def send(self, name: str, number: signal.Signals) -> bool:
        process = self.process(name)
        if process is None:
            return False
        with suppress(psutil.Error):
            process.send_signal(number)
        return True

    def family(self, name: str) -> list[psutil.Process]:
        """A process and all that it has started."""
        process = self.process(name)
        if process is None:
            return []
        with suppress(psutil.Error):
            return [process, *process.children(recursive=True)]
        return [process]

    def arm(self, name: str, words: str) -> None:
        """The next process of this name ends itself at a named place of its code."""
        unfinished = self.data_dir / ARMED / f".{name}"
        unfinished.write_text(words)
        unfinished.replace(self.data_dir / ARMED / name)

    def disarm(self) -> None:
        """Whoever starts from now on runs through."""
        for file in (self.data_dir / ARMED).iterdir():
            file.unlink(missing_ok=True)

    def struck(self, name: str, seconds: float = 0.0) -> None:
        """Takes note that `name` is away, for so long and for the time it takes to start."""
        self.strokes.append((name, time.time(), time.time() + seconds))

    def may_break(self, since: float) -> bool:
        """Whether connections to the gateway may have broken since then: it was struck and took a while to be back."""
        return any(
            name == "gateway" and begun - 0.5 <= time.time() and since <= end + 15.0
            for name, begun, end in self.strokes
        )
