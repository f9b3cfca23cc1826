"""The way of an event: outbox, bus, handler; and what becomes of those that cannot be handled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import STREAM, Bus
from libs.common.consistency import Progress
from libs.common.copies import keep
from libs.common.db import Database
from libs.common.handlers import Handlers, Poison
from libs.common.inbox import Acknowledgement, Inbox
from libs.common.outbox import dead_letter, outbox, record
from libs.common.projector import Projector
from libs.common.provision import Drift, provision_handlers
from libs.common.relay import Relay
from libs.common.tests.conftest import RefUser, Sighting
from libs.contracts.social import FriendshipDeleted
from libs.contracts.users import UserRegistered, UserState, UserUpdated


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def user(version: int = 1, id: UUID | None = None, name: str = "ada") -> UserRegistered:
    return UserRegistered(
        id=id or uuid4(),
        version=version,
        username=name,
        friend_code="ABCD1234",
        avatar=None,
        is_staff=False,
        is_superuser=False,
        is_active=True,
        created_at=datetime.now(UTC),
    )


@asynccontextmanager
async def running(
    database: Database, url: str, handlers: Handlers, js: JetStreamContext
) -> AsyncIterator[tuple[Bus, Progress]]:
    """Relay and consumers as a service runs them."""
    acknowledgement = type("Acknowledgement", (Acknowledgement,), {"db": database, "__slots__": ()})
    bus = Bus(url, name="scratch", middlewares=(acknowledgement,))
    progress = Progress(database, {"user": RefUser})
    await bus.connect()
    await provision_handlers(js, handlers)
    relay = Relay(database, bus)
    database.relay = relay
    tasks = [asyncio.create_task(relay.run())]
    Inbox(handlers, database, bus, progress).subscribe()
    await bus.broker.start()
    for handler in handlers.all:
        if handler.many:
            tasks.append(asyncio.create_task(Projector(handler, database, bus, progress).run()))
    try:
        yield bus, progress
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await bus.close()
        assert [error for error in ended if isinstance(error, Exception)] == []


async def names(database: Database) -> dict[UUID, str]:
    async with database.reading() as session:
        return {row.id: row.username for row in await session.execute(select(RefUser.id, RefUser.username))}


async def test_an_event_arrives_once_with_its_headers(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")

    @handlers.on(UserRegistered, UserUpdated)
    async def remember_user(event: UserState, session: AsyncSession) -> None:
        await keep(session, RefUser, id=event.id, version=event.version, username=event.username)

    ada = user()
    async with running(scratch, nats_url, handlers, stream) as (_, progress):
        async with scratch.transaction() as session:
            record(session, ada)
        assert await progress.wait_for(f"user/{ada.id}@1")
        assert await names(scratch) == {ada.id: "ada"}
        # The relay marks its row when the handler may be done already.
        await until(lambda: _all_published(scratch))

    message = await stream.get_msg(STREAM, subject="user.registered")
    headers = message.headers or {}
    assert headers["ce-type"] == "user.registered"
    assert headers["Nats-Msg-Id"] == headers["ce-id"]
    async with scratch.reading() as session:
        row = (await session.execute(select(outbox))).one()
    assert row.published_at is not None
    assert row.stream_seq == message.seq


async def test_nothing_leaves_when_the_change_is_rolled_back(scratch: Database) -> None:
    with pytest.raises(RuntimeError):
        async with scratch.transaction() as session:
            session.add(Sighting(id=uuid4(), version=1))
            record(session, user())
            raise RuntimeError
    async with scratch.reading() as session:
        assert await session.scalar(select(func.count()).select_from(outbox)) == 0


async def test_many_events_keep_their_order_per_record(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")
    seen: list[tuple[UUID, int]] = []

    @handlers.bulk(UserRegistered)
    async def project_users(events: list[UserRegistered], session: AsyncSession) -> None:
        seen.extend((event.id, event.version) for event in events)

    people = [uuid4() for _ in range(10)]
    async with running(scratch, nats_url, handlers, stream):
        for version in range(1, 31):
            async with scratch.transaction() as session:
                for person in people:
                    record(session, user(version, person))

        async def all_there() -> bool:
            return len(seen) >= 300

        await until(all_there)
    assert len(seen) == 300
    for person in people:
        assert [version for id, version in seen if id == person] == list(range(1, 31))


async def test_poison_is_set_aside_and_its_neighbors_arrive(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")

    @handlers.on(UserRegistered)
    async def remember_user(event: UserRegistered, session: AsyncSession) -> None:
        if event.username == "poison":
            raise Poison("nobody is called that")
        await keep(session, RefUser, id=event.id, version=event.version, username=event.username)

    async with running(scratch, nats_url, handlers, stream):
        await stream.publish("user.registered", b'{"id": "broken', headers={"ce-id": "truncated"})
        await stream.publish("user.registered", b'{"id": 5}', headers={"ce-id": "wrong-type"})
        ada = user()
        async with scratch.transaction() as session:
            record(session, user(name="poison"))
            record(session, ada)

        async def both() -> bool:
            async with scratch.reading() as session:
                aside = await session.scalar(select(func.count()).select_from(dead_letter))
            return aside == 3 and ada.id in await names(scratch)

        await until(both)
        await until(lambda: _settled(stream, "scratch-remember-user"))


async def _all_published(database: Database) -> bool:
    async with database.reading() as session:
        return not await session.scalar(select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None)))


async def _settled(js: JetStreamContext, durable: str) -> bool:
    info = await js.consumer_info(STREAM, durable)
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_something_away_is_waited_for(scratch: Database, nats_url: str, stream: JetStreamContext) -> None:
    handlers = Handlers("scratch")
    tries = 0

    @handlers.on(UserRegistered)
    async def remember_user(event: UserRegistered, session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionRefusedError
        await keep(session, RefUser, id=event.id, version=event.version, username=event.username)

    ada = user()
    async with running(scratch, nats_url, handlers, stream):
        async with scratch.transaction() as session:
            record(session, ada)

        async def there() -> bool:
            return ada.id in await names(scratch)

        await until(there)
    assert tries == 3
    async with scratch.reading() as session:
        assert await session.scalar(select(func.count()).select_from(dead_letter)) == 0


async def test_a_bulk_handler_finds_the_culprit_by_halving(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")

    @handlers.bulk(UserRegistered)
    async def project_users(events: list[UserRegistered], session: AsyncSession) -> None:
        for event in events:
            if event.username == "poison":
                raise Poison("nobody is called that")
            await keep(session, RefUser, id=event.id, version=event.version, username=event.username)

    people = [user(name=f"person {number}") for number in range(20)]
    async with scratch.transaction() as session:
        for person in [*people[:7], user(name="poison"), *people[7:]]:
            record(session, person)
    async with running(scratch, nats_url, handlers, stream):

        async def there() -> bool:
            async with scratch.reading() as session:
                aside = await session.scalar(select(func.count()).select_from(dead_letter))
            return aside == 1 and len(await names(scratch)) == 20

        await until(there)


async def test_a_repeated_publication_is_one_event_on_the_bus(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")
    async with scratch.transaction() as session:
        for number in range(20):
            record(session, user(name=f"person {number}"))

    async with running(scratch, nats_url, handlers, stream):
        await until(lambda: _all_published(scratch))
        async with scratch.transaction() as session:
            await session.execute(update(outbox).values(published_at=None))
        await until(lambda: _all_published(scratch))
    assert (await stream.stream_info(STREAM)).state.messages == 20


async def test_a_waiting_read_is_told_when_its_version_does_not_come(scratch: Database) -> None:
    progress = Progress(scratch, {"user": RefUser})
    assert await progress.wait_for("dex/no-token, ,user/zz@1") is True
    assert await progress.wait_for(f"user/{uuid4()}@1") is False


async def test_handlers_declare_what_the_bus_must_hold(stream: JetStreamContext) -> None:
    handlers = Handlers("scratch")

    @handlers.on(UserRegistered, FriendshipDeleted)
    async def do_two_things(event: object, session: AsyncSession) -> None: ...

    await provision_handlers(stream, handlers)
    await provision_handlers(stream, handlers)
    info = await stream.consumer_info(STREAM, "scratch-do-two-things")
    assert info.config.filter_subjects == ["user.registered", "friendship.deleted"]
    assert info.config.max_deliver == -1
    with pytest.raises(ValueError, match="twice"):
        handlers.on(UserRegistered)(do_two_things)


async def test_what_the_bus_will_not_change_is_said_and_not_passed_over(stream: JetStreamContext) -> None:
    handlers = Handlers("scratch")

    @handlers.on(UserRegistered)
    async def begin_somewhere(event: UserRegistered, session: AsyncSession) -> None: ...

    await stream.add_consumer(STREAM, durable_name="scratch-begin-somewhere", deliver_policy=DeliverPolicy.NEW)
    with pytest.raises(Drift, match="scratch-begin-somewhere"):
        await provision_handlers(stream, handlers)
