"""The log forgets a person: what was told of them leaves outbox, dead letters and stream; tombstones stay."""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.forgetting import Forgetting, forget_events_of_user
from libs.common.handlers import Handlers
from libs.common.outbox import dead_letter, outbox, record
from libs.common.tests.test_events import running, until, user
from libs.contracts.dex import DexDeleted
from libs.contracts.users import UserDeleted


async def test_a_person_is_forgotten_and_everybody_else_is_not(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    handlers = Handlers("scratch")
    handlers.on(UserDeleted)(forget_events_of_user)
    ada, ben = user(name="ada-who-goes"), user(name="ben-who-stays")
    async with running(scratch, nats_url, handlers, stream) as (bus, _):
        async with scratch.transaction() as session:
            record(session, ada)
            record(session, ben)
            record(session, DexDeleted(id=uuid4(), version=2, owner_id=ada.id))
            await session.execute(insert(dead_letter).values(_letter(ada.id, b"ada-who-goes")))
            await session.execute(insert(dead_letter).values(_letter(ben.id, b"ben-who-stays")))
        async with scratch.transaction() as session:
            record(session, UserDeleted(id=ada.id, version=2))
        forgetting = asyncio.create_task(Forgetting(scratch, bus).run())

        async def only_tombstones_of_ada() -> bool:
            kept = await _messages(stream)
            told = {message.subject for message in kept}
            if "user.deleted" not in told or any(b"ada-who-goes" in (each.data or b"") for each in kept):
                return False
            # The rows follow their messages, one transaction later.
            async with scratch.reading() as session:
                return await session.scalar(select(func.count()).select_from(outbox)) == 3

        await until(only_tombstones_of_ada, 15)
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)

    kept = await _messages(stream)
    assert {message.subject for message in kept} == {"user.registered", "dex.deleted", "user.deleted"}
    assert len(kept) == 3
    assert any(b"ben-who-stays" in (message.data or b"") for message in kept)
    async with scratch.reading() as session:
        payloads = (await session.scalars(select(outbox.c.payload))).all()
        letters = (await session.scalars(select(dead_letter.c.payload))).all()
    assert len(payloads) == 3
    assert not any(b"ada-who-goes" in payload for payload in payloads)
    assert [b"ben-who-stays" in letter for letter in letters] == [True]


async def test_a_message_with_another_identity_is_left_alone(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    """After the stream was made anew its sequences count from one again."""
    handlers = Handlers("scratch")
    ada = user(name="ada-who-goes")
    async with running(scratch, nats_url, handlers, stream) as (bus, _):
        async with scratch.transaction() as session:
            record(session, ada)

        async def published() -> bool:
            async with scratch.reading() as session:
                return bool(
                    await session.scalar(
                        select(func.count()).select_from(outbox).where(outbox.c.published_at.is_not(None))
                    )
                )

        await until(published)
        other = await stream.publish("user.updated", b"{}", headers={"ce-id": "another"})
        async with scratch.transaction() as session:
            await session.execute(outbox.update().values(stream_seq=other.seq))
        async with scratch.transaction() as session:
            await forget_events_of_user(UserDeleted(id=ada.id, version=2), session)
        forgetting = asyncio.create_task(Forgetting(scratch, bus).run())

        async def gone() -> bool:
            async with scratch.reading() as session:
                return not await session.scalar(select(func.count()).select_from(outbox))

        await until(gone, 15)
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)
    assert (await stream.get_msg(STREAM, other.seq)).data == b"{}"


async def _messages(stream: JetStreamContext) -> list[RawStreamMsg]:
    state, found = (await stream.stream_info(STREAM)).state, []
    for sequence in range(state.first_seq, state.last_seq + 1):
        with suppress(NotFoundError):
            found.append(await stream.get_msg(STREAM, sequence))
    return found


def _letter(person: UUID, name: bytes) -> dict[str, object]:
    return {
        "consumer": f"scratch-{name.decode()}",
        "event_id": str(uuid4()),
        "subject": "user.registered",
        "payload": b'{"id": "' + str(person).encode() + b'", "username": "' + name + b'"}',
        "headers": {},
        "error": "",
        "deliveries": 1,
        "stream_seq": 1,
    }
