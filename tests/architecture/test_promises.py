"""What others rely on: event schemas that only grow, and migrations that make exactly the tables of the models."""

import importlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.commands.schemas import broken_promises, published, schema_of
from libs.common.migrate import SERVICES, migrate
from libs.common.tables import shared_metadata
from libs.contracts.catalogue import EVENTS


@pytest.mark.parametrize("subject", EVENTS)
def test_the_published_schema_is_the_one_of_the_code(subject: str) -> None:
    assert published(subject) == schema_of(EVENTS[subject]), "run ./bdx schemas"


@pytest.mark.parametrize("subject", EVENTS)
def test_a_schema_only_grows(subject: str) -> None:
    schema = schema_of(EVENTS[subject])
    assert broken_promises(schema, schema) == []
    without = {**schema, "properties": {name: kind for name, kind in schema["properties"].items() if name != "id"}}
    assert broken_promises(schema, without) == ["id is gone"]
    demanding = {**schema, "required": [*schema["required"], "whim"]}
    assert broken_promises(schema, demanding) == ["whim is required now, but events of yesterday lack it"]


def test_every_event_is_named_as_the_stream_takes_it() -> None:
    for subject, event in EVENTS.items():
        assert event.subject == subject
        assert event.word() in {"user", "animal", "dex", "friendship", "image", "identification", "taxonomy"}


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_make_the_tables_of_the_models(service: str, database_urls: dict[str, str]) -> None:
    await migrate(service, database_urls[service])
    models = importlib.import_module(f"services.{service}.models")

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": False, "include_name": _ours},
        )
        return list(compare_metadata(context, [shared_metadata, models.Base.metadata]))

    def _ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and name == "alembic_version")

    engine = create_async_engine(database_urls[service])
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
