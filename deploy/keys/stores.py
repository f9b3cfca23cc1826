"""Where the keys of tokens are kept: a folder of secret files, or the credentials of an embedded stack."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from deploy.keys.ring import NoKey, Ring
from deploy.local.data_folder import write_private

PRIVATE, KEY_ID, RETIRED = "jwt_private_key", "jwt_key_id", "jwt_retired_keys"
BESIDE: Final = ".keys"
"""What no service is given: the next key, when which was retired, and how all was before. Only for its owner."""
KEPT: Final = 3
_MOMENT: Final = "%Y%m%dT%H%M%S%fZ"


class Store(Protocol):
    """Where they are."""

    @property
    def beside(self) -> Path:
        """The folder `BESIDE`."""

    def told(self) -> Mapping[str, str]:
        """What the users service is told, by the names of its settings in lower case."""

    def tell(self, values: Mapping[str, str]) -> None:
        """Puts other values there."""


@dataclass(frozen=True)
class KeyFolder:
    """A folder with a file for each secret of the users service, as compose and Kubernetes have it."""

    folder: Path

    @property
    def beside(self) -> Path:
        return self.folder.parent / BESIDE

    def told(self) -> Mapping[str, str]:
        found = {}
        for name in (PRIVATE, KEY_ID, RETIRED):
            path = self.folder / name
            found[name] = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        return found

    def tell(self, values: Mapping[str, str]) -> None:
        """A file after the other. Public keys first: whoever starts in between lacks none."""
        mode = (self.folder / PRIVATE).stat().st_mode & 0o777
        for name in (RETIRED, PRIVATE, KEY_ID):
            _write(self.folder / name, values[name], mode)


@dataclass(frozen=True)
class StackKeys:
    """The data folder of an embedded stack."""

    folder: Path

    @property
    def beside(self) -> Path:
        return self.folder / BESIDE

    def told(self) -> Mapping[str, str]:
        found = self._read()
        return {
            PRIVATE: found.get(PRIVATE, ""),
            KEY_ID: found.get(KEY_ID, ""),
            RETIRED: json.dumps(found.get(RETIRED) or {}),
        }

    def tell(self, values: Mapping[str, str]) -> None:
        """All at once."""
        write_private(self._path, {**self._read(), **values, RETIRED: json.loads(values[RETIRED])})

    @property
    def _path(self) -> Path:
        return self.folder / "credentials.json"

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._path.read_text())
        return found


def read(store: Store) -> Ring:
    """The keys as they are kept at this moment.

    Raises:
        NoKey: there is no signing key, or the others cannot be read.
    """
    try:
        told, notes = store.told(), _notes(store)
        others: Mapping[str, str] = json.loads(told[RETIRED] or "{}")
        retired_at = {name: datetime.fromisoformat(since) for name, since in notes.get("retired_at", {}).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise NoKey(f"the keys cannot be read: {error}") from None
    if not told[PRIVATE] or not told[KEY_ID]:
        raise NoKey(f"there is no {PRIVATE if not told[PRIVATE] else KEY_ID} here")
    return Ring(
        told[PRIVATE],
        told[KEY_ID],
        others,
        {name: since for name, since in retired_at.items() if name in others},
        notes.get("next_private", ""),
    )


def write(store: Store, ring: Ring) -> None:
    """Keeps these keys; how all was before is kept beside them, three times back.

    Whenever this is interrupted, the same step can be taken again: the next key is forgotten last.
    """
    store.beside.mkdir(mode=0o700, exist_ok=True)
    _keep_before(store)
    notes = {
        "next_private": ring.next_private,
        "retired_at": {name: since.isoformat() for name, since in ring.retired_at.items()},
    }
    if ring.next_private:
        write_private(store.beside / "notes.json", notes)
    store.tell({PRIVATE: ring.private, KEY_ID: ring.key_id, RETIRED: json.dumps(dict(ring.others))})
    write_private(store.beside / "notes.json", notes)


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Nobody else changes keys meanwhile.

    Raises:
        NoKey: somebody does.
    """
    store.beside.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(store.beside / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NoKey("somebody else is changing the keys") from None
        yield
    finally:
        os.close(handle)


def _notes(store: Store) -> dict[str, Any]:
    path = store.beside / "notes.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _keep_before(store: Store) -> None:
    path = store.beside / f"before-{datetime.now(UTC).strftime(_MOMENT)}.json"
    write_private(path, {**store.told(), "notes": _notes(store)})
    for old in sorted(store.beside.glob("before-*.json"))[:-KEPT]:
        old.unlink()


def _write(path: Path, text: str, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}")
    unfinished.touch(mode=0o600)
    unfinished.chmod(mode)
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
