"""Fixtures for the tests of services: real PostgreSQL with the production migrations, real tokens, a real blob store.

The servers themselves are started by the root `conftest.py`, which gives `database_urls` and `nats_url`.
"""

import importlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from sqlalchemy import event, text

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.migrate import migrate
from libs.common.tokens import ALGORITHM

KEY_ID: Final = "test"
PUBLIC_BASE_URL: Final = "http://testserver"
LIFETIME_SECONDS: Final = 3600

SignIn = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def signing_key() -> Ed25519PrivateKey:
    """The key that stands for the users service's own."""
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def environment(
    signing_key: Ed25519PrivateKey, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What a service under test finds in its environment."""
    key = signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    values = {
        "ENVIRONMENT": "test",
        "SECRET_KEY": "only-for-tests-0123456789abcdef0123",
        "NATS_URL": nats_url,
        "BLOB_URL": f"file://{tmp_path_factory.mktemp('blobs')}",
        "PUBLIC_BASE_URL": PUBLIC_BASE_URL,
        "JWT_PRIVATE_KEY": key,
        "JWT_KEY_ID": KEY_ID,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield values


@pytest.fixture
def service_name(request: pytest.FixtureRequest) -> str:
    """The service whose tests these are, from the path `services/<name>/tests/`."""
    parts = Path(str(request.path)).parts
    return parts[parts.index("services") + 1]


class Applications:
    """The applications under test, each made and migrated once."""

    def __init__(self, urls: dict[str, str], key: Ed25519PrivateKey) -> None:
        self._urls = urls
        self._key = key
        self._made: dict[str, FastAPI] = {}

    async def get(self, name: str, module: str) -> FastAPI:
        """The application `app` of `module`, of service `name`."""
        if module not in self._made:
            await migrate(name, self._urls[name])
            os.environ["DATABASE_URL"] = self._urls[name]
            app: FastAPI = importlib.import_module(module).app
            app.state.service.tokens.trust({KEY_ID: self._key.public_key()})
            self._made[module] = app
        return self._made[module]

    async def close(self) -> None:
        for app in self._made.values():
            await app.state.service.db.close()
            await app.state.service.calls.close()


@pytest.fixture(scope="session")
async def applications(
    environment: dict[str, str], database_urls: dict[str, str], signing_key: Ed25519PrivateKey
) -> AsyncIterator[Applications]:
    found = Applications(database_urls, signing_key)
    yield found
    await found.close()


@pytest.fixture
async def app(applications: Applications, service_name: str) -> FastAPI:
    """The service's own application; its background work does not run."""
    return await applications.get(service_name, f"services.{service_name}.app")


@pytest.fixture
async def db(app: FastAPI, service_name: str) -> Database:
    """The service's database, migrated and empty (but for `KEEP_IN_TESTS` of its models)."""
    database: Database = app.state.service.db
    models = importlib.import_module(f"services.{service_name}.models")
    kept = {"alembic_version"} | set(getattr(models, "KEEP_IN_TESTS", ()))
    async with database.engine.begin() as connection:
        names = (
            await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        ).all()
        if filled := sorted(set(names) - kept):
            await connection.execute(text("TRUNCATE " + ", ".join(f'"{name}"' for name in filled)))
    return database


@pytest.fixture
async def client(app: FastAPI, db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the service directly, through its own HTTP stack."""
    del db
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_BASE_URL) as found:
        yield found


@pytest.fixture
def blobs(app: FastAPI) -> Blobs:
    """The blob store that the service writes to."""
    found: Blobs = app.state.service.blobs
    return found


@pytest.fixture
def statements(db: Database) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with statements() as seen:` collects the SQL that goes to the database meanwhile."""

    @contextmanager
    def collecting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine.sync_engine, "before_cursor_execute", note)

    return collecting


@pytest.fixture(scope="session")
def sign_in(signing_key: Ed25519PrivateKey) -> SignIn:
    """`sign_in(user_id, is_staff=False, is_superuser=False, **claims)` → headers with a real access token."""

    def headers(user_id: UUID | None = None, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {make_token(signing_key, user_id or uuid4(), **claims)}"}

    return headers


def make_token(key: Ed25519PrivateKey, user_id: UUID, **claims: Any) -> str:
    """An access token as the users service issues it; `claims` override."""
    issued = int(time.time())
    content = {
        "token_type": "access",
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
        "jti": uuid4().hex,
        "user_id": str(user_id),
        "is_staff": False,
        "is_superuser": False,
        **claims,
    }
    return jwt.encode(content, key, algorithm=ALGORITHM, headers={"kid": KEY_ID})
