"""A fresh checkout is set up by docs/operations.md's own commands, and operated by ./bdx, on real containers."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.check.tools import CHECKOUT
from deploy.web_client.tests.export import write_export, zipped
from tests.deploy.compose.entering import INSIDE, PROGRAM
from tests.deploy.compose.health_rounds import HealthRounds
from tests.deploy.compose.running import URL, Project, take_down
from tests.mesh import wait_for_taxonomy

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]

PAGE = CHECKOUT / "docs" / "operations.md"
HERE_ALREADY = ("sudo ", "git clone ", "make images")
"""Done for this test: packages, the checkout and the images."""
COMMAND_SECONDS = 600.0
OF_MAKE = ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
"""What the make that runs this test would hand on to one in it."""
KEYS_WAIT = "8"
"""Longer than a verifier waits before it asks again for a key that it does not know."""


class Checkout:
    """A folder with the repository's files, and the commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = Project(folder / "deploy")

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """A line of a shell, as it stands in the documentation."""
        kept = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
        environment = kept | {"COMPOSE": os.environ[PROGRAM]}
        done = subprocess.run(
            ("sh", "-c", line), cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
            timeout=COMMAND_SECONDS,
        )  # fmt: skip
        print(f"$ {line}\n{done.stdout}{done.stderr}")
        return done

    def told(self, line: str) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of one of our commands."""
        done = self.run(f"{line} --json")
        found: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, found


def commands_of_the_page() -> list[str]:
    """The first block of “One machine”, without comments."""
    text = PAGE.read_text()
    block = re.search(r"## One machine.*?```sh\n(.*?)```", text, re.DOTALL)
    assert block
    lines = [re.sub(r"\s+#.*", "", line) for line in block[1].splitlines() if not line.startswith("#")]
    return [line for line in lines if line and not line.startswith(HERE_ALREADY)]


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """The files as they are here, changes included, with packages that are installed; it runs at the end of this."""
    folder = Path(os.environ[INSIDE]) / "checkout"
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, folder / name)
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    found = Checkout(folder)
    with HealthRounds():
        try:
            for line in commands_of_the_page():
                if line.startswith("curl "):
                    found.project.wait_until_healthy()
                    assert httpx.get(line.split()[-1]).json()["status"] == "healthy"
                else:
                    assert found.run(line).returncode == 0
                    if line.startswith("cp "):
                        set_up(folder / "deploy" / ".env")
            wait_for_taxonomy(URL)
            yield found
        finally:
            take_down(found.project)


def set_up(path: Path) -> None:
    """What an operator might say: here, that one address may sign in as often as this test does."""
    said = path.read_text()
    assert "\nTHROTTLE_ANON_RATE=\n" in said
    path.write_text(said.replace("\nTHROTTLE_ANON_RATE=\n", "\nTHROTTLE_ANON_RATE=off\n"))


def signed_in(password: str) -> dict[str, str]:
    body = {"username": "testuser", "password": password}
    answer = httpx.post(f"{URL}/api/v1/auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access']}"}


def about_me(headers: dict[str, str]) -> int:
    return httpx.get(f"{URL}/api/v1/users/me/", headers=headers).status_code


def problems(found: dict[str, Any]) -> set[str]:
    return {each["id"] for each in found["problems"]}


def findings(found: dict[str, Any]) -> set[str]:
    return {each["id"] for group in found["groups"] for each in group["findings"]}


@pytest.fixture(scope="module")
def password(checkout: Checkout) -> str:
    """That of `testuser`, as the page on keys says it is made."""
    done = checkout.run(
        "$COMPOSE -f deploy/compose.yml --profile commands run --rm -T commands seed --in-production --json"
    )
    assert done.returncode == 0
    results = json.loads(done.stdout[done.stdout.index("{") :])["results"]
    found: str = next(each["password"] for each in results if each["username"] == "testuser")
    assert len(found) > 15
    return found


def test_all_is_well_and_nothing_is_unseen(checkout: Checkout) -> None:
    code, status = checkout.told("./bdx status")
    assert (code, status["problems"]) == (0, [])
    assert status["installation"].startswith("the compose project in ")
    ready = [each for each in status["processes"] if each["ready"]]
    assert {each["name"] for each in ready} >= {"gateway-1", "gateway-2", "vision-worker"}
    assert all(each["version"] and each["commit"] for each in ready)
    code, found = checkout.told("./bdx doctor")
    assert (code, found["not_seen"]) == (0, ""), findings(found)
    # Nobody has held a drill yet: what the page leaves to the operator, and nothing else.
    assert findings(found) <= {"backup.drill-old"}, findings(found)
    assert "dex" in checkout.run("./bdx status").stdout
    code, top = checkout.told("./bdx top --once")
    assert code == 0
    assert len(top["processes"]) >= 9


@pytest.mark.parametrize(
    ("service", "finding"), [("graph", "services.away"), ("nats", "bus.away"), ("postgres", "database.away")]
)
def test_what_is_broken_is_named(checkout: Checkout, service: str, finding: str) -> None:
    project = checkout.project
    project.podman("stop", "-t", "20", project.id(service))
    try:
        code, status = checkout.told("./bdx status")
        assert code == 1
        assert finding in problems(status)
        code, found = checkout.told("./bdx doctor")
        assert code == 1
        assert finding in findings(found)
    finally:
        project.podman("start", project.id(service))
    project.wait_until_healthy(seconds=120)
    deadline = time.monotonic() + 60
    while (told := checkout.told("./bdx status"))[0] and time.monotonic() < deadline:
        time.sleep(1)
    assert told[0] == 0, told[1]["problems"]


@pytest.mark.long
def test_keys_change_and_a_leaked_one_ends_everything(checkout: Checkout, password: str) -> None:
    before = signed_in(password)
    _, listed = checkout.told("./bdx keys list")
    (old,) = (each["key_id"] for each in listed["results"])
    answers = []
    command = ("./bdx", "keys", "rotate", "--wait", KEYS_WAIT, "--json")
    with subprocess.Popen(command, cwd=checkout.folder, stdout=subprocess.PIPE, text=True) as rotating:
        while rotating.poll() is None:
            answers += [about_me(before), about_me(signed_in(password))]
            time.sleep(0.3)
        said = rotating.stdout.read() if rotating.stdout else ""
    assert rotating.returncode == 0
    assert set(answers) == {200}, answers
    assert json.loads(said)["retired"] == [old]
    assert about_me(before) == 200, "a token outlives the rotation"
    code, leaked = checkout.told("./bdx keys rotate --retire-now")
    assert (code, old in leaked["forgotten"]) == (0, True)
    assert about_me(before) == 401
    assert about_me(signed_in(password)) == 200


def test_a_web_client_is_served_and_taken_back(checkout: Checkout, tmp_path: Path) -> None:
    for which in ("first", "second"):
        archive = zipped(write_export(tmp_path / which, which), tmp_path / f"{which}.zip")
        assert checkout.told(f"./bdx client install {archive} --quick")[0] == 0
        assert f"<!-- {which} -->" in httpx.get(f"{URL}/").text
    assert checkout.told("./bdx client rollback")[0] == 0
    assert "<!-- first -->" in httpx.get(f"{URL}/").text


def test_down_and_up_again_keeps_everything(checkout: Checkout, password: str) -> None:
    assert checkout.run("make down").returncode == 0
    assert checkout.project.inspect() == {}
    assert checkout.run("make up").returncode == 0
    checkout.project.wait_until_healthy()
    assert about_me(signed_in(password)) == 200
