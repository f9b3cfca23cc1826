"""Players save what they saw, change it and delete it (contract D2, D5, D6, D9)."""

from collections.abc import Coroutine
from typing import Any

from tests.faults.chaos.client import Told
from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.people import Entry, Person, taken

Work = Coroutine[Any, Any, None]
KEPT = ("animal", "visibility", "notes", "catch_date")
VISIBILITIES = ("private", "friends", "public")


def catch(crowd: Crowd) -> Work | None:
    """A job and an animal that this player has not put together yet: a repeat of the pair would be the same entry."""
    able = [person for person in crowd.people if person.fate in ("stays", "leaves") and any(person.jobs.values())]
    if not able:
        return None
    person = crowd.rng.choice(able)
    job = crowd.rng.choice([job for job, animals in person.jobs.items() if animals])
    return _catch(crowd, person, job, person.jobs[job].pop())


async def _catch(crowd: Crowd, person: Person, job: str, animal: str) -> None:
    rng = crowd.rng
    wish = {
        "animal": animal,
        "source_vision_job": job,
        "visibility": rng.choice(VISIBILITIES),
        "notes": f"note {rng.randrange(10**9)}",
    }
    person.maybe.add((job, animal))
    told = await crowd.client.ask("POST", "/dex/entries/", person.token, json=wish, fine=_fine(person))
    if told.ok:
        person.maybe.discard((job, animal))
        state = {name: told.body[name] for name in KEPT} | {"is_favorite": False}
        if {name: state[name] for name in wish if name in state} != {n: v for n, v in wish.items() if n in state}:
            crowd.tally.surprise(f"an entry was acknowledged as {state} though {wish} was asked for")
        entry = Entry(told.body["id"], state)
        person.entries[entry.id] = entry
        crowd.history.told("entry.created", entry.id, person.id, **state, source_vision_job=job)
    elif told.unknown:
        crowd.history.untold("entry.created", f"{job}/{animal}", person.id, **wish)
    elif person.fate == "stays":
        person.maybe.discard((job, animal))
        crowd.refused("an entry", told)


def edit(crowd: Crowd) -> Work | None:
    return _on_one(crowd, _edit)


def toggle(crowd: Crowd) -> Work | None:
    return _on_one(crowd, _toggle)


def delete(crowd: Crowd) -> Work | None:
    return _on_one(crowd, _delete)


def _on_one(crowd: Crowd, work: Any) -> Work | None:
    person = crowd.rng.choice(crowd.here)
    entry = taken(crowd.rng, person.entries.values())
    return None if entry is None else _reserved(crowd, person, entry, work)


async def _reserved(crowd: Crowd, person: Person, entry: Entry, work: Any) -> None:
    try:
        await work(crowd, person, entry)
    finally:
        entry.busy = False


async def _edit(crowd: Crowd, person: Person, entry: Entry) -> None:
    """PUT as the game sends it, with the animal there is; PATCH with what only other clients change."""
    rng = crowd.rng
    wish: dict[str, Any] = {"notes": f"note {rng.randrange(10**9)}"}
    if rng.random() < 0.3:
        wish["visibility"] = rng.choice(VISIBILITIES)
    method = "PATCH"
    if rng.random() < 0.5:
        method, wish["animal"] = "PUT", entry.state["animal"]
    told = await crowd.client.ask(method, f"/dex/entries/{entry.id}/", person.token, json=wish)
    _changed(crowd, person, entry, wish, told)


async def _toggle(crowd: Crowd, person: Person, entry: Entry) -> None:
    """Once only: repeated, it would be turned back, and nobody could say what should be."""
    path = f"/dex/entries/{entry.id}/toggle_favorite/"
    wish = {"is_favorite": not entry.state["is_favorite"]}
    told = await crowd.client.ask("POST", path, person.token, json={}, repeats=0)
    if told.ok and told.body["is_favorite"] is not wish["is_favorite"]:
        crowd.tally.surprise("a favorite was toggled, and is as it was")
    _changed(crowd, person, entry, wish, told)


def _changed(crowd: Crowd, person: Person, entry: Entry, wish: dict[str, Any], told: Told) -> None:
    if told.ok:
        entry.state |= wish
        crowd.history.told("entry.updated", entry.id, person.id, **entry.state)
    elif told.unknown:
        entry.doubtful, entry.wished = True, wish
        crowd.history.untold("entry.updated", entry.id, person.id, **entry.state | wish)
    else:
        crowd.refused("a change of an entry", told)


async def _delete(crowd: Crowd, person: Person, entry: Entry) -> None:
    # A repeat of what was done finds nothing.
    told = await crowd.client.ask("DELETE", f"/dex/entries/{entry.id}/", person.token, fine=(404,))
    if told.ok or (told.status == 404 and told.attempts > 1):
        del person.entries[entry.id]
        person.gone.add(entry.id)
        crowd.history.told("entry.deleted", entry.id, person.id)
    elif told.unknown:
        entry.doubtful = entry.may_be_gone = True
        crowd.history.untold("entry.deleted", entry.id, person.id)
    else:
        crowd.refused("the deletion of an entry", told)


def _fine(person: Person) -> tuple[int, ...]:
    """Whoever may just be leaving is told so."""
    return () if person.fate == "stays" else (401, 400)
