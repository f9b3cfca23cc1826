"""The log is read from its first event: every form that an event ever had still goes through every handler."""

import importlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from libs.common.copies import Copied
from libs.common.db import Database
from libs.common.handlers import Handlers
from libs.common.inbox import read_event
from libs.common.migrate import SERVICES, migrate
from libs.common.provision import handlers_of
from libs.contracts.animals import AnimalIdentified
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event
from services.animals.backbone import fill

GOLDEN = Path(__file__).with_name("golden")
"""`<subject>.<n>.json`: the n-th form of an event. A published one is never changed; a new form is a new file."""
SCHEMAS = Path(__file__).parents[2] / "libs" / "contracts" / "schemas"
OF_JOBS = {AnimalIdentified}
"""Told of a job, although its name begins as if it were told of an animal."""
ORDERS = ("as told", "backwards", "twice")

State = dict[str, list[dict[str, Any]]]


def _files() -> list[Path]:
    """All forms, those of one event in their order, tombstones last."""
    return sorted(GOLDEN.glob("*.json"), key=lambda file: (".deleted." in file.name, file.name))


def _read(file: Path) -> Event:
    subject, _, _ = file.stem.rpartition(".")
    return read_event(subject, file.read_bytes())


@pytest.mark.parametrize("subject", sorted(EVENTS))
def test_every_event_has_its_forms_written_down(subject: str) -> None:
    """F21: a schema that has grown needs a new form here, in which everything of it is said."""
    forms = [file for file in _files() if file.stem.rpartition(".")[0] == subject]
    assert [file.stem.rpartition(".")[2] for file in forms] == [str(number + 1) for number in range(len(forms))]
    said = json.loads(forms[-1].read_text()).keys()
    assert said == json.loads((SCHEMAS / f"{subject}.json").read_text())["properties"].keys()


@pytest.fixture(params=SERVICES)
async def emptied(request: pytest.FixtureRequest, database_urls: dict[str, str]) -> AsyncIterator[tuple[str, Database]]:
    """Each service's own database, empty."""
    service: str = request.param
    await migrate(service, database_urls[service])
    database = Database(database_urls[service], name=service)
    if service == "animals":
        await fill(database)  # Names are led to species of the taxonomy.
    yield service, database
    await database.close()


async def test_every_form_goes_through_every_handler(emptied: tuple[str, Database]) -> None:
    """F21: none is refused; in any order, and twice, the copies are the same, and at the newest version."""
    service, database = emptied
    told = [_read(file) for file in _files()]
    orders = {"as told": told, "backwards": told[::-1], "twice": [*told, *told]}
    states: dict[str, State] = {}
    for name in ORDERS:
        await _empty(service, database)
        for handlers in handlers_of(service):
            await _handle(handlers, orders[name], database)
        states[name] = await _copies(service, database)
    assert states["as told"] == states["backwards"] == states["twice"]
    for handlers in handlers_of(service):
        for word, model in handlers.witnesses.items():
            taken = {event for handler in handlers.all for event in handler.events if event.word() == word}
            newest: dict[str, int] = {}
            for event in told:
                if type(event) in taken - OF_JOBS:
                    newest[str(event.id)] = max(newest.get(str(event.id), 0), event.version)
            rows = states["as told"][model.__tablename__]  # type: ignore[attr-defined]
            assert {row["id"]: row["version"] for row in rows} == newest


async def _handle(handlers: Handlers, events: Sequence[Event], database: Database) -> None:
    for handler in handlers.all:
        taken = [event for event in events if isinstance(event, handler.events)]
        for event in taken:
            async with database.transaction() as session:
                if handler.one is not None:
                    await handler.one(event, session)
                elif handler.many is not None:
                    await handler.many([event], session)


async def _copies(service: str, database: Database) -> State:
    found: State = {}
    async with database.reading() as session:
        for handlers in handlers_of(service):
            for model in handlers.witnesses.values():
                found[model.__tablename__] = await _rows(model, session)  # type: ignore[attr-defined]
    return found


async def _rows(model: type[Copied], session: Any) -> list[dict[str, Any]]:
    table = model.__table__  # type: ignore[attr-defined]
    rows = (await session.execute(select(table).order_by(table.c.id))).mappings().all()
    # When something went is the reader's own time.
    return [
        {name: str(value) if name != "deleted_at" else value is not None for name, value in row.items()}
        | {"version": row["version"]}
        for row in rows
    ]


async def _empty(service: str, database: Database) -> None:
    kept = {"alembic_version", *getattr(importlib.import_module(f"services.{service}.models"), "KEEP_IN_TESTS", ())}
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    async with database.engine.begin() as connection:
        there = set((await connection.scalars(names)).all()) - kept
        await connection.execute(text("TRUNCATE " + ", ".join(f'"{name}"' for name in sorted(there))))
