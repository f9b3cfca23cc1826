"""Shows on stderr how far a stack has come: a small table in a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

MOVING = ("preparing", "starting")
COLORS = {"ready": "green", "ended": "red"}


class Progress:
    """A report for `Stack`: the table stands until `done`, later states are lines."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._began = time.monotonic()
        self._states: dict[str, tuple[str, float]] = {}
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=10, transient=True)
        self._shows_table = False

    def __enter__(self) -> Self:
        self._shows_table = self._console.is_terminal
        if self._shows_table:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.done()

    def __call__(self, name: str, state: str) -> None:
        """Take note of a state."""
        self._states[name] = (state, time.monotonic() - self._began)
        if not self._shows_table:
            # Nobody may be listening any more; that is no reason to stop.
            with suppress(OSError, ValueError):
                print(f"{self._states[name][1]:6.1f} s  {name} {state}", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Take the table away."""
        if self._shows_table:
            self._live.stop()
            self._shows_table = False

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, (state, seconds) in list(self._states.items()):
            shown = Spinner("dots", state) if state in MOVING else Text(state, COLORS.get(state, ""))
            table.add_row(f"  {name}", shown, Text(f"{seconds:.1f} s", "dim") if state == "ready" else "")
        return table
