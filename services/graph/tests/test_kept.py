"""What is kept: found by version, bounded in bytes and seconds, made once for many."""

import asyncio
from uuid import UUID

from services.graph.kept import Kept, Place

ALICE, BOB = UUID(int=1), UUID(int=2)


class Maker:
    """Makes an answer and counts how often."""

    def __init__(self, answer: bytes = b"x" * 40) -> None:
        self.answer = answer
        self.made = 0

    async def __call__(self) -> bytes:
        self.made += 1
        await asyncio.sleep(0)
        return self.answer


async def ask(kept: Kept, place: Place, make: Maker, *, version: str = "1", seconds: float = 60, anew: bool = False):
    return await kept.get_or_make(place, version, make, weigh=len, seconds=seconds, anew=anew)


async def test_the_same_version_is_made_once() -> None:
    kept, make = Kept(100), Maker()

    answers = [await ask(kept, Place(ALICE, "tree"), make) for _ in range(3)]

    assert answers == [make.answer] * 3 and make.made == 1


async def test_many_who_ask_at_once_wait_for_one() -> None:
    kept, make = Kept(100), Maker()

    await asyncio.gather(*[ask(kept, Place(ALICE, "tree"), make) for _ in range(20)])

    assert make.made == 1


async def test_a_new_version_takes_the_place_of_the_old() -> None:
    kept, make = Kept(100), Maker()
    place = Place(ALICE, "tree")

    await ask(kept, place, make, version="1")
    await ask(kept, place, make, version="2")

    assert make.made == 2 and kept.weight == 40


async def test_anew_and_expired_are_made_again() -> None:
    kept, make = Kept(100), Maker()
    place = Place(ALICE, "tree")

    await ask(kept, place, make, seconds=-1)
    await ask(kept, place, make)
    await ask(kept, place, make, anew=True)
    await ask(kept, place, make)

    assert make.made == 3


async def test_the_least_lately_used_goes_first() -> None:
    kept, make = Kept(100), Maker()
    first, second, third = (Place(ALICE, name) for name in ("a", "b", "c"))
    await ask(kept, first, make)
    await ask(kept, second, make)
    await ask(kept, first, make)

    await ask(kept, third, make)

    assert kept.weight == 80 and make.made == 3
    await ask(kept, first, make)
    assert make.made == 3
    await ask(kept, second, make)
    assert make.made == 4


async def test_what_is_too_large_is_given_but_not_kept() -> None:
    kept, make = Kept(100), Maker(b"y" * 101)

    assert await ask(kept, Place(ALICE, "tree"), make) == make.answer
    assert kept.weight == 0


async def test_dropping() -> None:
    kept, make = Kept(200), Maker()
    for place in (Place(ALICE, "a"), Place(ALICE, "b"), Place(BOB, "a")):
        await ask(kept, place, make)

    kept.drop_of(ALICE)
    assert kept.weight == 40
    kept.drop_all()
    assert kept.weight == 0


async def test_a_failure_is_not_kept_and_blocks_nobody() -> None:
    kept, make = Kept(100), Maker()

    async def fail() -> bytes:
        raise OSError

    place = Place(ALICE, "tree")
    failed = await asyncio.gather(
        kept.get_or_make(place, "1", fail, weigh=len, seconds=60), ask(kept, place, make), return_exceptions=True
    )

    assert isinstance(failed[0], OSError) and failed[1] == make.answer
