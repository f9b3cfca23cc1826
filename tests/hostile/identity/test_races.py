"""Hardening 2E 124, 132, 133: fifty at once make what one after the other would make."""

import asyncio
from typing import Any

import httpx

from tests.answers import Ask, body_of
from tests.contract.captures import new_animal, new_picture, unheard_name
from tests.contract.pictures import as_file
from tests.mesh import NewPlayer

MANY = 50


async def test_132_fifty_new_species_at_once_have_fifty_numbers_in_a_row(ask: Ask, new_player: NewPlayer) -> None:
    """Dense while nothing is deleted: no number twice, none left out (contract B1)."""
    eve = await new_player("eve")
    first = (await new_animal(ask, eve))["creation_index"]

    async def make(number: int) -> int:
        name = unheard_name()
        path, status = ("/animals/", 201) if number % 2 else ("/animals/lookup_or_create/", 201)
        answer = await again(lambda: ask(eve, "POST", path, json={"scientific_name": name, "common_name": "Tortoise"}))
        found = body_of(answer, status)
        return int(found.get("animal", found)["creation_index"])

    numbers = sorted(await asyncio.gather(*(make(number) for number in range(MANY))))
    last = (await new_animal(ask, eve))["creation_index"]
    assert len(set(numbers)) == MANY
    # Others may have named animals meanwhile; from the first to the last there is no gap in all of them together.
    assert first < numbers[0]
    assert numbers[-1] < last
    seen = await all_numbers(ask, first, last)
    assert seen == list(range(first, last + 1))


async def all_numbers(ask: Ask, first: int, last: int) -> list[int]:
    """The numbers of all animals from `first` to `last`, read as anybody may read them."""
    found: list[int] = []
    page: str | None = "/animals/?ordering=-creation_index"
    while page:
        body = body_of(await ask(None, "GET", page))
        numbers = [each["creation_index"] for each in body["results"]]
        found += [number for number in numbers if first <= number <= last]
        following: Any = body["next"]
        page = f"/animals/?{following.partition('?')[2]}" if following and numbers[-1] > first else None
    return sorted(found)


async def test_133_the_same_entry_fifty_times_at_once_is_one(ask: Ask, new_player: NewPlayer) -> None:
    """One owner, animal and moment: one row; the others are told so, and nobody gets a 5xx but "come again"."""
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    body = {"animal": animal["id"], "catch_date": "2026-03-04T05:06:07Z"}
    picture = {"original_image": as_file(new_picture())["image"]}

    async def post() -> httpx.Response:
        return await again(lambda: ask(eve, "POST", "/dex/entries/", data=body, files=picture))

    answers = await asyncio.gather(*(post() for _ in range(MANY)))
    created = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert sorted({answer.status_code for answer in answers}) == [201, 400]
    assert len(created) == 1
    mine = body_of(await ask(eve, "GET", "/dex/entries/my_entries/"))
    assert [each["id"] for each in mine["results"]] == created


async def test_124_crossed_and_repeated_requests_at_once_make_one_row(ask: Ask, new_player: NewPlayer) -> None:
    """Twenty-five each way; both sides then see one and the same friendship."""
    ann, bob = await new_player("ann"), await new_player("bob")
    pairs = [(ann, bob), (bob, ann)] * (MANY // 2)
    path = "/social/friendships/send_request/"
    answers = await asyncio.gather(
        *(again(lambda a=a, b=b: ask(a, "POST", path, json={"user_id": b.id})) for a, b in pairs)
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 400}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    rows = [body_of(await ask(each, "GET", "/social/friendships/"))["results"] for each in (ann, bob)]
    assert [[row["id"] for row in each] for each in rows] == [[rows[0][0]["id"]]] * 2


async def test_124_a_blocker_is_asked_without_an_oracle_and_without_a_row(ask: Ask, new_player: NewPlayer) -> None:
    """Fifty requests to somebody who has blocked the sender: one answer for all, and still one row."""
    ann, bob = await new_player("ann"), await new_player("bob")
    asked = body_of(await ask(bob, "POST", "/social/friendships/send_request/", json={"user_id": ann.id}), 201)
    await ask(ann, "POST", f"/social/friendships/{asked['id']}/respond/", json={"action": "block"})
    path = "/social/friendships/send_request/"
    answers = await asyncio.gather(
        *(again(lambda: ask(bob, "POST", path, json={"user_id": ann.id})) for _ in range(MANY))
    )
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert answers[0].status_code == 400
    assert (await ask(bob, "POST", path, json={"user_id": bob.id})).status_code == 400


async def again(send: Any) -> httpx.Response:
    """As the client does it: who is told to come again (503) comes again."""
    for _ in range(20):
        answer: httpx.Response = await send()
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(int(answer.headers["Retry-After"]))
    return answer
