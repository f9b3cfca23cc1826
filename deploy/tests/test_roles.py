"""`python -m deploy.roles` against a real server, told by files as a container is."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from deploy import roles
from deploy.local.ports import free_ports
from deploy.local.servers import Servers
from deploy.local.topology import MESH


@pytest.fixture
def files(
    tmp_path: Path,
    running_servers: Servers,
    database_urls: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The folder of secrets; afterwards every role has the password again that other tests know."""
    (tmp_path / "admin_database_url").write_text(running_servers.admin_url)
    for schema in MESH.schemas:
        (tmp_path / f"{schema}_database_url").write_text(database_urls[schema] + "\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    yield tmp_path
    roles.make_roles(running_servers.admin_url, {schema: database_urls[schema] for schema in MESH.schemas})


def schema_of(url: str) -> str:
    async def ask() -> str:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return str(await connection.fetchval("SELECT current_schema()"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_may_run_again(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [roles.main(), roles.main()] == [0, 0]
    assert "users, animals, dex, social, vision, graph are there, and can log in" in capsys.readouterr().err


def test_a_new_password_is_set(files: Path) -> None:
    path = files / "graph_database_url"
    before = path.read_text().strip()
    after = before.replace("://graph:", "://graph:new-")
    path.write_text(after)
    assert roles.main() == 0
    assert schema_of(after) == "graph"
    with pytest.raises(asyncpg.InvalidPasswordError):
        schema_of(before)


@pytest.mark.parametrize(
    ("file", "changed", "said"),
    [
        ("dex_database_url", ("://dex:", "://users:"), "DEX_DATABASE_URL must name the role dex"),
        ("dex_database_url", ("/biologidex", "/dex"), "DEX_DATABASE_URL must name the role dex"),
        ("admin_database_url", ("postgres:", "postgres:not-"), "password authentication failed"),
    ],
)
def test_what_does_not_fit_is_said(
    files: Path, capsys: pytest.CaptureFixture[str], file: str, changed: tuple[str, str], said: str
) -> None:
    text = (files / file).read_text()
    (files / file).write_text(text.replace(*changed))
    assert (files / file).read_text() != text
    assert roles.main() == 1
    assert said in capsys.readouterr().err


def test_a_missing_file_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "social_database_url").unlink()
    assert roles.main() == 1
    assert "SOCIAL_DATABASE_URL is missing" in capsys.readouterr().err


def test_a_service_on_its_own_server_is_left_alone(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "graph_database_url").write_text("postgresql+asyncpg://graph:secret@graph-db.example.org/anything")
    assert roles.main() == 0
    said = capsys.readouterr().err
    assert "graph is on a server of its own" in said
    assert "users, animals, dex, social, vision are there" in said


def test_a_server_that_is_not_there_yet(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has sent us tries again; so it is a sentence, and not a stack of calls."""
    port = free_ports(1)[0]
    for path in files.iterdir():
        host, _, name = path.read_text().rpartition("/")
        path.write_text(f"{host.rpartition(':')[0]}:{port}/{name}")
    assert roles.main() == 1
    assert "Connect call failed" in capsys.readouterr().err
