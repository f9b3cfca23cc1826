"""What can be wrong with a small service and its log, done to both on purpose."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.tests.recovering import as_told, log_of

Damage = Callable[[Database, JetStreamContext, UUID], Awaitable[None]]


async def sql(database: Database, statement: str, **values: object) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def an_event_leaves_the_log(_: Database, js: JetStreamContext, person: UUID) -> None:
    """The first of three: the newest still tells the state."""
    first = next(message for message in await log_of(js) if message.event and message.event.id == person)
    await js.delete_msg(STREAM, first.seq)


async def a_copy_shows_something_else(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET username = 'somebody' WHERE id = :id", id=person)


async def a_copy_is_old(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET version = 2 WHERE id = :id", id=person)


async def a_copy_is_missing(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "DELETE FROM ref_users WHERE id = :id", id=person)


async def a_copy_is_of_nobody(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "INSERT INTO ref_users (id, version) VALUES (:id, 1)", id=uuid4())


async def a_living_copy_is_buried(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE ref_users SET deleted_at = now() WHERE id = :id", id=person)


async def an_event_is_set_aside(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(
        database,
        "INSERT INTO dead_letter (consumer, event_id, subject, payload, headers, error, deliveries, stream_seq) "
        "VALUES ('scratch-remember-user', 'some-event', 'user.updated', '', '{}', 'no', 8, 1)",
    )


async def a_record_changes_in_silence(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "UPDATE sightings SET version = 4 WHERE id = :id", id=person)


async def a_record_goes_in_silence(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "DELETE FROM sightings WHERE id = :id", id=person)


async def a_durable_vanishes(_: Database, js: JetStreamContext, person: UUID) -> None:
    await js.delete_consumer(STREAM, "scratch-remember-user")


async def an_event_waits(database: Database, _: JetStreamContext, person: UUID) -> None:
    """Its turn never comes: somebody else publishes its partition, and hangs."""
    await sql(database, "UPDATE outbox SET published_at = NULL WHERE aggregate_id = :id AND version = 3", id=person)


async def the_log_tells_backwards(_: Database, js: JetStreamContext, person: UUID) -> None:
    """Of a record that the outbox does not know: only the order is wrong."""
    stranger = uuid4()
    for version in (2, 1):
        event = as_told(stranger, version)
        await js.publish(event.subject, event.model_dump_json().encode(), headers={"ce-id": f"{stranger}/{version}"})


async def an_event_is_told_twice(database: Database, js: JetStreamContext, person: UUID) -> None:
    """As by a relay that was away for longer than the bus remembers."""
    first = next(message for message in await log_of(js) if message.event and message.event.id == person)
    message = await js.get_msg(STREAM, first.seq)
    await js.publish(first.subject, message.data or b"", headers={"ce-id": first.event_id})


async def somebody_goes_and_is_still_told_of(database: Database, _: JetStreamContext, person: UUID) -> None:
    await sql(database, "INSERT INTO forgotten_person VALUES (:id, now() - interval '5 minutes')", id=person)


async def an_event_is_smuggled_in(_: Database, js: JetStreamContext, person: UUID) -> None:
    """It is well made and tells the truth, but no service wrote it."""
    event = as_told(person, 3)
    await js.publish(event.subject, event.model_dump_json().encode(), headers={"ce-id": str(uuid4())})


async def an_event_has_other_bytes(database: Database, _: JetStreamContext, person: UUID) -> None:
    """As after a bit flip on either side's disk."""
    statement = "UPDATE outbox SET payload = payload || ' ' WHERE aggregate_id = :id AND version = 2"
    await sql(database, statement, id=person)


async def a_version_was_never_told(database: Database, js: JetStreamContext, person: UUID) -> None:
    """Row and message are lost together."""
    second = [message for message in await log_of(js) if message.event and message.event.id == person][1]
    await js.delete_msg(STREAM, second.seq)
    await sql(database, "DELETE FROM outbox WHERE aggregate_id = :id AND version = 2", id=person)


async def a_record_says_something_else(database: Database, js: JetStreamContext, person: UUID) -> None:
    """Changed behind the events' back: of the same version, with another name."""
    await sql(database, "UPDATE sightings SET seen_as = 'somebody' WHERE id = :id", id=person)


async def an_event_is_blank_for_long(database: Database, js: JetStreamContext, person: UUID) -> None:
    """Forgetting stands still between the two steps."""
    statement = "UPDATE outbox SET forgotten_at = now() - interval '5 minutes' WHERE aggregate_id = :id AND version = 1"
    await sql(database, statement, id=person)


async def the_log_is_told_to_forget(_: Database, js: JetStreamContext, person: UUID) -> None:
    """An administrator's mistake: what is older than a month goes by itself."""
    config = (await js.stream_info(STREAM)).config
    config.max_age = 30 * 24 * 3600
    await js.update_stream(config)
