"""`./bdx seed` as people use it: known passwords in a stack for development, nobody's anywhere else."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.local.servers import Servers
from libs.common.migrate import migrate
from services.users import passwords

ROOT = Path(__file__).parents[3]
NAMES = ["testuser", "admin", "verified"]
TOLD = ("DATABASE_URL", "ADMIN_DATABASE_URL", "NATS_URL", "DATA_DIR", "ENVIRONMENT")

Hashes = Callable[[], dict[str, str]]


@pytest.fixture(scope="module")
def url(database_urls: dict[str, str]) -> str:
    """The schema of the users service with its tables."""
    asyncio.run(migrate("users", database_urls["users"]))
    return database_urls["users"]


@pytest.fixture
def hashes(url: str) -> Hashes:
    """Names and password hashes; nobody is there when a test begins."""

    async def ask(statement: str) -> dict[str, str]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return {row[0]: row[1] for row in await connection.fetch(statement)}
        finally:
            await connection.close()

    asyncio.run(ask("TRUNCATE users, outbox CASCADE"))
    return lambda: asyncio.run(ask("SELECT username, password_hash FROM users"))


def seed(*arguments: str | Path, stdin: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of the command in a process of its own."""
    code = "import typer; from deploy.commands.seed import seed; typer.run(seed)"
    given = {name: value for name, value in os.environ.items() if name not in TOLD}
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**given, **environment},
        input=stdin,
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout, " ".join(ended.stderr.split())


def fits(password: str, password_hash: str) -> bool:
    return asyncio.run(passwords.matches(password, password_hash))


def test_a_stack_gets_those_whom_everybody_knows_and_keeps_them(url: str, hashes: Hashes, tmp_path: Path) -> None:
    (tmp_path / "topology.json").write_text(json.dumps({"postgres": {"urls": {"users": url}}}))
    status, stdout, stderr = seed("--data-dir", tmp_path, "--json")
    assert status == 0, stderr
    found = json.loads(stdout)["results"]
    assert [row["username"] for row in found] == NAMES
    assert {row["username"]: row["password"] for row in found}["admin"] == "adminpass123"
    first = hashes()
    assert fits("adminpass123", first["admin"])
    status, stdout, _ = seed("--data-dir", tmp_path, "--json")
    assert status == 0
    assert {(row["outcome"], row["password"]) for row in json.loads(stdout)["results"]} == {("there already", None)}
    assert hashes() == first
    status, stdout, _ = seed("--data-dir", tmp_path, "--force")
    assert (status, stdout.count("made anew")) == (0, 3)
    assert hashes() != first


def test_elsewhere_it_has_to_be_meant_and_nobody_knows_the_passwords(url: str, hashes: Hashes) -> None:
    for environment in ({}, {"ENVIRONMENT": "production"}):
        status, _, stderr = seed("--json", DATABASE_URL=url, **environment)
        assert status == 2
        assert "--in-production" in stderr
    assert hashes() == {}
    status, stdout, stderr = seed("--in-production", DATABASE_URL=url, ENVIRONMENT="production")
    assert status == 0, stderr
    assert "kept nowhere" in stderr
    words = set(stdout.split())
    for name, password_hash in hashes().items():
        assert any(fits(word, password_hash) for word in words if len(word) == 20), name
        assert not fits({"testuser": "testpass123"}.get(name, f"{name}pass123"), password_hash)
    # And their friend codes are nobody's either.
    assert "TEST0001" not in stdout


def test_a_secret_file_and_chosen_passwords(url: str, hashes: Hashes, tmp_path: Path) -> None:
    (tmp_path / "database_url").write_text(url)
    told = {"SECRETS_DIR": str(tmp_path), "ENVIRONMENT": "test"}
    status, stdout, stderr = seed("--passwords", "-", "--json", stdin="admin=a tall giraffe=x\n", **told)
    assert status == 0, stderr
    assert "giraffe" not in stdout, "whoever has chosen it knows it"
    assert fits("a tall giraffe=x", hashes()["admin"])
    before = hashes()
    for wrong, reason in (("root=a tall giraffe", "root is none of"), ("admin", "is not NAME=PASSWORD")):
        status, _, stderr = seed("--passwords", "-", "--force", stdin=wrong, **told)
        assert (status, reason in stderr) == (2, True), stderr
    status, _, stderr = seed("--passwords", "-", "--force", stdin="verified=12345678", **told)
    assert status == 1
    assert "too common" in stderr
    assert hashes() == before, "all of them, or none"


def test_as_in_the_container_for_commands(running_servers: Servers, hashes: Hashes) -> None:
    admin = urlunsplit(urlsplit(running_servers.admin_url)._replace(path="/postgres"))
    status, _, stderr = seed("--in-production", "--json", ADMIN_DATABASE_URL=admin)
    assert status == 0, stderr
    assert sorted(hashes()) == sorted(NAMES)
