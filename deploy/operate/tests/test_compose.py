"""The compose project from its host: files from here, the rest from inside, through a stand-in for the engine.

The stand-in has containers as they are described, and runs what it is to run inside as a process of this machine that
is told, by environment and secret files, what the container `commands` is told, but with the addresses of a stack.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from deploy.local.topology import MESH
from deploy.operate.compose_file import ComposeFile, fill
from deploy.operate.tests.breaking import stopped
from deploy.operate.tests.test_commands import ROOT, bdx
from deploy.rollout.place import HERE
from tests.mesh import Mesh

ENGINE = """\
#!{python}
import json, os, subprocess, sys
words = sys.argv[1:]
if "run" in words:
    assert words[: words.index("run")][-2:] == ["--profile", "commands"], words
    at = words.index("commands", words.index("run"))
    before = words[words.index("run") : at]
    assert before[:4] == ["run", "--rm", "--no-deps", "-T"], words
    given = dict(word.split("=", 1) for word in before[5::2])
    told = json.load(open({told!r}))
    # The names are those of the project; behind them stand the processes of the tests.
    assert {{name for name in told if name.endswith("_URL") and name != "BLOB_URL"}} <= given.keys(), given
    assert given["USERS_URL"] == "http://users:8000,http://users-2:8000"
    assert given["GATEWAY_URL"] == "http://gateway-1:8000,http://gateway-2:8000"
    sys.exit(subprocess.run([{python!r}, "-m", "deploy.commands", *words[at + 1 :]], env=told, cwd={root!r}).returncode)
service = next((w.rpartition("=")[2] for w in words if w.startswith("label=com.docker.compose.service=")), "")
if words[:1] == ["ps"] and service:
    print(service)
if words[:1] == ["inspect"]:
    state = {{"Running": True, "Status": "running", "ExitCode": 0}}
    image = "biologidex/" + words[1].replace("vision-worker", "vision").partition("-")[0] + ":{tag}"
    print(json.dumps([{{"Id": words[1], "Created": "x", "Image": "x", "State": state, "Config": {{"Image": image}}}}]))
"""


@pytest.fixture
def checkout(mesh: Mesh, tmp_path: Path) -> Path:
    """A checkout whose compose project runs: its inside is the stack of the tests."""
    from deploy.new_secrets import new_secrets, write

    kept_out = shutil.ignore_patterns("__pycache__", ".env", "secrets", "backups", "tests", "k8s")
    shutil.copytree(HERE, tmp_path / "deploy", ignore=kept_out)
    for name in ("libs", "services"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "deploy" / ".env").write_text("PUBLIC_BASE_URL=https://dex.mueller.de\nTAG=0123456789ab\n")
    write(new_secrets(database="postgres:5432", bus="nats:4222"), tmp_path / "deploy" / "secrets")
    kept = json.loads((mesh.data_dir / "credentials.json").read_text())
    for name in ("jwt_private_key", "jwt_key_id"):
        (tmp_path / "deploy" / "secrets" / "users" / name).write_text(kept[name])
    put_engine(tmp_path, mesh)
    return tmp_path


def put_engine(folder: Path, mesh: Mesh, tag: str = "0123456789ab") -> None:
    secrets = folder / "run-secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "admin_database_url").write_text(mesh.topology["postgres"]["admin_url"])
    (secrets / "nats_url").write_text(mesh.topology["nats"]["url"])
    told = {"PATH": os.environ["PATH"], "SECRETS_DIR": str(secrets), "BLOB_URL": mesh.topology["blobs"]}
    told["NATS_MONITOR_URL"] = mesh.topology["nats"]["monitor_url"]
    for process in MESH.processes:
        # The second one is not there, as a stand-in outside of a deploy.
        second = "" if process.edge or process.name == "vision-worker" else ",http://127.0.0.1:1"
        told[process.address] = mesh.topology["processes"][process.name]["url"] + second
    (folder / "told.json").write_text(json.dumps(told))
    (folder / "bin").mkdir(exist_ok=True)
    for name in ("podman", "podman-compose"):
        text = ENGINE.format(python=sys.executable, told=str(folder / "told.json"), root=str(ROOT), tag=tag)
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)


def engine(checkout: Path) -> dict[str, str]:
    return {"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "COMPOSE_PROGRAM": "podman-compose"}


async def test_status_from_the_host(checkout: Path) -> None:
    code, out, err = await bdx("status", "--json", at=checkout, **engine(checkout))
    told = json.loads(out)
    assert (code, told["problems"]) == (0, []), err
    assert set(told["schemas"]) == set(MESH.schemas)
    assert told["schemas"]["dex"]["heads"]["dex"] > 0
    commits = {each["name"]: each["commit"] for each in told["processes"]}
    assert commits["dex"] == "0123456789ab"
    assert "dex-2" not in commits


async def test_doctor_from_the_host(checkout: Path, mesh: Mesh) -> None:
    code, out, err = await bdx("doctor", "--json", at=checkout, **engine(checkout))
    told = json.loads(out)
    found = {each["id"] for group in told["groups"] for each in group["findings"] if each["mark"] == "wrong"}
    assert (code, found, told["not_seen"]) == (0, set(), ""), err
    groups = [group["group"] for group in told["groups"]]
    assert len(groups) == len(set(groups))
    assert {"settings file", "secrets", "images", "services", "bus", "clocks"} <= set(groups)
    (checkout / "deploy" / "secrets" / "users" / "jwt_key_id").write_text("not-yet-taken-over")
    with stopped(mesh, "social"):
        put_engine(checkout, mesh, tag="ba9876543210")
        code, out, _ = await bdx("doctor", "--json", at=checkout, **engine(checkout))
    found = {each["id"] for group in json.loads(out)["groups"] for each in group["findings"] if each["mark"] == "wrong"}
    assert (code, found) == (1, {"services.away", "images.differ", "keys.served-differ"})


async def test_top_from_the_host(checkout: Path) -> None:
    code, out, err = await bdx("top", "--once", "--json", "--every=0.5", at=checkout, **engine(checkout))
    assert code == 0, err
    assert all(each["answers"] for each in json.loads(out)["processes"])


async def test_a_backup_from_the_host_is_taken_inside(checkout: Path) -> None:
    """What is inside of this test has no place for one, and its word and its code arrive."""
    code, _, err = await bdx("backup", at=checkout, **engine(checkout))
    assert (code, "BACKUP_DIR" in err) == (2, True), err
    code, _, err = await bdx("backup", "--to", "/elsewhere", at=checkout, **engine(checkout))
    assert (code, "deploy/.env" in err) == (2, True), err
    code, _, err = await bdx("backup", at=checkout, COMPOSE_PROGRAM="no-such-program")
    assert (code, "run --rm commands backup" in err) == (1, True), err


async def test_what_is_reached_from_inside_only_says_how(checkout: Path) -> None:
    code, _, err = await bdx("bus", "verify", at=checkout, **engine(checkout))
    assert (code, "run --rm commands" in err) == (2, True), err


async def test_a_broken_engine_is_said_in_a_sentence(checkout: Path) -> None:
    told = {"COMPOSE_PROGRAM": "no-such-program"}
    code, _, err = await bdx("status", at=checkout, **told)
    assert code == 1
    assert "Traceback" not in err
    assert "It did not go through" in err


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${TAG:-latest}", "1"),
        ("${NONE:-latest}", "latest"),
        ("${EMPTY:-latest}", "latest"),
        ("${EMPTY-latest}", ""),
        ("${DEX_TAG:-${NONE:-latest}}", "latest"),
        ("a-${TAG}-$TAG-$$TAG", "a-1-1-$TAG"),
        ("${NONE:?say it}", ""),
        ("${TAG:+yes}${NONE:+yes}", "yes"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, filled: str) -> None:
    assert fill(text, {"TAG": "1", "EMPTY": ""}, set()) == filled


def test_our_own_compose_file() -> None:
    project = ComposeFile.read(HERE / "compose.yml", {"TAG": "abc", "DEX_TAG": "def"})
    assert project.services["dex"].image.endswith("/dex:def")
    assert project.services["users"].image.endswith("/users:abc")
    assert {process.service for process in MESH.processes} - {"gateway"} <= project.services.keys()
    assert project.services["vision"].environment["ENVIRONMENT"] == "production"
    assert "CV_METHOD" in project.variables
