"""`./bdx catalogue` as people use it: with a database by environment or by data folder, in words and in JSON."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.roles import create_schemas
from deploy.local.servers import Servers
from libs.common.migrate import migrate
from tests.bench.coldp import write_coldp

ROOT = Path(__file__).parents[3]
NAMES = 300


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalogue") / "names.zip"
    write_coldp(path, NAMES)
    return path


@pytest.fixture(scope="module")
def url(running_servers: Servers) -> str:
    """A schema with the tables of the animals service, and nothing in it."""
    found = create_schemas(running_servers.admin_url, {"animals_by_command": "secret"})["animals_by_command"]
    asyncio.run(migrate("animals", found))
    return found


async def bdx(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of the command in a process of its own."""
    command = [sys.executable, "-c", "from deploy.commands.catalogue import app; app()", *map(str, arguments)]
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "NATS_URL", "DATA_DIR")}
    ended = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env={**given, **environment}, capture_output=True, text=True
    )
    return ended.returncode, ended.stdout, ended.stderr


async def test_a_catalogue_is_imported_and_its_import_remembered(url: str, catalogue: Path, tmp_path: Path) -> None:
    status, stdout, stderr = await bdx("import", catalogue, DATABASE_URL=url)
    assert status == 0, stderr
    assert "generated-300-2026 is imported: 300 names" in stdout
    assert "reading NameUsage.tsv …" in stderr

    stack = {"postgres": {"urls": {"animals": url}}, "nats": {"url": ""}, "blobs": ""}
    (tmp_path / "topology.json").write_text(json.dumps(stack))
    status, stdout, stderr = await bdx("import", catalogue, "--data-dir", tmp_path)
    assert (status, stdout) == (1, "")
    assert "less than 30 days ago" in " ".join(stderr.split())

    status, stdout, _ = await bdx("import", catalogue, "--force", "--json", "--data-dir", tmp_path)
    assert status == 0
    assert json.loads(stdout)["merged"]["taxa"] == NAMES

    status, stdout, _ = await bdx("status", "--json", DATABASE_URL=url)
    jobs = json.loads(stdout)
    assert (status, jobs["count"]) == (0, 2)
    assert {job["status"] for job in jobs["results"]} == {"completed"}


async def test_what_goes_wrong_is_told_in_a_sentence(url: str, tmp_path: Path) -> None:
    text = tmp_path / "text.zip"
    text.write_text("hello")
    for arguments, environment, sentence in (
        (("import", text), {"DATABASE_URL": url}, "text.zip is not a zip that can be read"),
        (("status",), {"DATABASE_URL": "postgresql+asyncpg://a:b@127.0.0.1:9/x"}, "did not go through"),
        (("status", "--data-dir", tmp_path), {}, "no stack runs in"),
    ):
        status, stdout, stderr = await bdx(*arguments, **environment)
        assert status != 0
        assert stdout == ""
        assert sentence in " ".join(stderr.split()), stderr
        assert "Traceback" not in stderr
