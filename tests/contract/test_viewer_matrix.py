"""Who gets what from every route that takes an id: one table, read from left to right.

`{private}`, `{friends}`, `{public}` are the owner's entries; `{fresh_…}` is made for the row, as it may not survive it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.captures import befriended, catch, new_animal, unheard_name
from tests.contract.circle import Circle
from tests.contract.test_I1_convert import convert, new_picture
from tests.mesh import NewPlayer, until

ROLES: Final = ("owner", "friend", "ex_friend", "blocked", "stranger", "staff", "nobody")

MATRIX: Final[list[tuple[str, str, tuple[int, ...]]]] = [
    #                                              owner friend   ex  blocked stranger staff nobody
    ("GET", "/dex/entries/{private}/", (200, 404, 404, 404, 404, 200, 401)),
    ("GET", "/dex/entries/{friends}/", (200, 200, 404, 404, 404, 200, 401)),
    ("GET", "/dex/entries/{public}/", (200, 200, 200, 200, 200, 200, 401)),
    ("PUT", "/dex/entries/{fresh_private}/", (200, 404, 404, 404, 404, 403, 401)),
    ("PUT", "/dex/entries/{fresh_friends}/", (200, 403, 404, 404, 404, 403, 401)),
    ("PUT", "/dex/entries/{fresh_public}/", (200, 403, 403, 403, 403, 403, 401)),
    ("PATCH", "/dex/entries/{fresh_private}/", (200, 404, 404, 404, 404, 403, 401)),
    ("PATCH", "/dex/entries/{fresh_friends}/", (200, 403, 404, 404, 404, 403, 401)),
    ("PATCH", "/dex/entries/{fresh_public}/", (200, 403, 403, 403, 403, 403, 401)),
    ("DELETE", "/dex/entries/{fresh_private}/", (204, 404, 404, 404, 404, 403, 401)),
    ("DELETE", "/dex/entries/{fresh_friends}/", (204, 403, 404, 404, 404, 403, 401)),
    ("DELETE", "/dex/entries/{fresh_public}/", (204, 403, 403, 403, 403, 403, 401)),
    ("POST", "/dex/entries/{fresh_private}/toggle_favorite/", (200, 404, 404, 404, 404, 403, 401)),
    ("POST", "/dex/entries/{fresh_friends}/toggle_favorite/", (200, 403, 404, 404, 404, 403, 401)),
    ("POST", "/dex/entries/{fresh_public}/toggle_favorite/", (200, 403, 403, 403, 403, 403, 401)),
    ("GET", "/dex/entries/user/{owner}/entries/", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/dex/entries/by_animal/?animal_id={animal}", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/vision/jobs/{job}/", (200, 404, 404, 404, 404, 404, 401)),
    ("POST", "/vision/jobs/{job}/retry/", (400, 404, 404, 404, 404, 404, 401)),
    ("POST", "/vision/jobs/{job}/select_animal/", (200, 404, 404, 404, 404, 404, 401)),
    ("PUT", "/vision/jobs/{job}/", (405, 405, 405, 405, 405, 405, 0)),
    ("GET", "/vision/jobs/{job}/dex-image/", (200, 404, 404, 404, 404, 404, 401)),
    ("GET", "/vision/jobs/{private_job}/dex-image/", (200, 404, 404, 404, 404, 0, 401)),
    ("GET", "/vision/jobs/{friends_job}/dex-image/", (200, 200, 404, 404, 404, 0, 401)),
    ("GET", "/vision/jobs/{public_job}/dex-image/", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/images/convert/{conversion}/", (200, 404, 404, 404, 404, 404, 401)),
    ("GET", "/images/convert/{conversion}/download/", (200, 404, 404, 404, 404, 404, 401)),
    ("GET", "/social/friendships/{friendship}/", (200, 200, 404, 404, 404, 404, 401)),
    ("POST", "/social/friendships/{friendship}/respond/", (403, 400, 404, 404, 404, 404, 401)),
    ("GET", "/social/friendships/{fresh_friendship}/", (200, 404, 404, 404, 404, 404, 401)),
    ("GET", "/social/friendships/{fresh_friendship}/unfriend/", (200, 404, 404, 404, 404, 404, 401)),
    ("POST", "/social/friendships/{fresh_friendship}/unfriend/", (200, 404, 404, 404, 404, 404, 401)),
    ("DELETE", "/social/friendships/{fresh_friendship}/unfriend/", (204, 404, 404, 404, 404, 404, 401)),
    ("GET", "/social/friendships/check/?user_id={owner}", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/users/{owner}/", (200, 404, 404, 404, 404, 200, 401)),
    ("PUT", "/users/{owner}/", (200, 404, 404, 404, 404, 200, 401)),
    ("PATCH", "/users/{owner}/", (200, 404, 404, 404, 404, 200, 401)),
    ("POST", "/users/{owner}/update_stats/", (200, 404, 404, 404, 404, 200, 401)),
    ("GET", "/animals/{animal}/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/animals/{animal}/taxonomy/", (200, 200, 200, 200, 200, 200, 200)),
    ("PUT", "/animals/{fresh_animal}/", (403, 403, 403, 403, 403, 200, 401)),
    ("PATCH", "/animals/{fresh_animal}/", (403, 403, 403, 403, 403, 200, 401)),
    ("DELETE", "/animals/{fresh_animal}/", (403, 403, 403, 403, 403, 204, 401)),
    ("GET", "/dex/entries/?animal={animal}", (200, 200, 200, 200, 200, 200, 401)),
    ("DELETE", "/users/{fresh_user}/", (404, 404, 404, 404, 404, 204, 401)),
    ("GET", "/sources/{source}/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/taxonomy/{taxon}/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/taxonomy/{taxon}/children/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/taxonomy/{taxon}/lineage/", (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/graph/tree/?mode=selected&friend_ids={owner}", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/graph/tree/chunk/0/0/?mode=selected&friend_ids={owner}", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/graph/tree/search/?q=a&mode=selected&friend_ids={owner}", (200, 200, 200, 200, 200, 200, 401)),
    ("GET", "/graph/tree/?mode=global", (403, 403, 403, 403, 403, 200, 401)),
    ("GET", "/graph/tree/chunk/0/0/?mode=global", (403, 403, 403, 403, 403, 200, 401)),
    ("GET", "/graph/tree/search/?q=a&mode=global", (403, 403, 403, 403, 403, 200, 401)),
]
"""0: the contract leaves it open: what staff sees by V10 (staff may read any single entry by D4), and whether a missing
token or a wrong method is told first."""

Made = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
async def ids(ask: Ask, circle: Circle, koala_job: Json) -> dict[str, str]:
    """What of the owner's stays as it is, by the name that the table gives it."""
    entries = {name: entry["id"] for name, entry in circle.entries.items()}
    jobs = {f"{name}_job": job["id"] for name, job in circle.jobs.items()}

    async def vision_knows() -> bool:
        path = f"/vision/jobs/{jobs['public_job']}/dex-image/"
        return (await ask(circle.stranger, "GET", path)).status_code == 200

    await until(vision_knows, 10)
    return {
        **entries,
        **jobs,
        "owner": circle.owner.id,
        "animal": circle.animals["public"]["id"],
        "job": koala_job["id"],
        "conversion": (await convert(ask, circle.owner, new_picture()))["id"],
        "friendship": circle.friendship["id"],
        "source": body_of(await ask(None, "GET", "/sources/"))["results"][0]["id"],
        "taxon": body_of(await ask(None, "GET", "/taxonomy/search/?q=Bison%20bison"))["results"][0]["id"],
    }


@pytest.fixture
async def fresh(ask: Ask, circle: Circle, new_player: NewPlayer) -> AsyncIterator[dict[str, Made]]:
    """What a row may change or remove; whatever is left of it is cleared away, as the circle shall stay as it is."""
    left: list[str] = []

    async def animal() -> str:
        return str((await new_animal(ask, circle.stranger))["id"])

    async def user() -> str:
        return (await new_player("ned")).id

    async def friendship() -> str:
        found = await befriended(ask, circle.owner, await new_player("ned"))
        left.append(f"/social/friendships/{found['id']}/unfriend/")
        return str(found["id"])

    def entry(visibility: str) -> Made:
        async def make() -> str:
            found = await catch(ask, circle.owner, {"id": await animal()}, visibility=visibility)
            left.append(f"/dex/entries/{found['id']}/")
            return str(found["id"])

        return make

    entries = {f"fresh_{each}": entry(each) for each in circle.entries}
    yield {**entries, "fresh_animal": animal, "fresh_friendship": friendship, "fresh_user": user}
    for path in left:
        await ask(circle.owner, "DELETE", path)


def body_for(method: str, path: str, animal: str) -> Any:
    """What is sent along: valid, so that only the viewer decides."""
    if path.endswith("/respond/"):
        return {"action": "accept"}
    if path.endswith("/select_animal/"):
        return {"animal_index": 0}
    if path.startswith("/dex/") and method in ("PUT", "PATCH"):
        return {"animal": animal} if method == "PUT" else {"notes": "Seen again."}
    if path.startswith("/animals/") and method in ("PUT", "PATCH"):
        return {"scientific_name": unheard_name(), "common_name": "Tortoise"}
    return None if method in ("GET", "DELETE") else {}


@pytest.mark.parametrize(("method", "path", "expected"), MATRIX, ids=[f"{row[0]} {row[1]}" for row in MATRIX])
async def test_who_gets_what(
    ask: Ask,
    circle: Circle,
    ids: dict[str, str],
    fresh: dict[str, Made],
    method: str,
    path: str,
    expected: tuple[int, ...],
) -> None:
    made = {name: await make() for name, make in fresh.items() if f"{{{name}}}" in path}
    body = body_for(method, path, await fresh["fresh_animal"]())
    found: dict[str, int] = {}
    # Whoever may change something comes last: the others have to find it untouched.
    for role, status in sorted(zip(ROLES, expected, strict=True), key=lambda pair: -pair[1]):
        player: Player | None = circle.player(role)
        answer = await ask(player, method, path.format(**ids, **made), json=body)
        found[role] = answer.status_code if status else 0
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert isinstance(body_of(answer, answer.status_code)["detail"], str)
    assert tuple(found[role] for role in ROLES) == expected
