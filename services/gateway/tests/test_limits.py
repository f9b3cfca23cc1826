"""Budgets: anonymous by address, users by account, uploads by themselves (contract G7)."""

import asyncio
from uuid import uuid4

import httpx

from libs.common.testing import SignIn
from services.gateway.addresses import budget_of, client_address
from services.gateway.settings import GatewaySettings
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upstream import Upstream

FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


async def test_anonymous_requests_share_the_budget_of_their_address(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn
) -> None:
    async with open_gateway(throttle_anon_rate="3/hour") as gateway:
        made_up = [{"X-Forwarded-For": f"9.9.9.{n}"} for n in range(3)]
        answers = [await gateway.get("/api/v1/animals/", headers=headers) for headers in made_up]
        answers.append(await gateway.post("/api/v1/auth/login/", json={}))
        assert statuses(answers) == [200, 200, 200, 429]
        refused = answers[-1]
        seconds = int(refused.headers["retry-after"])
        assert 3590 < seconds <= 3600
        assert refused.json() == {"detail": f"Request was throttled. Expected available in {seconds} seconds."}
        assert (await gateway.get("/api/docs/")).status_code == 429, "documentation pages count too"
        for free in ("/health/", "/api/v1/health/", "/ready/", "/metrics/"):
            assert (await gateway.get(free)).status_code == 200, free
        assert (await gateway.get("/media/none.png")).status_code == 404
        assert (await gateway.get("/api/v1/animals/", headers=sign_in())).status_code == 200


async def test_each_user_has_a_budget_and_polling_a_job_is_free(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn
) -> None:
    async with open_gateway(throttle_user_rate="2/minute") as gateway:
        wolf, lynx = sign_in(), sign_in()
        answers = [await gateway.get("/api/v1/users/me/", headers=wolf) for _ in range(3)]
        assert statuses(answers) == [200, 200, 429]
        job = f"/api/v1/vision/jobs/{uuid4()}"
        assert statuses([await gateway.get(job + end, headers=wolf) for end in ("/", "", "/", "/")]) == [200] * 4
        assert (await gateway.post(f"{job}/retry/", headers=wolf)).status_code == 429
        assert (await gateway.get("/api/v1/users/me/", headers=lynx)).status_code == 200


async def test_uploads_have_their_own_budget_and_json_jobs_are_no_uploads(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn
) -> None:
    async with open_gateway(throttle_upload_rate="2/hour") as gateway:
        wolf = sign_in()
        paths = ("/api/v1/images/convert/", "/api/v1/vision/jobs/", "/api/v1/images/convert")
        answers = [await gateway.post(path, content=b"x", headers={**wolf, **FORM}) for path in paths]
        assert statuses(answers) == [200, 200, 429]
        assert (
            await gateway.post("/api/v1/vision/jobs/", json={"conversion_id": "1"}, headers=wolf)
        ).status_code == 200


async def test_behind_a_trusted_proxy_the_client_is_who_the_proxy_says(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    async with open_gateway(throttle_anon_rate="1/hour", trusted_proxies="127.0.0.0/8,10.0.0.0/8") as gateway:

        async def status(forwarded_for: str) -> int:
            return (await gateway.get("/api/v1/animals/", headers={"X-Forwarded-For": forwarded_for})).status_code

        assert await status("198.51.100.7") == 200
        assert await status("198.51.100.7") == 429
        assert await status("6.6.6.6, 198.51.100.7, 10.1.2.3") == 429, "what a client adds in front changes nothing"
        assert await status("198.51.100.8") == 200


def test_the_client_address_ends_at_the_first_hop_that_is_not_trusted() -> None:
    trusted = GatewaySettings(trusted_proxies="10.0.0.0/8, ::1").trusted_proxies
    assert client_address("10.0.0.1", "1.1.1.1, 2.2.2.2, 10.0.0.9", trusted) == "2.2.2.2"
    assert client_address("3.3.3.3", "1.1.1.1", trusted) == "3.3.3.3"
    assert client_address("10.0.0.1", "nonsense", trusted) == "10.0.0.1"
    assert client_address("10.0.0.1", "1.1.1.1", ()) == "10.0.0.1"
    assert client_address("::1", "2001:db8::1", trusted) == "2001:db8::1"


def test_a_household_is_one_address() -> None:
    assert budget_of("2001:db8:1:2:aaaa::1") == budget_of("2001:db8:1:2:bbbb::2") == "2001:db8:1:2::/64"
    assert budget_of("2001:db8:1:3::1") != budget_of("2001:db8:1:2::1")
    assert budget_of("::ffff:198.51.100.7") == budget_of("198.51.100.7") == "198.51.100.7"


async def test_edge_limits_are_off_unless_set_and_then_count_by_address_whoever_asks(
    open_gateway: OpenGateway, upstream: Upstream, sign_in: SignIn
) -> None:
    async with open_gateway(edge_request_rate="3/hour", edge_upload_rate="1/hour") as gateway:
        answers = [await gateway.get("/api/v1/users/me/", headers=sign_in()) for _ in range(4)]
        assert statuses(answers) == [200, 200, 200, 429]
        uploads = [
            await gateway.post("/api/v1/images/convert/", content=b"x", headers={**sign_in(), **FORM}) for _ in range(2)
        ]
        assert statuses(uploads) == [200, 429]
        assert (await gateway.get("/health/")).status_code == 200


async def test_one_address_may_be_kept_from_taking_all_connections(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    async with open_gateway(edge_connections=2) as gateway:
        waiting = [asyncio.create_task(gateway.get("/api/v1/vision/waiting/")) for _ in range(2)]
        while len(upstream.asked) < 2:
            await asyncio.sleep(0.01)
        refused = await gateway.get("/api/v1/animals/")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await gateway.get("/health/")).status_code == 200, "probes go on"
        upstream.may_finish.set()
        assert statuses([await answer for answer in waiting]) == [200, 200]
        assert (await gateway.get("/api/v1/animals/")).status_code == 200
