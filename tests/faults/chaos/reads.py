"""Players look at what they have; nothing that was acknowledged is missing at any moment (contract C1)."""

from collections.abc import Coroutine
from typing import Any, Final

from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.people import Person

Work = Coroutine[Any, Any, None]
LOOKS: Final = (
    "/dex/entries/my_entries/",
    "/dex/entries/friends_overview/",
    "/social/friendships/friends/",
    "/social/friendships/pending/",
    "/graph/tree/?mode=friends&use_cache=true",
    "/users/friend_code/",
    "/users/me/",
    "/animals/",
    "/vision/jobs/",
)


def look(crowd: Crowd) -> Work:
    """One screen, or a whole sync that is held against what was told."""
    person = crowd.rng.choice(crowd.here)
    if crowd.rng.random() < 0.3:
        return _sync(crowd, person)
    return _look(crowd, person, crowd.rng.choice(LOOKS))


async def _look(crowd: Crowd, person: Person, path: str) -> None:
    await crowd.client.ask("GET", path, person.token, repeats=0)


async def _sync(crowd: Crowd, person: Person) -> None:
    certain = {entry.id for entry in person.entries.values() if not entry.doubtful}
    gone = set(person.gone)
    told = await crowd.client.ask("GET", "/dex/entries/sync_entries/", person.token, repeats=0)
    if not told.ok:
        return
    there = {item["id"] for item in told.body["entries"]}
    # What was deleted while the answer was made may be missing.
    still = {entry.id for entry in person.entries.values() if not entry.doubtful and not entry.busy}
    if missing := certain & still - there:
        crowd.tally.surprise(f"a sync lacks {len(missing)} acknowledged entries")
    if gone & there:
        crowd.tally.surprise(f"a sync shows {len(gone & there)} deleted entries")
