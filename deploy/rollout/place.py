"""Where a compose project is: its files, and what a deploy keeps beside them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Final

from deploy.rollout.failure import NotDone

HERE: Final = Path(__file__).parents[1]
PROJECT: Final = "biologidex"


@dataclass(frozen=True)
class Place:
    """The folder with `compose.yml` and `.env`. COMPOSE_FILE and COMPOSE_PROJECT_NAME are obeyed as compose does."""

    folder: Path = HERE

    @property
    def project(self) -> str:
        return os.environ.get("COMPOSE_PROJECT_NAME") or PROJECT

    @property
    def files(self) -> tuple[Path, ...]:
        named = os.environ.get("COMPOSE_FILE")
        return tuple(Path(name) for name in named.split(os.pathsep)) if named else (self.folder / "compose.yml",)

    @property
    def settings(self) -> Path:
        return self.folder / ".env"

    @property
    def releases(self) -> Path:
        return self.folder / ".releases.json"

    @property
    def maintenance_flag(self) -> Path:
        return self.folder / "compose" / "maintenance" / "on"

    @property
    def front_configuration(self) -> Path:
        return self.folder / "nginx"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else deploys here meanwhile. The lock goes with the process, however that ends.

        Raises:
            NotDone: somebody does already.
        """
        with (self.folder / ".deploy.lock").open("a+") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise NotDone(f"another deploy is going on here (process {lock.read().strip() or 'unknown'})") from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
            lock.truncate(0)
