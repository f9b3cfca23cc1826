"""The trees' tables are made anew while players read and the log goes on; a kill at any point changes nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from sqlalchemy import func, select, text

from libs.common.bus import STREAM, Bus
from libs.common.consistency import Progress
from libs.common.db import Database
from libs.common.projector import Projector
from libs.common.provision import provision_handlers, provision_stream, stream_config
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.places import Places
from libs.common.recovery.rebuild import AlreadyRunning, rebuild
from libs.common.recovery.service_check import Declared
from libs.common.recovery.verify import Checker
from libs.contracts.event import Event
from services.graph.handlers import handlers
from services.graph.models import Capture, ScopeVersion
from services.graph.rebuild import projection
from services.graph.tests.story import WOLF, animal, capture, key_of, names_seen, player

ROOT = Path(__file__).parents[3]
DURABLE = projection.projector.durable
CAPTURES = 1200
"""More than two batches, so that there is something between them to be killed at."""
BETWEEN_CATCHES = 0.005
"""Seconds; the pace of the load."""


@pytest.fixture
def url(database_urls: dict[str, str]) -> str:
    return database_urls["graph"]


@pytest.fixture
async def log(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """An empty log with the graph's durables, and no others."""
    connection = await nats.connect(nats_url)
    js = connection.jetstream()
    await provision_stream(js, stream_config())
    for info in await js.consumers_info(STREAM):
        await js.delete_consumer(STREAM, info.name)
    await js.purge_stream(STREAM)
    await provision_handlers(js, handlers)
    yield js
    await connection.close()


@asynccontextmanager
async def projecting(db: Database, nats_url: str) -> AsyncIterator[None]:
    """The graph's own projector, as the service runs it."""
    bus = Bus(nats_url, name="graph")
    await bus.connect()
    projector = Projector(projection.projector, db, bus, Progress(db, handlers.witnesses))
    task = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.close()


async def publish(js: JetStreamContext, events: Sequence[Event]) -> None:
    for start in range(0, len(events), 200):
        await asyncio.gather(
            *(
                js.publish(event.subject, event.model_dump_json().encode(), headers={"ce-id": f"{event.id}/{number}"})
                for number, event in enumerate(events[start : start + 200], start)
            )
        )


async def until_applied(js: JetStreamContext) -> None:
    async with asyncio.timeout(20):
        while True:
            info = await js.consumer_info(STREAM, DURABLE)
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.02)


async def captures_seen(db: Database) -> int:
    async with db.reading() as session:
        return await session.scalar(select(func.count(Capture.id))) or 0


async def versions(db: Database) -> dict[object, int]:
    async with db.reading() as session:
        return {row.scope: row.version for row in (await session.scalars(select(ScopeVersion))).all()}


async def sql(db: Database, statement: str) -> None:
    async with db.transaction() as session:
        await session.execute(text(statement))


def nobody_looks(*_how: object) -> None:
    """A show without an audience."""


async def test_trees_are_rebuilt_while_they_are_read_and_grow(
    db: Database, url: str, nats_url: str, log: JetStreamContext
) -> None:
    alice, wolf = player("alice"), animal(WOLF)
    await publish(log, [alice, wolf, *(capture(alice, wolf, days=day) for day in range(CAPTURES))])
    seen: list[int] = []
    over = asyncio.Event()

    async def read() -> None:
        while not over.is_set():
            seen.append(await captures_seen(db))
            assert await names_seen(db, alice) == ["Canis lupus"]

    async def catch_more() -> int:
        count = 0
        while not over.is_set():
            await publish(log, [capture(alice, wolf, days=CAPTURES + count)])
            count += 1
            await asyncio.sleep(BETWEEN_CATCHES)
        return count

    async with projecting(db, nats_url):
        await until_applied(log)
        # What no event can mend, because no event tells of it again.
        await sql(db, "UPDATE ref_animals SET phylum = 'Nobody''s'")
        before, key = await versions(db), await key_of(db, alice)
        players = [asyncio.create_task(read()), asyncio.create_task(read()), asyncio.create_task(catch_more())]

        done = await rebuild(projection, url, log, nobody_looks)

        over.set()
        *_, caught = await asyncio.gather(*players)
        await until_applied(log)
        assert done.events >= CAPTURES + 2
        assert done.rows["ref_animals"] == (1, 1)
        assert done.rows["captures"][1] >= CAPTURES
        assert seen == sorted(seen) and seen[0] >= CAPTURES
        assert caught
        assert await captures_seen(db) == CAPTURES + caught
        after = await versions(db)
        assert all(after[scope] > version for scope, version in before.items())
        assert await key_of(db, alice) != key
        report = await Checker(Places({"graph": url}, nats_url), log, declared={"graph": Declared.by("graph")}).verify(
            patience=10
        )
        assert report.violations == []
    async with db.reading() as session:
        left = "SELECT count(*) FROM pg_tables WHERE schemaname = 'graph_next'"
        assert await session.scalar(text(left)) == 0
        assert await session.scalar(text("SELECT phylum FROM ref_animals")) == "Chordata"


@pytest.mark.parametrize("fault", ["rebuild.after_batch:2", "rebuild.after_replay", "rebuild.before_commit"])
async def test_a_killed_rebuild_changes_nothing_and_can_be_repeated(
    db: Database, url: str, nats_url: str, log: JetStreamContext, fault: str
) -> None:
    alice, wolf = player("alice"), animal(WOLF)
    await publish(log, [alice, wolf, *(capture(alice, wolf, days=day) for day in range(CAPTURES))])
    async with projecting(db, nats_url):
        await until_applied(log)
        await sql(db, "UPDATE ref_animals SET phylum = 'Nobody''s'")
        key = await key_of(db, alice)

        assert await _command(url, nats_url, BUS_FAULT=fault) == -signal.SIGKILL
        assert await key_of(db, alice) == key
        assert await captures_seen(db) == CAPTURES

        assert await _command(url, nats_url) == 0
    assert await captures_seen(db) == CAPTURES
    async with db.reading() as session:
        assert await session.scalar(text("SELECT phylum FROM ref_animals")) == "Chordata"


async def test_what_the_projector_has_set_aside_is_left_out(
    db: Database, url: str, nats_url: str, log: JetStreamContext
) -> None:
    alice, wolf = player("alice"), animal(WOLF)
    await publish(log, [alice, wolf])
    await log.publish("dex.created", b'{"id": 5', headers={"ce-id": "poison"})
    await publish(log, [capture(alice, wolf)])
    async with projecting(db, nats_url):
        await until_applied(log)

        await rebuild(projection, url, log, nobody_looks)

        assert await captures_seen(db) == 1
        places, declared = Places({"graph": url}, nats_url), {"graph": Declared.by("graph")}
        known = Surroundings(poison=frozenset({"poison"}))
        report = await Checker(places, log, declared=declared, surroundings=known).verify(patience=5)
        assert report.violations == []


async def test_of_two_rebuilds_one_is_refused(db: Database, url: str, log: JetStreamContext) -> None:
    await publish(log, [player("alice")])
    outcomes = await asyncio.gather(
        *(rebuild(projection, url, log, nobody_looks) for _ in range(2)), return_exceptions=True
    )
    assert [isinstance(outcome, AlreadyRunning) for outcome in outcomes].count(True) == 1
    assert await captures_seen(db) == 0


async def _command(url: str, nats_url: str, **more: str) -> int:
    """`./bdx graph rebuild` for the service alone; returns its exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.commands", "graph", "rebuild"),
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "NATS_URL": nats_url, **more},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()
