"""What the log holds as a temporary table beside a service's own tables, so that the database can compare them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import asyncpg
import orjson

from libs.common.recovery.log_reader import LogReader, Told, told

Making = Callable[[Any], Mapping[str, Any]]

TABLE: Final = """
CREATE TEMP TABLE told (
    seq bigint NOT NULL,
    event_id text NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    record uuid,
    version bigint,
    gone boolean NOT NULL,
    run text NOT NULL,
    people uuid[] NOT NULL,
    digest text NOT NULL,
    state jsonb,
    whole jsonb
)
"""
COLUMNS: Final = (
    *("seq", "event_id", "subject", "word", "record", "version", "gone", "run", "people", "digest", "state", "whole"),
)


class LogTable:
    """The table `told` of one connection: a row for every message; `record` is NULL where nobody can read it.

    words   kinds of records that are taken in (`dex`); what cannot be read is taken in always
    making  of a subject: what a copy makes of its events (`state`)
    told    subjects of which all that an event says is kept as well (`whole`), without what it leaves to defaults
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        words: Collection[str],
        making: Mapping[str, Making] | None = None,
        told: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._words = words
        self._making = making or {}
        self._told = told

    async def create(self) -> None:
        await self._connection.execute(TABLE)

    async def add(self, messages: Iterable[Told]) -> None:
        """Takes in what it is for of these."""
        rows = [self._row(message) for message in messages if self._is_ours(message)]
        await self._connection.copy_records_to_table("told", records=rows, columns=COLUMNS, schema_name="pg_temp")

    async def all_in(self) -> None:
        """Lets the planner know how much there is."""
        await self._connection.execute("ANALYZE told")

    def _is_ours(self, message: Told) -> bool:
        return message.event is None or message.event.word() in self._words

    def _row(self, message: Told) -> tuple[Any, ...]:
        seq, event_id, subject, run, event, digest = message
        word, _, fact = subject.partition(".")
        known = (seq, event_id, subject, word)
        if event is None:
            return (*known, None, None, False, run, [], digest, None, None)
        made = self._making.get(subject)
        state = orjson.dumps(made(event)).decode() if made else None
        whole = event.model_dump_json(exclude_unset=True) if subject in self._told else None
        gone = fact.startswith("deleted")
        return (*known, event.id, event.version, gone, run, list(event.people()), digest, state, whole)


async def fill(table: LogTable, reader: LogReader) -> int:
    """Takes in what the reader has not read yet; returns how many messages it read."""
    count = 0
    while messages := await reader.read():
        await table.add(told(message) for message in messages)
        count += len(messages)
    await table.all_in()
    return count
