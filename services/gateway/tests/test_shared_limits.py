"""Several gateways keep one limit together, and each keeps it for itself where there is no bus (contract G7, ADR 0005).

Strict budgets (anonymous, uploads) are kept to the number; a user's budget may be passed by what comes to the other
gateways within one beat, 50 ms.
"""

import asyncio
import time
from uuid import uuid4

import httpx
from hypothesis import given
from hypothesis import strategies as st

from libs.common.bus import Bus
from libs.common.testing import SignIn
from services.gateway.counters import SharedCounters, kind_of, name_of
from services.gateway.limits import rate
from services.gateway.shared_counts import BEAT_SECONDS, SharedCounts
from services.gateway.tests.conftest import NOBODY, OpenGateway
from services.gateway.tests.upstream import Upstream
from services.gateway.tests.wire import Wire
from services.gateway.windows import Windows

FORM = {"Content-Type": "multipart/form-data; boundary=x"}
HOUR = 3600
ANIMALS = "/api/v1/animals/"
ME = "/api/v1/users/me/"


async def until(holds) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def meet(*gateways: httpx.AsyncClient) -> None:
    """They have heard of each other."""
    await until(lambda: all(gateway.house.counts.has_company for gateway in gateways))


def known(gateway: httpx.AsyncClient, limit: str, kind: str, who: str) -> int:
    """How much of a budget is used, as far as this gateway knows."""
    window = gateway.house.counts.windows.find(name_of(rate(limit).key_for(kind, who)), time.time())
    return window.total if window else 0


async def let_through(requests: list) -> int:
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} <= {200, 429}
    return [answer.status_code for answer in answers].count(200)


async def test_two_gateways_keep_one_anonymous_budget(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str
) -> None:
    limit = "40/day"
    settings = {"nats_url": nats_url, "throttle_anon_rate": limit, "trusted_proxies": "127.0.0.0/8"}
    async with open_gateway(**settings) as one, open_gateway(**settings) as other:
        await meet(one, other)
        for address in ("198.51.100.1", "198.51.100.2"):
            asked = [
                gateway.get(ANIMALS, headers={"X-Forwarded-For": address})
                for _ in range(40)
                for gateway in (one, other)
            ]
            assert await let_through(asked) == 40
        refused = await other.get(ANIMALS, headers={"X-Forwarded-For": "198.51.100.1"})
        assert 86390 < int(refused.headers["retry-after"]) <= 86400


async def test_two_gateways_keep_one_upload_budget(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str, sign_in: SignIn
) -> None:
    settings = {"nats_url": nats_url, "throttle_upload_rate": "5/hour"}
    async with open_gateway(**settings) as one, open_gateway(**settings) as other:
        await meet(one, other)
        headers = {**sign_in(), **FORM}
        asked = [
            gateway.post("/api/v1/images/convert/", content=b"x", headers=headers)
            for _ in range(8)
            for gateway in (one, other)
        ]
        assert await let_through(asked) == 5


async def test_what_a_user_has_used_at_one_gateway_is_gone_at_the_other_within_a_beat(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str, sign_in: SignIn
) -> None:
    limit = "10/hour"
    settings = {"nats_url": nats_url, "throttle_user_rate": limit}
    async with open_gateway(**settings) as one, open_gateway(**settings) as other:
        await meet(one, other)
        wolf = uuid4()
        headers = sign_in(wolf)
        assert await let_through([one.get(ME, headers=headers) for _ in range(10)]) == 10
        began = time.monotonic()
        await until(lambda: known(other, limit, "user", str(wolf)) == 10)
        assert time.monotonic() - began < BEAT_SECONDS + 1
        assert (await other.get(ME, headers=headers)).status_code == 429
        assert (await other.get(ME, headers=sign_in())).status_code == 200


async def test_a_gateway_that_starts_knows_what_was_counted_before(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str, sign_in: SignIn
) -> None:
    limit = "4/hour"
    settings = {"nats_url": nats_url, "throttle_user_rate": limit}
    wolf = uuid4()
    headers = sign_in(wolf)
    async with open_gateway(**settings) as first:
        await until(lambda: first.house.bus.connected)
        assert await let_through([first.get(ME, headers=headers) for _ in range(4)]) == 4
        await until(lambda: not first.house.counts._untold)
        await first.house.bus.nc.flush()
    async with open_gateway(**settings) as second:
        await until(lambda: known(second, limit, "user", str(wolf)) == 4)
        assert (await second.get(ME, headers=headers)).status_code == 429


async def test_without_the_bus_each_gateway_counts_for_itself_and_with_it_they_add_up(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str, sign_in: SignIn
) -> None:
    limit = "10/hour"
    settings = {"throttle_user_rate": limit, "throttle_anon_rate": "5/hour"}
    async with (
        Wire(nats_url).laid() as wire,
        open_gateway(nats_url=nats_url, **settings) as one,
        open_gateway(nats_url=wire.url, **settings) as other,
    ):
        await meet(one, other)
        wolf = uuid4()
        headers = sign_in(wolf)
        wire.cut()
        await until(lambda: not other.house.bus.connected)
        for gateway, times in ((one, 4), (other, 7)):
            assert await let_through([gateway.get(ME, headers=headers) for _ in range(times)]) == times
        assert await let_through([other.get(ANIMALS) for _ in range(8)]) == 5
        wire.mend()
        await until(lambda: known(other, limit, "user", str(wolf)) == known(one, limit, "user", str(wolf)) == 11)
        assert {(await gateway.get(ME, headers=headers)).status_code for gateway in (one, other)} == {429}


async def test_a_bus_that_hangs_holds_up_one_moment_and_no_more(
    open_gateway: OpenGateway, upstream: Upstream, nats_url: str
) -> None:
    settings = {"throttle_anon_rate": "1000/hour"}
    async with (
        Wire(nats_url).laid() as wire,
        open_gateway(nats_url=nats_url, **settings) as one,
        open_gateway(nats_url=wire.url, **settings) as other,
    ):
        await meet(one, other)
        wire.hold()
        assert (await other.get(ANIMALS)).status_code == 200
        assert not other.house.counts.has_company, "waited once, and is not waiting any more"
        assert (await other.get(ANIMALS)).status_code == 200
        wire.release()
        await meet(one, other)


async def test_the_storage_does_what_the_library_asks_of_one() -> None:
    counters = SharedCounters(SharedCounts(Bus(NOBODY, name="gateway"), keep_seconds=HOUR), strict={"anon"})
    wolf, lynx = (f"LIMITER/{kind}/x/1/1/hour" for kind in ("user", "anon"))
    assert kind_of(lynx) == "anon"
    assert [await counters.incr(wolf, 60) for _ in range(3)] == [1, 2, 3]
    assert await counters.incr(lynx, 0, amount=2) == 2
    assert await counters.get(lynx) == 0
    assert await counters.incr(lynx, 60) == 1
    assert 59 < await counters.get_expiry(wolf) - time.time() <= 60
    await counters.clear(wolf)
    assert await counters.get(wolf) == 0
    assert await counters.reset() == 1
    assert await counters.check()


@given(st.permutations([("b", 100.0, 1), ("b", 100.0, 4), ("c", 99.5, 2), ("b", 100.0, 3)]), st.booleans())
def test_what_is_heard_late_twice_or_out_of_order_is_the_same(told: list, twice: bool) -> None:
    windows = Windows()
    windows.add("wolf", 100, 5, now=0)
    for gateway, ends, count in told * (1 + twice):
        windows.hear(gateway, "wolf", ends, count, now=1)
    window = windows.find("wolf", now=2)
    assert (window.total, window.mine, window.ends) == (11, 5, 99.5)


def test_a_full_count_is_never_carried_into_the_next_window() -> None:
    windows = Windows()
    windows.hear("b", "wolf", ends=100, count=50, now=0)
    assert windows.add("wolf", 100, 1, now=99.9).total == 51
    windows.hear("b", "wolf", ends=200, count=1, now=99.95)
    assert windows.find("wolf", now=99.99).ends == 100
    assert windows.add("wolf", 100, 1, now=100.1).total == 1
    windows.hear("b", "wolf", ends=100, count=51, now=100.2)
    assert windows.add("wolf", 100, 1, now=100.3).total == 2


def test_windows_that_have_ended_are_swept() -> None:
    windows = Windows()
    for number in range(100):
        windows.add(f"wolf {number}", 1, 1, now=0)
    windows.add("lynx", 100, 1, now=50)
    assert windows.mine(now=51) == ["lynx"]
    assert windows.clear() == 1
