"""Another key takes over: published, waited for, signing; the old one is published until its last token has ended."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from deploy.keys.ring import Ring
from deploy.keys.stores import Store, read, write
from libs.common.tokens import KEYS_ARE_FRESH_SECONDS

WAIT_SECONDS: Final = KEYS_ARE_FRESH_SECONDS + 10
"""After so long everybody who was asked anything has asked for the published keys again."""


Step = Literal["publish", "sign", "retire"]
Report = Callable[[str, str, int, int], None]


class Runs(Protocol):
    """Who runs with the keys."""

    async def must_publish(self, ring: Ring) -> None:
        """Refuses when it runs with others than are kept."""

    async def take_up(self, ring: Ring) -> None:
        """Has users start again with the keys as they are kept, without being away."""

    async def forget(self, ring: Ring, old: Sequence[Ring]) -> None:
        """Has everybody refuse tokens of the old keys from now on."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it: names of keys."""

    signs: str
    retired: tuple[str, ...]
    forgotten: tuple[str, ...]


def next_step(ring: Ring) -> Step:
    """The one that a rotation of these keys begins or goes on with."""
    return "sign" if ring.next_private else "publish"


def take_step(store: Store, step: Step, *, lifetime: timedelta, moment: datetime | None = None) -> Ring:
    """Takes one step with the keys as they are kept; restarting users is left to whoever calls.

    publish  a new key is published beside the others; those whose last token has ended go
    sign     it signs
    retire   everything but the key that signs is forgotten

    Raises:
        NoKey: there is none to begin with.
    """
    ring, now = read(store), moment or datetime.now(UTC)
    if step == "publish":
        ring = ring.without(now - lifetime).with_next()
    elif step == "sign":
        ring = ring.with_next().turned(now)
    else:
        ring = ring.alone()
    write(store, ring)
    return ring


async def rotate(
    store: Store, runs: Runs, report: Report, *, lifetime: timedelta, wait: float = WAIT_SECONDS
) -> Rotated:
    """The whole of it, under players who notice nothing. Interrupted, it goes on where it was.

    Raises:
        NoKey, NotTaken
    """
    before = read(store)
    if next_step(before) == "publish":
        report("keys", "looking", 0, 4)
        await runs.must_publish(before)
    report("keys", "publishing", 1, 4)
    ring = take_step(store, "publish", lifetime=lifetime)
    await runs.take_up(ring)
    report("keys", "until everybody has asked", 2, 4)
    await asyncio.sleep(wait)
    report("keys", "signing", 3, 4)
    ring = take_step(store, "sign", lifetime=lifetime)
    await runs.take_up(ring)
    report("keys", "done", 4, 4)
    gone = tuple(name for name in before.others if name not in ring.others and name != ring.key_id)
    return Rotated(ring.key_id, tuple(ring.others), gone)


async def replace_leaked(store: Store, runs: Runs, report: Report, *, lifetime: timedelta) -> Rotated:
    """A new key signs at once, and nothing that another key has signed is worth anything: everybody signs in again.

    Raises:
        NoKey, NotTaken
    """
    before = read(store)
    report("keys", "replacing", 0, 2)
    take_step(store, "sign", lifetime=lifetime)
    ring = take_step(store, "retire", lifetime=lifetime)
    await runs.take_up(ring)
    report("keys", "until everybody has forgotten", 1, 2)
    await runs.forget(ring, [replace(before, next_private="")])
    report("keys", "done", 2, 2)
    return Rotated(ring.key_id, (), (before.key_id, *before.others))
