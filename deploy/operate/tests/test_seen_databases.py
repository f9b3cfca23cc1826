"""Databases of a running stack, broken in one way after the other."""

import signal
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.operate.checks import databases, events, services
from deploy.operate.examination import degraded
from deploy.operate.installation import Installation
from deploy.operate.looks.backups import Backups
from deploy.operate.report import as_report
from deploy.operate.state import look
from deploy.operate.tests.breaking import as_role, stopped
from deploy.operate.tests.project import ids
from tests.mesh import Mesh, until


async def test_a_database_that_hangs(mesh: Mesh, stack: Installation) -> None:
    processes = [mesh.process("postgres"), *mesh.process("postgres").children()]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        state = await look(stack)
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGCONT)
    assert ids(databases, stack, state) == ["database.away"]
    assert "services.not-ready" in ids(services, stack, state)

    async def is_well() -> bool:
        return not degraded(stack, await look(stack))

    await until(is_well)


@pytest.mark.parametrize(("version", "found"), [("dex_0001", "migrations.behind"), ("dex_9999", "migrations.ahead")])
async def test_a_schema_at_another_number(stack: Installation, version: str, found: str) -> None:
    async with as_role(stack, "dex") as connection:
        there = await connection.fetchval("SELECT version_num FROM alembic_version WHERE version_num LIKE 'dex_%'")
        await connection.execute("UPDATE alembic_version SET version_num = $1 WHERE version_num = $2", version, there)
        try:
            state = await look(stack)
        finally:
            await connection.execute(
                "UPDATE alembic_version SET version_num = $1 WHERE version_num = $2", there, version
            )
    assert ids(databases, stack, state) == [found]


async def test_a_schema_with_two_heads(stack: Installation) -> None:
    async with as_role(stack, "dex") as connection:
        await connection.execute("INSERT INTO alembic_version VALUES ('dex_0000')")
        try:
            state = await look(stack)
        finally:
            await connection.execute("DELETE FROM alembic_version WHERE version_num = 'dex_0000'")
    assert ids(databases, stack, state) == ["migrations.two-heads"]


async def test_a_schema_that_was_never_migrated(mesh: Mesh, stack: Installation) -> None:
    async with as_role(stack, "dex") as connection:
        await connection.execute("ALTER TABLE alembic_version RENAME TO put_away")
        try:
            state = await look(stack)
        finally:
            await connection.execute("ALTER TABLE put_away RENAME TO alembic_version")
    assert ids(databases, stack, state) == ["migrations.never"]


async def test_another_password_than_the_role_has(stack: Installation) -> None:
    wrong = stack.databases["dex"].replace(":", ":x", 2).replace("postgresql+asyncpg:x", "postgresql+asyncpg:", 1)
    other = replace(stack, databases={**stack.databases, "dex": wrong})
    assert ids(databases, other, await look(other)) == ["database.password-refused"]


async def test_too_many_connections_too_old_and_without_time_zones(stack: Installation) -> None:
    """What a server says of itself; the rest of it is as seen."""
    state = await look(stack)
    seen = state.databases["dex"]
    for changed, found in (
        ({"connections": seen.places - 1}, "database.connections"),
        ({"version": 140_009}, "versions.postgres"),
        ({"knows_zones": False}, "time-zones.database"),
    ):
        other = replace(state, databases={"dex": replace(seen, **changed)})
        assert ids(databases, replace(stack, databases={"dex": ""}), other) == [found]


async def test_a_dead_letter(stack: Installation) -> None:
    async with as_role(stack, "dex") as connection:
        await connection.execute(
            "INSERT INTO dead_letter (consumer, event_id, subject, payload, headers, error, deliveries, stream_seq)"
            " VALUES ('dex-remember-user', 'x', 'user.updated', '', '{}', 'none', 1, 1)"
        )
        try:
            state = await look(stack)
        finally:
            await connection.execute("DELETE FROM dead_letter WHERE event_id = 'x'")
    assert ids(events, stack, state) == ["events.dead-letters"]
    assert as_report(stack, state)["schemas"]["dex"]["dead_letters"] == 1


async def test_an_event_that_does_not_go_out(mesh: Mesh, stack: Installation) -> None:
    with stopped(mesh, "dex"):
        async with as_role(stack, "dex") as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(
                "INSERT INTO outbox (event_id, partition, aggregate_type, aggregate_id, version, subject, payload,"
                " headers, created_at)"
                " VALUES ($1, 0, 'dex', $1, 1, 'dex.updated', '{}', '{}', now() - interval '2 min')",
                uuid4(),
            )
            await transaction.commit()
            try:
                state = await look(stack)
            finally:
                await connection.execute("DELETE FROM outbox WHERE created_at < now() - interval '1 min'")
    assert ids(events, stack, state) == ["events.outbox-waits"]


async def test_archiving_that_fails(stack: Installation) -> None:
    from deploy.operate.checks import backups

    state = await look(stack)
    seen = {name: replace(each, archive_fails=True) for name, each in state.databases.items()}
    assert "backup.archiving-fails" in ids(backups, stack, replace(state, databases=seen))
    assert "backup.archiving-fails" not in ids(backups, stack, state)


async def test_backups_without_the_log_of_changes(stack: Installation, tmp_path: Path) -> None:
    from deploy.operate.checks import backups

    state = await look(stack)
    shelf = Backups(tmp_path, 1, time.time(), time.time())
    seen = {name: replace(each, archiving="off") for name, each in state.databases.items()}
    assert ids(backups, stack, replace(state, databases=seen, backups=shelf)) == ["backup.no-archiving"]
