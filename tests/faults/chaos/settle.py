"""After the faults: everybody is back, jobs end, and what can be read over the API is what was told."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg
import httpx

from tests.faults.chaos.crowd import PASSWORD, Crowd
from tests.faults.chaos.people import Entry, Person
from tests.faults.chaos.photos import ended
from tests.faults.chaos.place import Place

STUCK_SECONDS = 60.0
"""Nothing may be stuck for longer, once nothing breaks any more."""
OPEN_JOBS = "select count(*) from vision.analysis_jobs where status in ('pending', 'processing')"
AT_ONCE = 8
SHOWN = 20


@dataclass
class Compared:
    """What the API says, against what was told."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    looked_at: int = 0
    jobs_failed: int = 0
    ready_seconds: float = 0.0


async def until_ready(place: Place, seconds: float) -> float | None:
    """How long it took until every process was ready again; None: it took longer than `seconds`."""
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=3) as client:
        while time.monotonic() - began < seconds:
            processes = place.topology["processes"].values()
            try:
                answers = [await client.get(f"{each['url']}/ready/") for each in processes if each["url"]]
            except httpx.HTTPError:
                answers = []
            if answers and all(answer.status_code == 200 for answer in answers):
                return time.monotonic() - began
            await asyncio.sleep(0.25)
    return None


async def jobs_to_their_end(place: Place, crowd: Crowd, compared: Compared, say: Callable[[str], None]) -> None:
    """Waits until vision has ended every job, acknowledged or not.

    More jobs came than one worker could do while it was killed again and again, so there is a queue; what counts as
    stuck is a job that is open while no other has ended for `STUCK_SECONDS`.
    """
    url = place.topology["postgres"]["urls"]["vision"].replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        left, since = await connection.fetchval(OPEN_JOBS), time.monotonic()
        while left and time.monotonic() - since < STUCK_SECONDS:
            say(f"{left} jobs go to their end")
            await asyncio.sleep(0.5)
            if (still := await connection.fetchval(OPEN_JOBS)) < left:
                left, since = still, time.monotonic()
    finally:
        await connection.close()
    for job, (person, _) in list(crowd.unfinished.items()):
        if person.fate not in ("stays", "leaves"):
            crowd.unfinished.pop(job, None)
            continue
        told = await crowd.client.ask("GET", f"/vision/jobs/{job}/", person.token)
        if told.ok and told.body["status"] in ("completed", "failed"):
            ended(crowd, person, job, told.body)
    compared.stuck += [f"job {job} has not ended" for job in crowd.unfinished]


async def compare(crowd: Crowd, compared: Compared, say: Callable[[str], None]) -> None:
    """Every player's own view of what was acknowledged."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> None:
        async with places:
            await _person(crowd, compared, person)
            say(f"reading back what was acknowledged: {compared.looked_at}")

    await asyncio.gather(*(one(person) for person in crowd.people))
    for pair in crowd.pairs:
        if not pair.doubtful:
            path = f"/social/friendships/check/?user_id={pair.second.id}"
            told = await crowd.client.ask("GET", path, pair.first.token)
            seen = (
                "friends" if told.body.get("is_friends") else "pending" if told.body.get("pending_request") else "none"
            )
            if seen != pair.state:
                compared.lost.append(f"players {pair.first.id} and {pair.second.id} are {seen}, were told {pair.state}")
    for animal, name in crowd.species.items():
        told = await crowd.client.ask("GET", f"/animals/{animal}/", crowd.here[0].token, fine=(404,))
        if not told.ok or told.body["scientific_name"] != name:
            compared.lost.append(f"animal {animal} ({name}) is not there")


async def _person(crowd: Crowd, compared: Compared, person: Person) -> None:
    if person.fate in ("perhaps",):
        return
    if person.fate in ("left", "unseen"):
        secret = {"username": person.name, "password": PASSWORD}
        told = await crowd.client.ask("POST", "/auth/login/", json=secret, fine=(401,))
        if told.ok is (person.fate == "left"):
            compared.lost.append(f"player {person.id} {person.fate}, and a login says {told.status}")
        return
    me = await crowd.client.ask("GET", "/users/me/", person.token)
    bios = {person.profile.bio} | ({person.profile.wished} if person.profile.doubtful else set())
    if not me.ok or me.body["bio"] not in bios:
        compared.lost.append(f"the profile of {person.id}: {me.status}, {me.body.get('bio')!r} is none of {bios}")
    there = await _entries(crowd, compared, person)
    if me.ok and there is not None and me.body["profile"]["total_catches"] != there:
        compared.wrong.append(f"{person.id} has {there} entries, and {me.body['profile']['total_catches']} are counted")
    tree = await crowd.client.ask("GET", "/graph/tree/?mode=personal&use_cache=false", person.token)
    if there is not None and tree.ok and (there > 0) != (tree.body["stats"]["user_captures"] > 0):
        compared.wrong.append(f"{person.id} has {there} entries, the tree says {tree.body['stats']['user_captures']}")
    for job in person.all_jobs - crowd.unfinished.keys():
        await _job(crowd, compared, person, job)


async def _entries(crowd: Crowd, compared: Compared, person: Person) -> int | None:
    sync = await crowd.client.ask("GET", "/dex/entries/sync_entries/", person.token)
    if not sync.ok:
        compared.lost.append(f"no entries of {person.id} can be read: {sync.status}")
        return None
    there = {item["id"]: item for item in sync.body["entries"]}
    for entry in person.entries.values():
        if entry.id in there:
            await _entry(crowd, compared, person, entry)
        elif not entry.may_be_gone:
            compared.lost.append(f"entry {entry.id} of {person.id} was acknowledged and is not there")
    for entry_id in there.keys() - person.entries.keys():
        told = await crowd.client.ask("GET", f"/dex/entries/{entry_id}/", person.token, fine=(404,))
        made = (told.body.get("source_vision_job", ""), told.body.get("animal", ""))
        if entry_id in person.gone:
            compared.lost.append(f"entry {entry_id} was deleted and is there again")
        elif not any(animal == made[1] for _, animal in person.maybe):
            compared.doubled.append(f"entry {entry_id} of {person.id} was never acknowledged, nor left in doubt")
    return len(there)


async def _entry(crowd: Crowd, compared: Compared, person: Person, entry: Entry) -> None:
    compared.looked_at += 1
    told = await crowd.client.ask("GET", f"/dex/entries/{entry.id}/", person.token, fine=(404,))
    if not told.ok:
        compared.lost.append(f"entry {entry.id} answers {told.status}")
        return
    for name, value in entry.state.items():
        allowed = [value, *([entry.wished[name]] if name in entry.wished else [])]
        if told.body[name] not in allowed:
            compared.lost.append(f"entry {entry.id}: {name} is {told.body[name]!r}, was acknowledged as {value!r}")


async def _job(crowd: Crowd, compared: Compared, person: Person, job: str) -> None:
    compared.looked_at += 1
    told = await crowd.client.ask("GET", f"/vision/jobs/{job}/", person.token, fine=(404,))
    if not told.ok:
        compared.lost.append(f"job {job} answers {told.status}")
    elif told.body["status"] == "failed":
        compared.jobs_failed += 1
    elif told.body["status"] != "completed":
        compared.stuck.append(f"job {job} is {told.body['status']} again")
    elif len(told.body["detected_animals"]) != 1:
        compared.wrong.append(f"job {job} shows {len(told.body['detected_animals'])} animals, the model named one")
