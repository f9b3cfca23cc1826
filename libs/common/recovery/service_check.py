"""One service, held against the log: its outbox, its copies, its records, its dead letters."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery import invariants
from libs.common.recovery.acknowledged import differences
from libs.common.recovery.audit import Named, Surroundings
from libs.common.recovery.declared import Copy, Declared, copies_of
from libs.common.recovery.invariants import Violation
from libs.common.recovery.log_reader import Told
from libs.common.recovery.log_table import LogTable
from libs.common.recovery.places import database_of, engine_of

BATCH: Final = 1000
OWN: Final = "SELECT aggregate_type FROM outbox UNION SELECT aggregate_type FROM past_event"


class ServiceCheck:
    """Holds a connection as the service's role, with the part of the log that concerns it."""

    def __init__(self, declared: Declared, url: str, connection: asyncpg.Connection, own: set[str]) -> None:
        self._declared = declared
        self._url = url
        self._connection = connection
        self._own = sorted(own | declared.words)
        self._copies = copies_of(declared)
        heard = {subject.partition(".")[0] for copy in self._copies for subject in copy.subjects}
        making = {subject: made for copy in self._copies for subject, made in copy.making.items()}
        self._table = LogTable(connection, {*self._own, *heard}, making, declared.told)

    @classmethod
    @asynccontextmanager
    async def opened(cls, declared: Declared, url: str) -> AsyncIterator["ServiceCheck"]:
        async with database_of(url) as connection:
            own = {row[0] for row in await connection.fetch(OWN)}
            check = cls(declared, url, connection, own)
            await check._table.create()
            yield check

    async def add(self, messages: Iterable[Told]) -> None:
        """Takes note of what the log holds."""
        await self._table.add(messages)

    async def violations(self, surroundings: Surroundings) -> list[Violation]:
        """What does not hold at this moment."""
        await self._table.all_in()
        found = [
            *await self._outbox(),
            *await self._strange(surroundings.poison),
            *[violation for copy in self._copies for violation in await self._copy(copy)],
            *await self._dead_letters(surroundings.poison),
            *await self._records(),
            *await self._forgotten(),
        ]
        audit, history = self._declared.audit, surroundings.history
        async with engine_of(self._url) as engine, engine.connect() as connection:
            session = AsyncSession(connection)
            async for invariant, key, sentence in audit.findings(session, surroundings):
                found.append(self._violation(invariant, key, sentence))
            if history is not None:
                async for key, sentence in differences(session, audit, history):
                    found.append(self._violation("I9", key, sentence))
        return found

    async def files(self) -> list[Named]:
        """Every file that the service's records name at this moment."""
        async with engine_of(self._url) as engine, engine.connect() as connection:
            session = AsyncSession(connection)
            return [named for names in self._declared.audit.names async for named in names(session)]

    async def _outbox(self) -> list[Violation]:
        ask = self._connection.fetch
        lost = [
            self._violation("I1", r["event_id"], f"{_told(r)} was published and is not in the log")
            for r in await ask(invariants.LOST)
        ]
        doubled = [
            self._violation("I1", r["event_id"], f"{_letter(r)} is in the log more than once: {r['sequences']}")
            for r in await ask(invariants.DOUBLED, self._own)
        ]
        waiting = [
            self._violation(
                "I6",
                f"{r['partition']}/{r['oldest']}",
                f"{r['count']} events of partition {r['partition']} are not published, the oldest for {_age(r)}",
            )
            for r in await ask(invariants.UNPUBLISHED)
        ]
        jumbled = [
            self._violation("I7", r["seq"], f"{r['word']}/{r['record']}@{r['version']} comes after @{r['before']}")
            for r in await ask(invariants.OUT_OF_ORDER, self._own)
        ]
        return lost + doubled + waiting + jumbled

    async def _strange(self, poison: Collection[str]) -> list[Violation]:
        """What the log and the outbox do not agree about."""
        ask = self._connection.fetch
        foreign = [
            self._violation("I1", r["seq"], f"{_told(r)} is in the log (no. {r['seq']}), and nobody wrote it")
            for r in await ask(invariants.FOREIGN, self._own, list(poison))
        ]
        altered = [
            self._violation("I1", r["seq"], f"{_told(r)} is in the log (no. {r['seq']}) with other bytes")
            for r in await ask(invariants.ALTERED)
        ]
        gaps = [
            self._violation(
                "I1", r["record"], f"{r['record']} has {r['count']} events for @{r['first']} to @{r['last']}"
            )
            for r in await ask(invariants.GAPS, sorted(self._declared.told))
        ]
        return foreign + altered + gaps

    async def _copy(self, copy: Copy) -> list[Violation]:
        question = invariants.unlike_log(copy.table, copy.columns, outlives=copy.outlives)
        rows = await self._connection.fetch(question, copy.subjects)
        return [
            self._violation(
                "I2",
                f"{copy.table}/{r['record']}/{r['told']}/{r['kept']}",
                f"{copy.table} {r['record']}: the log tells {_state(r['told'], r['told_gone'])}, "
                f"the copy is {_state(r['kept'], r['buried'])}{_same(r)}",
            )
            for r in rows
        ]

    async def _dead_letters(self, poison: Collection[str]) -> list[Violation]:
        found = [
            self._violation("I4", f"{r['consumer']}/{r['event_id']}", f"{_letter(r)}: {r['error']}")
            for r in await self._connection.fetch(invariants.SET_ASIDE, list(poison))
        ]
        if poison:
            for handler in [handler for handlers in self._declared.handlers for handler in handlers.all]:
                found += [
                    self._violation("I4", f"{handler.durable}/{r['event_id']}", f"{handler.durable} lost {_letter(r)}")
                    for r in await self._connection.fetch(
                        invariants.SWALLOWED, list(poison), handler.subjects, handler.durable
                    )
                ]
        return found

    async def _records(self) -> list[Violation]:
        parts = self._declared.snapshot.parts
        if not parts:
            return []
        await self._connection.execute(invariants.OWNED)
        await self._connection.execute("TRUNCATE owned")
        async with engine_of(self._url) as engine, engine.connect() as connection:
            for part in parts:
                rows: list[tuple[Any, ...]] = []
                async for event in part.records(AsyncSession(connection)):
                    state = event.model_dump_json(exclude=set(part.unlike))
                    rows.append((part.event.word(), event.id, event.version, part.is_tombstones, state))
                    if len(rows) == BATCH:
                        await self._own_more(rows)
                        rows.clear()
                await self._own_more(rows)
        return [
            self._violation(
                "I5",
                f"{r['word']}/{r['record']}/{r['told']}/{r['owned']}",
                f"{r['word']}/{r['record']} is {_state(r['owned'], r['owner_lost'])}, "
                f"the log tells {_state(r['told'], r['told_gone'])}{_differing(r['names'])}",
            )
            for r in await self._connection.fetch(invariants.UNLIKE_OWNED, sorted(self._declared.told))
        ]

    async def _own_more(self, rows: list[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table("owned", records=rows, schema_name="pg_temp")

    async def _forgotten(self) -> list[Violation]:
        in_log = await self._connection.fetch(invariants.STILL_IN_LOG, self._own)
        in_outbox = await self._connection.fetch(invariants.STILL_IN_OUTBOX)
        blank = [
            self._violation("U4", f"blank/{r['id']}", f"{r['subject']} of {r['record']} is blank, and not taken out")
            for r in await self._connection.fetch(invariants.STILL_BLANK)
        ]
        return blank + [
            self._violation(
                "U4", f"{place}/{r[0]}", f"{r['subject']} (no. {r[0]} of the {place}) tells of {r['person']}"
            )
            for place, rows in (("log", in_log), ("outbox", in_outbox))
            for r in rows
        ]

    def _violation(self, invariant: str, key: object, sentence: str) -> Violation:
        return Violation(invariant, self._declared.service, str(key), sentence)


def _told(row: asyncpg.Record) -> str:
    return f"{row['subject']} {row['record']}@{row['version']} ({row['event_id']})"


def _letter(row: asyncpg.Record) -> str:
    return f"{row['subject']} {row['event_id']}"


def _age(row: asyncpg.Record) -> str:
    return f"{row['age'].total_seconds():.0f} s"


def _state(version: int | None, gone: bool | None) -> str:
    if version is None:
        return "nothing"
    return f"@{version}{' (gone)' if gone else ''}"


def _same(row: asyncpg.Record) -> str:
    same = row["told"] == row["kept"] and row["told_gone"] == row["buried"]
    return ", with other content" if same else ""


def _differing(names: list[str] | None) -> str:
    return f", with another {', '.join(names)}" if names else ""
