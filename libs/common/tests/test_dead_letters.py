"""What was set aside is handed to its handler again, in one transaction with its removal, or given up."""

from uuid import uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import keep_told
from libs.common.db import Database
from libs.common.handlers import Handlers, Poison
from libs.common.outbox import record, recorded
from libs.common.recovery.dead_letters import Letter, NoSuchHandler, drop, letters_in, redrive
from libs.common.tests.conftest import RefUser
from libs.common.tests.test_events import names, running, until, user
from libs.contracts.dex import DexDeleted
from libs.contracts.users import UserRegistered


class Fussy:
    """A service that cannot apply anything, until it is mended."""

    def __init__(self) -> None:
        self.is_mended = False
        self.handlers = Handlers("scratch")
        self.handlers.on(UserRegistered)(self.remember_user)

    async def remember_user(self, event: UserRegistered, session: AsyncSession) -> None:
        await keep_told(session, RefUser, event)
        record(session, DexDeleted(id=event.id, version=1, owner_id=event.id))
        assert recorded(session)
        if not self.is_mended:
            raise Poison("not like this")


async def set_aside(scratch: Database, nats_url: str, stream: JetStreamContext, fussy: Fussy) -> list[Letter]:
    """Two people whom the service could not take."""
    async with running(scratch, nats_url, fussy.handlers, stream):
        async with scratch.transaction() as session:
            record(session, user(name="ada"))
            record(session, user(name="ben"))

        async def both() -> bool:
            return len(await letters_in(scratch)) == 2

        await until(both)
    return await letters_in(scratch)


async def test_a_letter_is_applied_once(scratch: Database, nats_url: str, stream: JetStreamContext) -> None:
    fussy = Fussy()
    first, second = await set_aside(scratch, nats_url, stream, fussy)
    assert first.consumer == "scratch-remember-user"
    assert first.error == "not like this"
    fussy.is_mended = True

    assert await redrive(scratch, [fussy.handlers], first) is True
    assert await redrive(scratch, [fussy.handlers], first) is False

    assert list(await names(scratch)) == [first.aggregate_id]
    assert await letters_in(scratch) == [second]


async def test_what_fails_again_stays_set_aside(scratch: Database, nats_url: str, stream: JetStreamContext) -> None:
    fussy = Fussy()
    letters = await set_aside(scratch, nats_url, stream, fussy)

    with pytest.raises(Poison):
        await redrive(scratch, [fussy.handlers], letters[0])

    assert await letters_in(scratch) == letters
    assert await names(scratch) == {}


async def test_a_letter_of_nobody_is_refused_and_can_be_dropped(
    scratch: Database, nats_url: str, stream: JetStreamContext
) -> None:
    first, second = await set_aside(scratch, nats_url, stream, Fussy())
    with pytest.raises(NoSuchHandler):
        await redrive(scratch, [Handlers("scratch")], first)

    assert await drop(scratch, first) is True
    assert await drop(scratch, first) is False

    assert await letters_in(scratch, event_ids=[first.event_id, second.event_id]) == [second]
    assert await letters_in(scratch, event_ids=[str(uuid4())]) == []
    assert await letters_in(scratch, consumer="another") == []
