"""Who has left is known from the bus: at once while it is heard, and by reading the log after a start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
from nats.js import JetStreamContext

from libs.common import log_tail
from libs.common.bus import STREAM, Bus
from libs.common.provision import stream_config
from libs.common.revocations import Revocations, UserInactive, UserNotFound

HOUR = timedelta(hours=1)


@asynccontextmanager
async def following(url: str) -> AsyncIterator[Revocations]:
    bus = Bus(url, name="test")
    found = Revocations(bus, HOUR)
    await bus.connect()
    task = asyncio.create_task(found.follow())
    yield found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await bus.close()


async def refused(found: Revocations, user: UUID, why: type[Exception]) -> None:
    """Waits until the user is refused for this reason."""
    async with asyncio.timeout(10):
        while True:
            try:
                found.check(user)
            except why:
                return
            await asyncio.sleep(0.01)


async def tell(js: JetStreamContext, subject: str, user: UUID, version: int, **more: object) -> None:
    await js.publish(subject, orjson.dumps({"id": str(user), "version": version, **more}))


async def test_who_leaves_is_heard_and_who_comes_back_too(nats_url: str, stream: JetStreamContext) -> None:
    wolf, owl = uuid4(), uuid4()
    async with following(nats_url) as found:
        await tell(stream, "user.deleted", wolf, 2)
        await tell(stream, "user.updated", owl, 2, is_active=False)
        await refused(found, wolf, UserNotFound)
        await refused(found, owl, UserInactive)
        await tell(stream, "user.updated", owl, 3, is_active=True)
        await tell(stream, "user.updated", owl, 1, is_active=True)
        async with asyncio.timeout(10):
            while owl in found._inactive:
                await asyncio.sleep(0.01)


async def test_garbage_does_not_deafen(nats_url: str, stream: JetStreamContext) -> None:
    """Hardening 2G 146: one message that nobody can read, and the next one counts; heard, and read from the log."""
    wolf = uuid4()
    garbage = (b"", b"\xff", b"[]", b"null", b'{"id": 7}', b'{"id": "x", "version": 1}', b'{"version": 2}', b"{" * 2000)
    for each in garbage:
        await stream.publish("user.deleted", each)
    await stream.publish("user.updated", orjson.dumps({"id": str(uuid4()), "is_active": False}))
    await tell(stream, "user.deleted", wolf, 2)
    async with following(nats_url) as found:
        await refused(found, wolf, UserNotFound)
        bear = uuid4()
        for each in garbage:
            await stream.publish("user.deleted", each)
        await tell(stream, "user.deleted", bear, 2)
        await refused(found, bear, UserNotFound)


async def test_the_log_is_read_page_by_page(nats_url: str, stream: JetStreamContext) -> None:
    """More than one answer of the server holds, with others' events between them."""
    users = [uuid4() for _ in range(log_tail.BATCH + 50)]
    for number, user in enumerate(users):
        await stream.publish("dex.deleted", b"{}")
        await tell(stream, "user.deleted", user, number)
    async with following(nats_url) as found:
        for user in users:
            await refused(found, user, UserNotFound)


async def test_a_lost_log_is_followed_again(nats_url: str, stream: JetStreamContext) -> None:
    """Sequences count from one again; what is told from then on is read, also where it was not heard."""
    wolf, owl = uuid4(), uuid4()
    async with following(nats_url) as found:
        await tell(stream, "user.deleted", wolf, 2)
        await refused(found, wolf, UserNotFound)
        await stream.delete_stream(STREAM)
        await asyncio.sleep(0)
        await stream.add_stream(stream_config())
        # As if the connection had been away at that moment.
        found.learn = deaf(found.learn)  # type: ignore[method-assign]
        await tell(stream, "user.deleted", owl, 2)
        await refused(found, owl, UserNotFound)


def deaf(learn):
    """Forgets the first that it is told."""
    told = []

    def learn_later(subject, data):
        told.append(data)
        if len(told) > 1:
            learn(subject, data)

    return learn_later
