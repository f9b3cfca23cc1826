"""`./bdx keys --folder`: one step with each call, and what to do between them, as for a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.commands.keys import keys
from deploy.new_secrets import new_secrets, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(new_secrets(database="postgres:5432", bus="nats:4222"), tmp_path / "secrets")
    return tmp_path / "secrets" / "users"


def bdx(*words: str | Path) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    done = CliRunner().invoke(keys, [str(word) for word in words])
    return done.exit_code, " ".join(done.stdout.split()), " ".join(done.stderr.split())


def states(folder: Path) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(bdx("list", "--folder", folder, "--json")[1])["results"]
    return {row["key_id"]: row["state"] for row in found}


def test_each_call_is_a_step_and_says_the_next(folder: Path) -> None:
    old = (folder / "jwt_key_id").read_text()
    status, stdout, _ = bdx("rotate", "--folder", folder)
    assert status == 0
    assert "rollout restart deployment/users" in stdout
    assert f"go on with: ./bdx keys rotate --folder {folder}" in stdout
    [new] = set(states(folder)) - {old}
    assert states(folder) == {old: "signs", new: "next"}
    done = json.loads(bdx("rotate", "--folder", folder, "--json")[1])
    assert (done["step"], done["signs"], done["published"]) == ("sign", new, [new, old])
    assert states(folder) == {new: "signs", old: "retired"}
    status, stdout, _ = bdx("rotate", "--folder", folder, "--retire-now")
    assert status == 0
    assert stdout.endswith("rollout restart deployment")
    assert list(states(folder).values()) == ["signs"]
    assert not {old, new} & set(states(folder))


def test_no_private_key_is_ever_printed(folder: Path) -> None:
    said = [bdx(word, "--folder", folder, "--json") for word in ("rotate", "list", "rotate", "list")]
    assert "PRIVATE" not in str(said)


def test_a_folder_without_keys_is_said_with_one(tmp_path: Path) -> None:
    for word in ("list", "rotate"):
        status, _, stderr = bdx(word, "--folder", tmp_path)
        assert (status, "there is no jwt_private_key here" in stderr) == (1, True)
