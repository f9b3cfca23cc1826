"""The front says 503 to everybody as long as a file is there; it looks at every request, so nothing is reloaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.rollout.place import Place
from deploy.rollout.releases import now


def begin(place: Place) -> None:
    flag = place.maintenance_flag
    flag.parent.mkdir(parents=True, exist_ok=True)
    flag.write_text(f"{now()}\n")
    flag.chmod(0o644)  # Another user looks at it: the front's.


def end(place: Place) -> None:
    """May be repeated."""
    place.maintenance_flag.unlink(missing_ok=True)


def is_on(place: Place) -> bool:
    return place.maintenance_flag.exists()


@contextmanager
def maintenance(place: Place, *, wanted: bool) -> Iterator[None]:
    """Over at the end in any case, also where somebody had forgotten it."""
    if wanted:
        begin(place)
    try:
        yield
    finally:
        end(place)
