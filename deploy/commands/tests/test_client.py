"""`./bdx client` as people use it: install, list, back; in words and in JSON."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from deploy.commands.client import client
from deploy.rollout.place import Place
from deploy.web_client.places import client_folder
from deploy.web_client.tests.export import write_export, zipped


def bdx(*words: str | Path) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    done = CliRunner().invoke(client, [str(word) for word in words])
    return done.exit_code, done.stdout, " ".join(done.stderr.split())


def in_json(*words: str | Path) -> dict[str, Any]:
    status, stdout, stderr = bdx(*words, "--json")
    assert status == 0, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def test_install_list_and_back(tmp_path: Path) -> None:
    to = ("--to", tmp_path / "clients")
    first = in_json("install", write_export(tmp_path / "lion", "lion"), "--quick", *to)
    assert (first["version"], first["is_new"], first["is_current"]) == ("lion", True, True)
    bear = zipped(write_export(tmp_path / "bear", "bear"), tmp_path / "bear.zip")
    status, stdout, stderr = bdx("install", bear, "--quick", *to)
    assert status == 0, stderr
    assert "is served: 16 files" in stdout
    assert "version bear" in stdout
    found = in_json("list", *to)
    assert [(each["version"], each["is_current"]) for each in found["results"]] == [("bear", True), ("lion", False)]
    assert in_json("rollback", *to)["name"] == first["name"]
    assert bdx("list", *to)[1].count("served") == 1
    assert in_json("rollback", "--name", found["results"][0]["content"], *to)["version"] == "bear"


def test_what_is_wrong_is_said_with_one(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export", "lion", threads=True)
    (export / "index.wasm").write_bytes(b"[nothing]")
    status, stdout, stderr = bdx("install", export, "--to", tmp_path / "clients")
    assert (status, stdout) == (1, "")
    assert "index.wasm is not WebAssembly" in stderr
    assert "without thread support" in stderr
    status, _, stderr = bdx("rollback", "--to", tmp_path / "clients")
    assert (status, "no client is installed" in stderr) == (1, True)


def test_where_compose_looks(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert client_folder(None, place) == tmp_path / "client"
    place.settings.write_text("CLIENT_DIR=../elsewhere\n")
    assert client_folder(None, place) == tmp_path.parent / "elsewhere"
    place.settings.write_text("CLIENT_DIR=/srv/clients\n")
    assert client_folder(None, place) == Path("/srv/clients")
    assert client_folder(tmp_path / "mine", place) == tmp_path / "mine"
