"""B7: one matrix for every output, at once after a friendship ends, however it ends."""

from collections.abc import Callable

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import befriended, catch, new_animal, respond
from tests.mesh import NewPlayer, until

VISIBILITIES = ("private", "friends", "public")


async def seen_everywhere(ask: Ask, viewer: Player, owner: Player, entries: dict[str, Json]) -> dict[str, set[str]]:
    """Which of the owner's entries each output shows to the viewer, by the output's name."""

    async def get(path: str) -> Json:
        return body_of(await ask(viewer, "GET", path))

    by_animal: list[Json] = []
    for entry in entries.values():
        by_animal += (await get(f"/dex/entries/by_animal/?animal_id={entry['animal']}"))["results"]
    batch = await ask(viewer, "POST", "/dex/entries/batch_sync/", json={"sync_requests": [{"user_id": owner.id}]})
    single = [await ask(viewer, "GET", f"/dex/entries/{entry['id']}/") for entry in entries.values()]
    tree, legacy = await get("/graph/tree/?mode=friends"), await get("/graph/evolutionary-tree/")
    chunk = await get("/graph/tree/chunk/0/0/")
    found: dict[str, list[Json]] = {
        "list": (await get(f"/dex/entries/?search={owner.name}&page=1"))["results"]
        + [
            each
            for entry in entries.values()
            for each in (await get(f"/dex/entries/?animal={entry['animal']}"))["results"]
        ],
        "by animal": by_animal,
        "user entries": (await get(f"/dex/entries/user/{owner.id}/entries/"))["entries"],
        "batch": body_of(batch)["results"][owner.id].get("entries", []),
        "recent": (await get("/dex/entries/recent/"))["results"],
        "single": [answer.json() for answer in single if answer.status_code == 200],
    }
    by_id = {entry["id"]: name for name, entry in entries.items()}
    by_species = {entry["animal"]: name for name, entry in entries.items()}
    shown = {output: {by_id[each["id"]] for each in items if each["id"] in by_id} for output, items in found.items()}
    for output, nodes in (("tree", tree["nodes"]), ("legacy", legacy["nodes"]), ("chunk", chunk["nodes"])):
        shown[output] = {by_species[node["id"]] for node in nodes if node["id"] in by_species}
    if shown["chunk"] < shown["tree"]:
        # What lies in other chunks is no less visible.
        shown["chunk"] = shown["tree"]
    return shown


STRANGER = {"public"}
NOTHING: set[str] = set()
AFTER = {
    **dict.fromkeys(("list", "by animal", "user entries", "single"), STRANGER),
    **dict.fromkeys(("batch", "recent", "tree", "legacy", "chunk"), NOTHING),
}
"""To a stranger, public entries are shown where one asks for them, and are in no feed and no tree."""


@pytest.mark.parametrize("end", ["unfriend", "block"])
async def test_when_it_is_over_it_is_over_everywhere(ask: Ask, new_player: NewPlayer, end: str) -> None:
    """The one who is left sees nothing any more as soon as the event has arrived; the one who left, at once."""
    owner, friend = await new_player("olga"), await new_player("fay")
    friendship = await befriended(ask, friend, owner)
    entries = {each: await catch(ask, owner, await new_animal(ask, owner), visibility=each) for each in VISIBILITIES}

    def shows(expected: Callable[[str], set[str]]) -> Callable[[], object]:
        async def check() -> bool:
            seen = await seen_everywhere(ask, friend, owner, entries)
            return seen == {output: expected(output) for output in AFTER}

        return check

    await until(shows(lambda output: {"friends", "public"}), 10)  # type: ignore[arg-type]
    if end == "block":
        await respond(ask, owner, friendship, "block")
    else:
        await ask(owner, "GET", f"/social/friendships/{friend.id}/unfriend/")
    await until(shows(lambda output: AFTER[output]), 10)  # type: ignore[arg-type]


async def test_being_staff_shows_nothing_to_others(ask: Ask, staff: Player, circle: object) -> None:
    """Staff's own entries are nobody's business either."""
    entry = await catch(ask, staff, await new_animal(ask, staff), visibility="friends")
    stranger: Player = circle.stranger  # type: ignore[attr-defined]
    answer = await ask(stranger, "GET", f"/dex/entries/{entry['id']}/")
    assert body_of(answer, 404) == {"detail": "No DexEntry matches the given query."}
