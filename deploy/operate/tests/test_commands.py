"""`./bdx status`, `./bdx doctor` and `./bdx top` as people and machines use them."""

import asyncio
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.operate.examination import all_kinds, as_markdown
from deploy.operate.tests.breaking import stopped
from tests.mesh import Mesh

ROOT = Path(__file__).parents[3]
TESTS = Path(__file__).parent


def given(**more: str) -> dict[str, str]:
    ours = ("DATABASE_URL", "NATS_URL", "DATA_DIR", "GATEWAY_URL", "SECRETS_DIR", "PORT")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


async def bdx(*arguments: str | Path, at: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    command = [sys.executable, "-m", "deploy.commands", *map(str, arguments)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=at, env=given(**environment), capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def wrong(told: dict[str, Any]) -> set[str]:
    return {each["id"] for group in told["groups"] for each in group["findings"] if each["mark"] == "wrong"}


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A fresh checkout, in which nothing runs and nothing is set up."""
    kept_out = shutil.ignore_patterns("__pycache__", ".env", "secrets", "backups", "tests", "k8s")
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=kept_out)
    for name in ("libs", "services"):
        (tmp_path / name).symlink_to(ROOT / name)
    yield tmp_path


NO_ENGINE = {"COMPOSE_PROGRAM": "no-such-program"}


async def test_status_of_a_stack_that_is_well(mesh: Mesh) -> None:
    code, out, err = await bdx("status", "--data-dir", mesh.data_dir, "--json")
    told = json.loads(out)
    assert (code, told["fine"], told["problems"]) == (0, True, []), err
    assert {each["service"] for each in told["processes"]} == {*told["schemas"], "gateway"}
    assert told["processes"][0]["commit"]
    code, out, err = await bdx("status", "--data-dir", mesh.data_dir)
    assert code == 0
    for words in ("vision-worker", "dead letters", "PostgreSQL", "fine"):
        assert words in out


async def test_status_while_a_service_hangs(mesh: Mesh) -> None:
    with stopped(mesh, "social"):
        code, out, _ = await bdx("status", "--data-dir", mesh.data_dir, "--json")
    told = json.loads(out)
    assert code == 1
    assert [each["id"] for each in told["problems"]] == ["services.away"]
    assert told["seconds"] < 5
    assert [each["name"] for each in told["processes"] if not each["ready"]] == ["social", "gateway"]


async def test_doctor_finds_nothing_wrong_with_a_stack_that_is_well(mesh: Mesh) -> None:
    code, out, err = await bdx("doctor", "--data-dir", mesh.data_dir, "--json")
    assert (code, wrong(json.loads(out))) == (0, set()), out + err


async def test_doctor_says_what_is_broken_and_what_to_do(mesh: Mesh) -> None:
    with stopped(mesh, "social"):
        code, out, _ = await bdx("doctor", "--data-dir", mesh.data_dir)
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith("✗")]
    assert "social does not answer" in line
    assert "→" in line
    assert line.endswith("services.away")


async def test_commands_where_nothing_runs(tmp_path: Path) -> None:
    for command in ("status", "top"):
        code, _, err = await bdx(command, "--data-dir", tmp_path)
        assert code == 2
        assert "no stack runs" in err
    code, out, _ = await bdx("doctor", "--data-dir", tmp_path, "--json")
    told = json.loads(out)
    assert "nothing runs" in told["not_seen"]
    assert code == (1 if wrong(told) else 0)


async def test_doctor_before_anything_runs(checkout: Path) -> None:
    _, out, err = await bdx("doctor", "--json", at=checkout, **NO_ENGINE)
    told = json.loads(out)
    found = {each["id"] for group in told["groups"] for each in group["findings"]}
    assert "env.missing" in found, err
    assert "deploy" in told["installation"]
    assert told["not_seen"]


async def test_doctor_of_a_checkout_with_a_wrong_env_file(checkout: Path) -> None:
    (checkout / "deploy" / ".env").write_text(
        "PUBLIC_BASE_URL=https://dex.mueller.de # ours\nCV_METHOD=openai\nALOWED_HOSTS=dex.mueller.de\n"
    )
    code, out, _ = await bdx("doctor", "--json", at=checkout, **NO_ENGINE)
    assert code == 1
    assert wrong(json.loads(out)) >= {"env.inline-comment", "secrets.missing"}
    code, out, err = await bdx("doctor", at=checkout, **NO_ENGINE)
    assert code == 1
    assert re.search(r"^✗ settings file: line 1: a comment stands behind PUBLIC_BASE_URL → ", out, re.MULTILINE)
    assert re.search(r"^! settings file: .*do you mean ALLOWED_HOSTS", out, re.MULTILINE)
    assert "Not all could be seen" in err


async def test_top_once(mesh: Mesh) -> None:
    code, out, err = await bdx("top", "--once", "--every=1", "--json", "--data-dir", mesh.data_dir)
    told = json.loads(out)
    assert code == 0, err
    by_name = {each["name"]: each for each in told["processes"]}
    assert all(each["answers"] for each in by_name.values())
    assert by_name["gateway"]["memory_bytes"] > 10e6
    with stopped(mesh, "social"):
        _, out, _ = await bdx("top", "--once", "--every=1", "--json", "--data-dir", mesh.data_dir)
    assert [each["name"] for each in json.loads(out)["processes"] if not each["answers"]] == ["social"]


def test_top_ends_with_ctrl_c(mesh: Mesh) -> None:
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "deploy.commands", "top", "--every=0.5", "--data-dir", str(mesh.data_dir)]
    told = given(TERM="xterm", COLUMNS="120", LINES="40")
    with subprocess.Popen(command, cwd=ROOT, env=told, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while b"vision-worker" not in shown:
            shown += os.read(screen, 65536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                shown += os.read(screen, 65536)
            except OSError:  # What a terminal says that nobody holds any more.
                break
        assert process.wait(20) == 0
    os.close(screen)
    assert b"Traceback" not in shown
    assert b"requests/s" in shown


def test_the_document_names_all_that_can_be_found() -> None:
    assert as_markdown() in (ROOT / "docs" / "doctor.md").read_text()


def test_every_finding_is_made_by_a_test() -> None:
    text = "".join(path.read_text() for path in TESTS.glob("test_*.py"))
    assert [kind.id for _, kind in all_kinds() if f'"{kind.id}"' not in text] == []


def test_ids_are_what_runbooks_can_name() -> None:
    ids = [kind.id for _, kind in all_kinds()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z-]+\.[a-z-]+", each) for each in ids)
