"""Hardening 2D 112–117: signing in tells nothing, costs little, and is not tried for ever."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest

from deploy.local.player import Player
from tests.answers import Ask, asking, body_of
from tests.contract.own_processes import running
from tests.mesh import Mesh, NewPlayer

WRONG = {"detail": "No active account found with the given credentials"}
PAIRS = 100
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
async def tireless(mesh: Mesh) -> AsyncIterator[str]:
    """A users service at which one may guess as often as one likes: else most answers would be a quick 429."""
    async with running(mesh, "users", LOGIN_FAILURE_LIMIT="1000000") as url:
        yield url


async def test_112_the_time_does_not_tell_who_has_an_account(tireless: str, new_player: NewPlayer) -> None:
    """Two hundred tries in turns, so that whatever else the machine does falls on both alike.

    Promised is a tenth; the median over a busy machine is allowed a quarter. An answer without a hash would be at a
    tenth of the time.
    """
    ada = await new_player("ada")
    async with httpx.AsyncClient(base_url=tireless) as client:

        async def seconds(name: str) -> float:
            began = time.perf_counter()
            answer = await client.post("/api/v1/auth/login/", json={"username": name, "password": "a small giraffe"})
            assert (answer.status_code, answer.json()) == (401, WRONG)
            return time.perf_counter() - began

        await seconds(ada.name)
        ratios = []
        for number in range(PAIRS):
            names = (ada.name, f"nobody-{uuid4().hex[:8]}")
            order = names if number % 2 else names[::-1]
            took = {name: await seconds(name) for name in order}
            ratios.append(took[names[0]] / took[names[1]])
    print(f"known / unknown: {statistics.median(ratios):.3f}")
    assert 0.75 < statistics.median(ratios) < 1.33


async def test_112_all_that_is_wrong_answers_the_same_to_the_letter(
    mesh: Mesh, tireless: str, new_player: NewPlayer
) -> None:
    """Unknown, wrong and inactive: status, body and every header but those that count or name the request."""
    eve, ina = await new_player("eve"), await new_player("ina")
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    await database.execute("UPDATE users.users SET is_active = false WHERE username = $1", ina.name)
    await database.close()
    tries = (
        (f"nobody-{uuid4().hex[:8]}", "x"),
        (eve.name, "a small giraffe"),
        (f"{eve.name}@example.com", "a small giraffe"),
        (ina.name, "a photo of a tawny owl"),
        ("x" * 150, "x"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    )
    seen = []
    async with asking(tireless) as ask:
        for name, password in tries:
            answer = await ask(None, "POST", "/auth/login/", json={"username": name, "password": password})
            own = {"date", "x-request-id", "traceparent"}
            headers = {key: value for key, value in answer.headers.items() if key not in own}
            seen.append((answer.status_code, answer.content, headers))
    assert all(each == seen[0] for each in seen), seen
    assert seen[0][0] == 401


async def test_113_nobody_but_the_registration_tells_of_an_address(ask: Ask, ada: Player, ben: Player) -> None:
    """The form must say that a name is taken (contract U1); no other answer to a stranger holds an address."""
    for path in (f"/users/{ada.id}/", f"/users/?search={ada.name}@example.com", "/users/?page=1"):
        assert (await ask(ben, "GET", path)).status_code in (403, 404)
    found = await ask(ben, "POST", "/users/lookup_friend_code/", json={"friend_code": ada.friend_code})
    assert set(body_of(found)) == {"id", "username", "avatar"}
    assert "@" not in found.text


async def test_115_a_hundred_logins_at_once_take_no_memory_and_the_excess_is_told(
    mesh: Mesh, tireless: str, new_player: NewPlayer
) -> None:
    """Four hashes run at once (19 MiB each); who waits longer than two seconds gets 503, and reads go on."""
    eve = await new_player("eve")
    port = int(tireless.rpartition(":")[2])
    owner = next(
        each.pid
        for each in psutil.net_connections("tcp")
        if each.laddr and each.laddr.port == port and each.status == psutil.CONN_LISTEN
    )
    process = psutil.Process(owner or 0)
    before, most, over = process.memory_info().rss, 0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not over.is_set():
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.01)

    async with httpx.AsyncClient(base_url=tireless, timeout=60, limits=httpx.Limits(max_connections=400)) as client:

        async def login(number: int) -> httpx.Response:
            body = {"username": f"nobody-{number}", "password": "x" * 100}
            return await client.post("/api/v1/auth/login/", json=body)

        async def read() -> int:
            return (await client.get("/api/v1/users/me/", headers={"Authorization": eve.authorization})).status_code

        watching = asyncio.create_task(watch())
        # Three hundred: on any machine more than four processors can hash within two seconds.
        logins = [asyncio.create_task(login(number)) for number in range(300)]
        reads = [await read() for _ in range(10)]
        answers = await asyncio.gather(*logins)
        over.set()
        await watching
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 503}, {status: statuses.count(status) for status in set(statuses)}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 503)
    assert most - before < 160 * MEGABYTE, f"{(most - before) / MEGABYTE:.0f} MiB more"
    assert 200 in reads
    assert set(reads) <= {200, 503}, "beyond what the process bears at once nobody is let in, whatever they want"
    print(f"{statuses.count(401)} hashed, {statuses.count(503)} refused, {(most - before) / MEGABYTE:.0f} MiB more")


async def test_115_a_password_of_a_megabyte_is_not_hashed(ask: Ask) -> None:
    """It is refused by its length; ten of them cost no more than ten refusals."""
    began = time.perf_counter()
    for _ in range(10):
        answer = await ask(None, "POST", "/auth/login/", json={"username": "ada", "password": "x" * MEGABYTE})
        assert answer.status_code in (400, 401, 413), answer.text
    assert time.perf_counter() - began < 10


async def test_116_without_its_counter_nobody_signs_in_and_public_reads_go_on(mesh: Mesh, ada: Player) -> None:
    """The counter is a table of the users service: where it cannot be read, no password is tried (fails closed)."""
    database = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    lock = database.transaction()
    await lock.start()
    await database.execute("LOCK TABLE users.misses IN ACCESS EXCLUSIVE MODE")
    try:
        async with asking(mesh.url) as ask:
            body = {"username": ada.name, "password": "a photo of a tawny owl"}
            answer = await ask(None, "POST", "/auth/login/", json=body)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            for path in ("/animals/", "/taxonomy/stats/"):
                assert (await ask(None, "GET", path)).status_code == 200
            assert (await ask(ada, "GET", "/users/me/")).status_code == 200
    finally:
        await lock.rollback()
        await database.close()


async def test_117_friend_codes_are_not_tried_one_by_one(mesh: Mesh, new_player: NewPlayer, ada: Player) -> None:
    """A thousand guesses by one player: sixty are looked at, by either door and in parallel; then not even a hit."""
    eve = await new_player("eve")
    headers = {"Authorization": eve.authorization}
    async with (
        running(mesh, "users", THROTTLE_FRIEND_CODE_RATE="60/hour") as url,
        httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as client,
    ):

        async def guess(code: str) -> int:
            path = "/api/v1/users/lookup_friend_code/"
            return (await client.post(path, json={"friend_code": code})).status_code

        statuses: list[int] = []
        for start in range(0, 1000, 10):
            statuses += await asyncio.gather(*(guess(f"ZZ{number:06d}") for number in range(start, start + 10)))
        assert set(statuses) <= {404, 429}, set(statuses)
        assert statuses.count(404) <= 60 + 10, statuses.count(404)
        assert await guess(ada.friend_code) == 429
    print(f"{statuses.count(404)} of 1000 guesses were looked at")
