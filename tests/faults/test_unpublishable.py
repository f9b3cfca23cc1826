"""What the bus could never take is refused before the commit, so that nothing ever stands in an outbox's way."""

from typing import ClassVar
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from libs.common.outbox import record
from libs.contracts.event import Event
from tests.faults.small.mesh import SmallMesh
from tests.faults.small.teller import Person

TOO_MUCH = 300_000
FUTURE = "of-the-future"


class Misnamed(Event):
    subject: ClassVar[str] = "user registered >"


async def test_an_event_that_is_too_large_is_its_senders_error(small: SmallMesh) -> None:
    """F16: 300 kB are a 4xx with the change undone, and the next event of the same record is published."""
    teller = await small.teller()
    ada = uuid4()
    answer = await small.client.put(f"{teller.url}/people/{ada}/", params={"weight": TOO_MUCH})
    assert answer.status_code == 400
    assert (await small.client.get(f"{teller.url}/people/{ada}/")).status_code == 404
    assert await small.write(teller, ada) == 1
    assert await small.violations() == []
    assert await small.messages() == 1


async def test_an_event_without_a_lawful_name_is_never_written(small: SmallMesh) -> None:
    """F16: the table itself refuses the subject, and the change with it."""
    with pytest.raises(IntegrityError, match="subject_is_legal"):
        async with small.database.transaction() as session:
            person = Person(id=uuid4(), version=1)
            session.add(person)
            record(session, Misnamed(id=person.id, version=1))
    teller = await small.teller()
    await small.write(teller)
    assert await small.recorded() == 1
    assert await small.violations() == []


async def test_a_form_of_the_future_harms_nobody(small: SmallMesh) -> None:
    """F16: an event of a version that this code does not know is nobody's, and what comes after it arrives."""
    teller = await small.teller()
    await small.write(teller)
    async with small.log() as js:
        await js.publish("user.updated.v9", b'{"id": 7}', headers={"ce-id": FUTURE})
    await small.write(teller)
    assert await small.violations(poison=frozenset({FUTURE})) == []
    assert await small.dead_letters() == 0
