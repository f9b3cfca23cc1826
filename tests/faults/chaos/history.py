"""What clients were told, one JSON line each; written at once, so that it is there whatever happens to the harness."""

import json
import time
from pathlib import Path
from typing import Any

from tests.faults.chaos.tally import Tally


class History:
    """Lines of the form of docs/checker.md; a kind that ends with `?` had no answer."""

    def __init__(self, path: Path, tally: Tally) -> None:
        self.path = path
        self._file = path.open("w", buffering=1)
        self._tally = tally

    def told(self, kind: str, id: str, owner: str | None, **state: Any) -> None:
        """An acknowledged write: it must be so from now on."""
        self._write(kind, id, owner, state)
        self._tally.writes["acknowledged"] += 1

    def untold(self, kind: str, id: str, owner: str | None, **state: Any) -> None:
        """A write whose answer nobody got: it may be so."""
        self._write(f"{kind}?", id, owner, state)
        self._tally.writes["unknown"] += 1

    def seen(self, kind: str, id: str, owner: str | None, **state: Any) -> None:
        """Not a write, but told all the same: a job's end."""
        self._write(kind, id, owner, state)

    def close(self) -> None:
        self._file.close()

    def _write(self, kind: str, id: str, owner: str | None, state: dict[str, Any]) -> None:
        line = {"at": round(time.time(), 3), "kind": kind, "id": id, "owner": owner, "state": state}
        self._file.write(json.dumps(line) + "\n")
