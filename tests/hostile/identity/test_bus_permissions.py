"""Hardening 2G 149: each service says only its own on the bus, takes only its own, and nobody empties the log."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import nats
import pytest
from nats.js import JetStreamContext

from deploy.local.servers import Servers
from libs.common.bus import STREAM, Bus, inbox_at, inbox_of_user
from libs.common.bus_permissions import USERS, publisher_of
from libs.common.db import Database
from libs.common.migrate import SERVICES
from libs.common.provision import handlers_of, provision, stream_config
from libs.common.relay import ATOMIC_FROM, Relay
from libs.common.watchdog import ensure
from libs.contracts.catalogue import EVENTS
from tests.mesh import until

DURABLES = {user: [each.durable for declared in handlers_of(user) for each in declared.all] for user in SERVICES}
REFUSED = re.compile(r'permissions violation for (publish|subscription) to "(.+?)"')


@pytest.fixture(scope="module")
async def js(running_servers: Servers) -> AsyncIterator[JetStreamContext]:
    """The administrator's view of an empty log with all durables; empty again afterwards."""
    await provision(running_servers.nats_url, SERVICES, replicas=1, max_bytes=0)
    connection = await nats.connect(running_servers.nats_url)
    found = connection.jetstream()
    await found.purge_stream(STREAM)
    yield found
    await found.delete_stream(STREAM)
    await connection.close()


async def refused(url: str, *, publish: Iterable[str] = (), subscribe: Iterable[str] = ()) -> set[str]:
    """Those of the subjects that the server refuses to whoever has this address, in lower case."""
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error))

    client = await nats.connect(url, error_cb=note, inbox_prefix=inbox_at(url), allow_reconnect=False)
    try:
        for subject in publish:
            await client.publish(subject, b"{}")
        for subject in subscribe:
            await client.subscribe(subject)
        # The server answers in order: then all refusals are here. Twice, as the first may overtake what it follows.
        await client.flush()
        await client.flush()
    finally:
        await client.close()
    return {match[2] for error in errors if (match := REFUSED.search(error.lower()))}


async def test_each_event_is_taken_from_its_publisher_alone(running_servers: Servers, js: JetStreamContext) -> None:
    """Vision cannot say that somebody has registered; nor can anybody else but users."""
    for user in USERS:
        url = running_servers.nats_urls[user]
        theirs = {subject for subject, event in EVENTS.items() if publisher_of(event) != user}
        assert await refused(url, publish=EVENTS) == theirs, user

    async def all_stored() -> bool:
        return (await js.stream_info(STREAM, subjects_filter=">")).state.subjects == dict.fromkeys(EVENTS, 1)

    await until(all_stored, 5)


@pytest.mark.parametrize("user", USERS)
async def test_nobody_touches_the_durables_of_others(running_servers: Servers, js: JetStreamContext, user: str) -> None:
    ways = (
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.{}",
        "$JS.API.CONSUMER.INFO.EVENTS.{}",
        "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.{}",
        "$JS.API.CONSUMER.CREATE.EVENTS.{}",
        "$JS.API.CONSUMER.CREATE.EVENTS.{}.user.>",
        "$JS.API.CONSUMER.DELETE.EVENTS.{}",
        "$JS.API.CONSUMER.PAUSE.EVENTS.{}",
        "$JS.API.CONSUMER.UNPIN.EVENTS.{}",
        "$JS.API.CONSUMER.LEADER.STEPDOWN.EVENTS.{}",
        "$JS.ACK.EVENTS.{}.1.1.1.1.0",
    )
    others = [durable for owner, durables in DURABLES.items() if owner != user for durable in durables]
    asked = [way.format(durable) for durable in [*others, "made-up"] for way in ways]
    assert await refused(running_servers.nats_urls[user], publish=asked) == {each.lower() for each in asked}


@pytest.mark.parametrize("user", USERS)
async def test_nobody_empties_changes_or_removes_the_log(
    running_servers: Servers, js: JetStreamContext, user: str
) -> None:
    before = (await js.stream_info(STREAM)).config
    asked = [
        *(f"$JS.API.STREAM.{what}.EVENTS" for what in ("DELETE", "PURGE", "UPDATE", "SNAPSHOT", "RESTORE")),
        *("$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.DELETE.GATEWAY_COUNTS", "$JS.API.STREAM.LIST"),
        *("$JS.API.CONSUMER.LIST.EVENTS", "$JS.API.CONSUMER.NAMES.EVENTS", "$JS.API.ACCOUNT.PURGE.A"),
        *("$JS.API.CONSUMER.CREATE.EVENTS", "$SYS.REQ.SERVER.PING", "anything.else"),
    ]
    if user in ("graph", "gateway"):
        asked.append("$JS.API.STREAM.MSG.DELETE.EVENTS")
    assert await refused(running_servers.nats_urls[user], publish=asked) == {each.lower() for each in asked}
    assert (await js.stream_info(STREAM)).config == before


@pytest.mark.parametrize("user", USERS)
async def test_nobody_listens_where_others_get_their_answers(running_servers: Servers, user: str) -> None:
    others = [f"{inbox_of_user(other)}.>" for other in USERS if other != user]
    asked = [*others, "_INBOX.>", ">", "*.>", "dex.>", "image.uploaded", "$JS.>", "$SYS.>"]
    if user != "gateway":
        asked += ["gateway.counts", "gateway.consistency"]
    assert await refused(running_servers.nats_urls[user], subscribe=asked) == {each.lower() for each in asked}


async def test_only_one_password_opens_each_door(running_servers: Servers) -> None:
    users, dex = running_servers.nats_urls["users"], running_servers.nats_urls["dex"]
    swapped = users.replace("//users:", "//dex:")
    for url in (swapped, re.sub(r"//.*@", "//", dex), re.sub(r"//.*@", "//biologidex:biologidex@", dex)):
        address = urlsplit(url)
        said = json.dumps({"verbose": False, "user": address.username or "", "pass": address.password or ""})
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"CONNECT {said}\r\nPING\r\n".encode())
        assert b"-ERR 'Authorization Violation'" in await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()


async def test_a_service_does_all_of_its_work_with_its_own_rights(
    running_servers: Servers, js: JetStreamContext
) -> None:
    """Its relay publishes by batches, its durables are made again, its messages are taken and deleted."""
    await js.purge_stream(STREAM)
    bus = Bus(running_servers.nats_urls["dex"], name="dex")
    await bus.connect()
    try:
        rows = [
            SimpleNamespace(subject="dex.deleted", payload=b"{}", headers={"Nats-Msg-Id": str(uuid4())})
            for _ in range(2 * ATOMIC_FROM)
        ]
        published = await Relay(cast(Database, None), bus)._publish_at_once(rows)
        assert len(published) == len(rows)
        await js.delete_consumer(STREAM, "users-uncount-catch")
        own = Bus(running_servers.nats_urls["users"], name="users")
        await own.connect()
        try:
            await _remade_and_read(own, len(rows))
        finally:
            await own.close()
        message = await bus.js.get_msg(STREAM, published[0])
        assert (message.headers or {})["Nats-Msg-Id"] == rows[0].headers["Nats-Msg-Id"]
        assert await bus.js.delete_msg(STREAM, published[0])
    finally:
        await bus.close()


async def _remade_and_read(own: Bus, count: int) -> None:
    (handlers,) = handlers_of("users")
    await ensure(bus=own, handlers=handlers, stream=stream_config())
    subscription: Any = await own.js.pull_subscribe_bind("users-uncount-catch", STREAM)
    messages = await subscription.fetch(count, timeout=5)
    assert len(messages) == count
    await asyncio.gather(*(message.ack_sync() for message in messages))


async def test_a_vanished_log_is_made_again_by_those_who_need_it(
    running_servers: Servers, js: JetStreamContext
) -> None:
    """Several find it missing at the same moment; hardening 0.1, H6."""
    await js.delete_stream(STREAM)
    buses = [Bus(running_servers.nats_urls[user], name=user) for user in SERVICES]
    await asyncio.gather(*(bus.connect() for bus in buses))
    try:
        work = [
            ensure(bus=bus, handlers=handlers, stream=stream_config())
            for bus, user in zip(buses, SERVICES, strict=True)
            for handlers in handlers_of(user)
        ]
        await asyncio.gather(*work)
        there = {info.name for info in await js.consumers_info(STREAM)}
        assert there == {durable for durables in DURABLES.values() for durable in durables}
    finally:
        await asyncio.gather(*(bus.close() for bus in buses))
