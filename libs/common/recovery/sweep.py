"""Takes out of the log what must not stay in it: second copies, and whatever tells of players who have gone.

A relay that was killed between the bus's acknowledgement and its own note, and was down for longer than the bus
remembers ids, publishes an event twice. Consumers do not mind; but only the copy that the outbox knows would be found
when its player goes (contract U4).
"""

from typing import Final

import asyncpg
import nats.js.errors
from nats.js import JetStreamContext

from libs.common.bus import STREAM
from libs.common.recovery.log_reader import LogReader
from libs.common.recovery.log_table import LogTable, fill
from libs.common.recovery.places import Places, database_of
from libs.common.recovery.republish import Show

KNOWN: Final = """
(SELECT event_id, aggregate_type, subject, stream_seq FROM outbox
UNION ALL SELECT event_id, aggregate_type, subject, stream_seq FROM past_event) AS known
"""
OWN: Final = f"SELECT DISTINCT subject, aggregate_type FROM {KNOWN}"
# Only where the copy that the outbox knows is there too.
SECOND_COPIES: Final = f"""
SELECT told.seq FROM told JOIN {KNOWN} ON known.event_id::text = told.event_id AND known.stream_seq <> told.seq
WHERE EXISTS (SELECT FROM told AS first WHERE first.seq = known.stream_seq AND first.event_id = told.event_id)
"""
OF_THE_GONE: Final = """
SELECT DISTINCT told.seq, told.event_id
FROM told CROSS JOIN LATERAL unnest(told.people) AS named(id) JOIN forgotten_person AS person ON person.id = named.id
WHERE told.word = ANY($1)
"""
# As the service itself blanks them: it takes its rows away, and a message that it still finds.
BLANK: Final = """
UPDATE outbox SET payload = '', headers = '{}', people = '{}', forgotten_at = now()
WHERE event_id::text = ANY($1::text[]) AND published_at IS NOT NULL AND forgotten_at IS NULL
"""
DROP: Final = "DELETE FROM past_event WHERE event_id::text = ANY($1::text[])"


async def sweep(places: Places, js: JetStreamContext, show: Show) -> dict[str, int]:
    """For each service: how many messages were taken out. May be repeated, and interrupted."""
    return {service: await _sweep(service, url, js, show) for service, url in places.databases.items()}


async def _sweep(service: str, url: str, js: JetStreamContext, show: Show) -> int:
    async with database_of(url) as connection:
        own = await connection.fetch(OWN)
        if not own:
            return 0
        words = {row["aggregate_type"] for row in own}
        table, reader = LogTable(connection, words), LogReader(js, [row["subject"] for row in own])
        await table.create()
        try:
            await fill(table, reader)
        finally:
            await reader.close()
        surplus = await _surplus(connection, words)
    for count, sequence in enumerate(surplus, start=1):
        await _take_out(js, sequence)
        show(service, "taking out", count, len(surplus))
    return len(surplus)


async def _surplus(connection: asyncpg.Connection, words: set[str]) -> list[int]:
    second = {row["seq"] for row in await connection.fetch(SECOND_COPIES)}
    gone = await connection.fetch(OF_THE_GONE, sorted(words))
    for statement in (BLANK, DROP):
        await connection.execute(statement, [row["event_id"] for row in gone])
    return sorted(second | {row["seq"] for row in gone})


async def _take_out(js: JetStreamContext, sequence: int) -> None:
    try:
        await js.delete_msg(STREAM, sequence)
    except nats.js.errors.NotFoundError:
        return  # The service itself was faster.
