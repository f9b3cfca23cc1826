"""Clocks that differ: a token from a clock a little ahead is good everywhere, one from far off nowhere (H18)."""

import asyncio
import time

import httpx
import pytest

from tests.contract.forgery import Forger, claims
from tests.faults.database_stack import HurtMesh
from tests.mesh import signed_up

DIRECT = {
    "users": "/api/v1/users/me/",
    "animals": "/api/v1/animals/",
    "dex": "/api/v1/dex/entries/my_entries/",
    "social": "/api/v1/social/friendships/friends/",
    "vision": "/api/v1/vision/jobs/",
    "graph": "/api/v1/graph/tree/?mode=personal",
    "gateway": "/api/v1/users/me/",
}
HOUR = 3600


@pytest.mark.parametrize(
    ("ahead", "lives", "status"),
    [
        pytest.param(25, HOUR, 200, id="half a minute ahead"),
        pytest.param(-300, HOUR, 200, id="five minutes behind"),
        pytest.param(300, HOUR, 401, id="five minutes ahead"),
        pytest.param(-HOUR, HOUR - 2, 401, id="just expired"),
    ],
)
async def test_every_service_has_the_same_patience(hurt: HurtMesh, ahead: int, lives: int, status: int) -> None:
    """H18, T1: thirty seconds for the issuer's clock, none for the expiry; each service by itself, then the gateway."""
    async with signed_up(hurt, "ada") as ada, httpx.AsyncClient(timeout=20) as client:
        jwks = (await client.get(f"{hurt.topology['processes']['users']['url']}/.well-known/jwks.json")).json()
        issued = int(time.time()) + ahead
        token = Forger.of(hurt, jwks).signed(claims(ada.id, iat=issued, nbf=issued, exp=issued + lives))

        async def told(service: str, path: str) -> tuple[str, int]:
            url = hurt.topology["processes"][service]["url"]
            answer = await client.get(url + path, headers={"Authorization": f"Bearer {token}"})
            return service, answer.status_code

        answers = await asyncio.gather(*(told(*each) for each in DIRECT.items()))
    assert dict(answers) == dict.fromkeys(DIRECT, status)
