"""What a process tells of its loop and its database, as a monitor sees it."""

import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import insert, text

from libs.common.database_figures import MOST_COUNTED, look, watch
from libs.common.db import Database
from libs.common.lateness import KEPT, Lateness
from libs.common.outbox import dead_letter

NOWHERE = "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nothing"


def told(name: str) -> float:
    value = REGISTRY.get_sample_value(name)
    assert value is not None
    return value


def letters(count: int) -> list[dict[str, object]]:
    same = {"consumer": "c", "subject": "s", "payload": b"", "headers": {}, "error": "", "deliveries": 1}
    return [
        {**same, "event_id": f"e-{number}", "stream_seq": number, "created_at": datetime.now(UTC)}
        for number in range(count)
    ]


async def test_what_a_service_sees_of_its_database(scratch: Database) -> None:
    async with scratch.engine.begin() as connection:
        await connection.execute(insert(dead_letter), letters(3))
    async with scratch.engine.begin() as waiting:
        await waiting.execute(text("SELECT pg_sleep(0.3)"))
        await look(scratch)
        assert told("postgres_oldest_transaction_seconds") >= 0.3
    assert told("database_answers") == told("schema_at_head") == 1
    assert told("dead_letters_waiting") == 3
    assert told("postgres_database_bytes") > 1_000_000
    assert 1 < told("postgres_connections") <= told("postgres_connections_limit")
    await look(scratch)
    assert told("postgres_oldest_transaction_seconds") < 0.3


async def test_dead_letters_are_counted_up_to_a_bound(scratch: Database) -> None:
    async with scratch.engine.begin() as connection:
        await connection.execute(insert(dead_letter), letters(MOST_COUNTED + 5))
    await look(scratch)
    assert told("dead_letters_waiting") == MOST_COUNTED


async def test_a_database_that_is_away_is_told_and_the_last_figures_stand(scratch: Database) -> None:
    await look(scratch)
    size = told("postgres_database_bytes")
    away = Database(NOWHERE, name="scratch")
    watching = asyncio.create_task(watch(away))
    async with asyncio.timeout(10):
        while told("database_answers"):
            await asyncio.sleep(0.01)
    watching.cancel()
    await away.close()
    assert told("database_answers") == 0
    assert told("postgres_database_bytes") == size


def test_the_worst_tick_is_told_for_as_long_as_somebody_may_not_have_looked() -> None:
    lateness = Lateness()
    lateness.note(0.7)
    for _ in range(KEPT - 1):
        lateness.note(0.001)
    assert told("event_loop_lag_seconds") == pytest.approx(0.7)
    lateness.note(0.002)
    assert told("event_loop_lag_seconds") == pytest.approx(0.002)
