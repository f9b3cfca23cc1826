"""The images themselves: built, looked into, and each run read-only (minutes; as root).

`python -m pytest -m containers -s deploy/images`; the layers are kept (store.py), so that the next time is short.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.images.plan import ALL, OPERATORS, state_of_the_checkout
from deploy.images.tests.context import copied_files
from deploy.images.tests.store import Store, missing, opened
from deploy.local.topology import MESH, Process
from libs.common.version import VERSION

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3000)]

HERE = Path(__file__).parent
MEGABYTE = 10**6
BOUNDS = {"vision": 260}
BOUND = 180
NOBODY_THERE = ("DATABASE_URL=postgresql+asyncpg://a:b@127.0.0.1:1/c", "NATS_URL=nats://127.0.0.1:1")
ALONE = ("unshare", "--net", "--mount", "sh", str(HERE / "alone.sh"))
IMPORT_ALL = """
import importlib, pkgutil, deploy, libs, services
for package in (deploy, libs, services):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith((".__main__", ".env")) and ".migrations." not in module.name:
            importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def revision() -> str:
    """As it was when the images were built: others may commit meanwhile."""
    return state_of_the_checkout().revision


@pytest.fixture(scope="module")
def store(revision: str) -> Store:
    if lacking := missing():
        pytest.skip(lacking)
    store = opened()
    built = store.build()
    assert [each["service"] for each in built] == list(ALL)
    return store


@pytest.mark.parametrize("service", ALL)
def test_an_image_is_small_and_says_what_it_is(service: str, store: Store, revision: str) -> None:
    image = store.look(f"biologidex/{service}:latest")
    over = (image["Size"] - store.look(store.base)["Size"]) / MEGABYTE
    print(f"biologidex/{service}: {over:.0f} MB over the base")
    if service != OPERATORS:
        assert over <= BOUNDS.get(service, BOUND)
    assert image["User"] == "10001:10001"
    config = image["Config"]
    assert config["Cmd"][0] == "python", "a shell is none of its business"
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items() if "opencontainers" in name}
    assert labels | {"created": "", "source": ""} == {
        "title": f"biologidex-{service}",
        "version": VERSION,
        "revision": revision,
        "licenses": "Apache-2.0",
        "created": "",
        "source": "",
    }
    assert f"REVISION={revision}" in config["Env"]
    health = image["Healthcheck"] if "Healthcheck" in image else config.get("Healthcheck")
    assert bool(health and "/app/alive.py" in health["Test"]) == (service != OPERATORS)


@pytest.mark.parametrize("process", MESH.processes, ids=lambda process: process.name)
def test_it_runs_closed_on_all_sides(process: Process, store: Store, revision: str) -> None:
    facts, code = run(store, process.service, *(f"--env={told}" for told in (*NOBODY_THERE, f"APP={process.app}")))
    assert facts["alive"] == '{"status":"alive"}'
    assert facts["environment"]["REVISION"] == revision
    assert code == 0, "it ends by itself when it is asked to"
    assert facts["user"] == 10001
    assert (facts["written"], facts["tmp"]) == ([], True)
    assert facts["services"] == ["__init__.py", process.service]
    of_ours = {name for name in copied_files() if name.startswith(("libs/", f"services/{process.service}/"))}
    assert set(facts["files"]) == of_ours | {"services/__init__.py", "alive.py", "LICENSE", "NOTICE"}
    nothing_but_python(facts)


def test_operators_have_all_commands_and_their_help(store: Store) -> None:
    closed = ("--rm", "--pull=never", "--network=none", "--read-only", "--tmpfs=/tmp")
    image = (*closed, *(f"--env={told}" for told in NOBODY_THERE), "biologidex/ops:latest")
    said = store.run(*ALONE, "podman", "run", *image)
    for command in ("migrate", "provision", "backup"):
        assert command in said
    store.run(*ALONE, "podman", "run", *image, "python", "-c", IMPORT_ALL)


def nothing_but_python(facts: dict[str, Any]) -> None:
    assert all(name.startswith("python") for name in facts["programs"])
    for unwanted in ("tests", "shells", "installers", "checked", "secrets"):
        assert facts[unwanted] == [], unwanted


def run(store: Store, service: str, *options: str) -> tuple[dict[str, Any], int]:
    """What is found in a container of this service, and the code with which it ends."""
    said = store.run(
        *(*ALONE, "sh", str(HERE / "run_one.sh")),
        *(f"biologidex-test-{service}", f"biologidex/{service}:latest", str(HERE / "facts.py"), *options),
    )
    found, code = said.strip().splitlines()
    return json.loads(found), int(code)
