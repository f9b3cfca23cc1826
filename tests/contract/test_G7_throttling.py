"""G7: budgets for addresses, users and uploads; limits for wrong passwords and friend codes."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, asking, body_of, refused
from tests.contract.own_processes import running
from tests.contract.pictures import as_file
from tests.mesh import Mesh, NewPlayer, until

ANON, USER, UPLOAD, CODES, FAILURES, WINDOW = 4, 8, 2, 3, 3, 2
PROXY = "127.0.0.1"


@dataclass(frozen=True)
class Strict:
    """Two gateways with small budgets before a users service with small limits."""

    gateways: tuple[Ask, Ask]
    url: str


@pytest.fixture(scope="module")
async def strict(mesh: Mesh) -> AsyncIterator[Strict]:
    budgets = {
        "THROTTLE_ANON_RATE": f"{ANON}/hour",
        "THROTTLE_USER_RATE": f"{USER}/hour",
        "THROTTLE_UPLOAD_RATE": f"{UPLOAD}/hour",
        "TRUSTED_PROXIES": PROXY,
    }
    limits = {
        "THROTTLE_FRIEND_CODE_RATE": f"{CODES}/hour",
        "LOGIN_FAILURE_LIMIT": str(FAILURES),
        "LOGIN_FAILURE_WINDOW_SECONDS": str(WINDOW),
    }
    async with AsyncExitStack() as stack:
        users = await stack.enter_async_context(running(mesh, "users", **limits))
        urls = [await stack.enter_async_context(running(mesh, "gateway", USERS_URL=users, **budgets)) for _ in "ab"]
        one, other = [await stack.enter_async_context(asking(url)) for url in urls]
        yield Strict((one, other), urls[0])


def from_somewhere() -> dict[str, str]:
    """Headers of a client whose address nobody has seen before."""
    return {"X-Forwarded-For": ".".join(str(random.randrange(1, 255)) for _ in range(4))}


def throttled(answer: httpx.Response) -> int:
    """The seconds that a 429 tells to wait, in both places the same."""
    seconds = int(answer.headers["retry-after"])
    refused(answer, 429, {"detail": f"Request was throttled. Expected available in {seconds} seconds."})
    return seconds


async def test_anonymous_requests_by_address(strict: Strict) -> None:
    ask, _ = strict.gateways
    here, elsewhere = from_somewhere(), from_somewhere()
    for path in ("/animals/", "/taxonomy/stats/", "/version/", "/animals/recent/"):
        assert (await ask(None, "GET", path, headers=here)).status_code == 200
    assert 0 < throttled(await ask(None, "GET", "/animals/", headers=here)) <= 3600
    throttled(await ask(None, "POST", "/auth/login/", json={}, headers=here))
    assert (await ask(None, "GET", "/animals/", headers=elsewhere)).status_code == 200


async def test_what_a_client_says_of_itself_is_not_an_address(mesh: Mesh, strict: Strict) -> None:
    """Only the part of the header that the trusted proxy has written counts."""
    ask, _ = strict.gateways
    address = from_somewhere()["X-Forwarded-For"]
    for number in range(ANON):
        headers = {"X-Forwarded-For": f"10.0.0.{number}, {address}"}
        assert (await ask(None, "GET", "/animals/", headers=headers)).status_code == 200
    throttled(await ask(None, "GET", "/animals/", headers={"X-Forwarded-For": f"10.0.0.99, {address}"}))


async def test_the_documentation_counts_and_health_and_media_do_not(strict: Strict) -> None:
    here = from_somewhere()
    async with httpx.AsyncClient(base_url=strict.url) as web:
        for _ in range(ANON):
            assert (await web.get("/api/docs/", headers=here)).status_code == 200
        for path in ("/api/docs/", "/api/redoc/", "/api/schema/", "/api/v1/animals/"):
            throttled(await web.get(path, headers=here))
        for path in ("/health/", "/ready/", "/metrics/", "/api/v1/health/"):
            assert (await web.get(path, headers=here)).status_code == 200
        assert (await web.get("/media/none.png", headers=here)).status_code == 404


async def test_requests_by_user_without_the_polls(strict: Strict, new_player: NewPlayer) -> None:
    ask, _ = strict.gateways
    eve, ben = await new_player("eve"), await new_player("ben")
    poll = "/vision/jobs/00000000-0000-4000-8000-000000000000/"
    for _ in range(USER + 2):
        assert (await ask(eve, "GET", poll)).status_code == 404
    for _ in range(USER):
        assert (await ask(eve, "GET", "/users/me/")).status_code == 200
    throttled(await ask(eve, "GET", "/animals/"))
    throttled(await ask(eve, "GET", "/users/me/", headers=from_somewhere()))
    assert (await ask(eve, "GET", poll)).status_code == 404
    assert (await ask(ben, "GET", "/users/me/")).status_code == 200


async def test_uploads_by_user(strict: Strict, new_player: NewPlayer) -> None:
    ask, _ = strict.gateways
    eve = await new_player("eve")
    assert (await ask(eve, "POST", "/images/convert/", files=as_file(b"no picture"))).status_code == 400
    assert (await ask(eve, "POST", "/vision/jobs/", files=as_file(b"no picture"))).status_code == 400
    throttled(await ask(eve, "POST", "/images/convert/", files=as_file(b"no picture")))
    throttled(await ask(eve, "POST", "/vision/jobs/", files=as_file(b"no picture")))
    by_conversion = await ask(eve, "POST", "/vision/jobs/", json={"conversion_id": eve.id})
    assert by_conversion.status_code == 400


async def test_two_gateways_count_together(strict: Strict) -> None:
    one, other = strict.gateways
    here = from_somewhere()
    for _ in range(ANON):
        assert (await one(None, "GET", "/animals/", headers=here)).status_code == 200
    throttled(await one(None, "GET", "/animals/", headers=here))
    let_through = 0

    async def refuses() -> bool:
        nonlocal let_through
        is_throttled = (await other(None, "GET", "/animals/", headers=here)).status_code == 429
        let_through += not is_throttled
        return is_throttled

    await until(refuses, 5)
    assert let_through <= 1


async def test_wrong_passwords(strict: Strict, new_player: NewPlayer) -> None:
    ask, _ = strict.gateways
    eve = await new_player("eve")
    right = {"username": eve.name, "password": "a photo of a tawny owl"}
    wrong = right | {"password": "a photo of a barn owl"}

    async def login(body: dict[str, str]) -> httpx.Response:
        return await ask(None, "POST", "/auth/login/", json=body, headers=from_somewhere())

    for body in (wrong, wrong, right, wrong, wrong, wrong | {"username": eve.name.upper()}):
        assert (await login(body)).status_code == (200 if body == right else 401)
    assert throttled(await login(right)) <= WINDOW
    throttled(await login(right | {"username": f"{eve.name}@example.com"}))

    async def may_try_again() -> bool:
        return (await login(right)).status_code == 200

    await until(may_try_again, 2 * WINDOW + 2)


async def test_wrong_passwords_of_nobody(strict: Strict) -> None:
    """It does not show by the limit, either, whether there is such an account."""
    ask, _ = strict.gateways
    body = {"username": f"nobody{random.random()}", "password": "a photo of a barn owl"}
    for _ in range(FAILURES):
        assert (await ask(None, "POST", "/auth/login/", json=body, headers=from_somewhere())).status_code == 401
    throttled(await ask(None, "POST", "/auth/login/", json=body, headers=from_somewhere()))


async def test_friend_codes_that_nobody_has(strict: Strict, new_player: NewPlayer, ada: Player) -> None:
    ask, _ = strict.gateways
    eve = await new_player("eve")

    async def look_up(code: str) -> httpx.Response:
        return await ask(eve, "POST", "/users/lookup_friend_code/", json={"friend_code": code})

    assert body_of(await look_up(ada.friend_code))["id"] == ada.id
    for _ in range(CODES):
        assert (await look_up("ZZZZZZZZ")).status_code == 404
    throttled(await look_up("ZZZZZZZZ"))
    throttled(await look_up(ada.friend_code))
