"""Talks to what runs containers here: `docker compose`, `podman compose` or `podman-compose`, whichever is there."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from deploy.rollout.containers import Answer, Container, container_of
from deploy.rollout.failure import NotDone
from deploy.rollout.place import Place

KNOWN: Final = (("docker", "compose"), ("podman", "compose"), ("podman-compose",))
PROGRAM: Final = "COMPOSE_PROGRAM"
"""Names another one, with its arguments: `COMPOSE_PROGRAM="podman-compose --in-pod false"`."""
STANDBY: Final = "standby"
QUICK_SECONDS: Final = 60.0
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 45
"""Above stop_grace_period: who drains is not killed at it."""
LONG_SECONDS: Final = 3600.0
EXEC_SECONDS: Final = 10.0
_ASK: Final = """
import json, os, sys, urllib.error, urllib.request
url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{sys.argv[1]}"
try:
    with urllib.request.urlopen(url, timeout=4) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
except OSError as error:
    print(json.dumps([0, str(error)]))
"""


class Engine:
    """One compose project of one engine. Blocks; what does not go through raises NotDone."""

    def __init__(self, place: Place, compose: Sequence[str], program: str) -> None:
        self._place = place
        self._compose = tuple(compose)
        self._program = program

    @property
    def name(self) -> str:
        return " ".join(self._compose)

    def configuration(self, tags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Every service as compose would run it with these tags, stand-ins included."""
        told: dict[str, Any] = yaml.safe_load(self._said(*self._project(), "config", tags=tags)) or {}
        services: dict[str, dict[str, Any]] = told.get("services") or {}
        return services

    def container(self, service: str) -> Container | None:
        """The container of a service, running or not; the newest where there are several."""
        found = [container_of(each) for each in self._inspected(service)]
        return max(found, key=lambda each: each.created, default=None)

    def again(self, container: Container) -> Container | None:
        """The same container as it is now; None where it is gone."""
        told = self._run(self._program, "inspect", container.id)
        return container_of(json.loads(told.stdout)[0]) if told.returncode == 0 else None

    def has_image(self, reference: str) -> bool:
        return self._run(self._program, "image", "inspect", reference).returncode == 0

    def pull(self, services: Sequence[str], tags: Mapping[str, str]) -> None:
        self._said(*self._project(), "pull", *services, tags=tags, seconds=LONG_SECONDS)

    def run_once(self, service: str, tags: Mapping[str, str]) -> None:
        """Runs a one-shot service to its end; its dependencies run already."""
        self._said(*self._project(), "run", "--rm", "--no-deps", "-T", service, tags=tags, seconds=LONG_SECONDS)

    def make(self, service: str, tags: Mapping[str, str]) -> Container:
        """Makes the container of a service that has none, and starts nothing."""
        self._said(*self._project(), "up", "--no-start", "--no-deps", "--no-build", service, tags=tags)
        container = self.container(service)
        if container is None:
            raise NotDone(f"{self.name} made no container for {service}")
        return container

    def start(self, container: Container) -> None:
        self._said(self._program, "start", container.id, seconds=START_SECONDS)

    def hide(self, container: Container, network: str) -> None:
        """Nobody finds it in this network from now on."""
        self._said(self._program, "network", "disconnect", network, container.id)

    def show(self, container: Container, network: str, name: str, address: str = "") -> None:
        """From now on it is found in this network by its name; `address` where it has a fixed one."""
        fixed = ["--ip", address] if address else []
        self._said(self._program, "network", "connect", "--alias", name, *fixed, network, container.id)

    def take_away(self, service: str) -> None:
        """Ends the containers of a service in good order, and removes them."""
        for container in self._ids(service):
            # Not by compose: podman's takes away whoever depends on the service as well.
            self._said(self._program, "stop", "-t", str(STOP_SECONDS), container, seconds=QUICK_SECONDS + STOP_SECONDS)
            # By force: one that ends again and again may have been started once more, by podman, after it was stopped.
            self._said(self._program, "rm", "-f", container)

    def ask(self, container: Container, path: str) -> Answer:
        """What the process in a container answers to a GET at its own port."""
        try:
            told = self._run(self._program, "exec", container.id, "python", "-c", _ASK, path, seconds=EXEC_SECONDS)
            status, body = json.loads(told.stdout)
        except (subprocess.TimeoutExpired, ValueError):
            return Answer(0, "")
        return Answer(status, body)

    def log(self, container: Container, lines: int = 15) -> str:
        """The last lines that a container wrote."""
        told = self._run(self._program, "logs", "--tail", str(lines), container.id)
        return (told.stdout + told.stderr).strip()

    def signal(self, container: Container, name: str) -> None:
        self._said(self._program, "kill", "-s", name, container.id)

    def execute(self, container: Container, *command: str, seconds: float = QUICK_SECONDS) -> None:
        """Runs a command in a container, which has to succeed."""
        self._said(self._program, "exec", container.id, *command, seconds=seconds)

    def succeeds(self, container: Container, *command: str) -> bool:
        """Whether a command in a container ends with 0, and in time."""
        try:
            return self._run(self._program, "exec", container.id, *command, seconds=EXEC_SECONDS).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _ids(self, service: str) -> list[str]:
        labels = (f"com.docker.compose.project={self._place.project}", f"com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        return self._said(self._program, "ps", "-a", "-q", "--no-trunc", *filters).split()

    def _inspected(self, service: str) -> list[dict[str, Any]]:
        ids = self._ids(service)
        if not ids:
            return []
        found: list[dict[str, Any]] = json.loads(self._said(self._program, "inspect", *ids))
        return found

    def _project(self) -> Sequence[str]:
        files = [word for path in self._place.files for word in ("-f", str(path))]
        settings = ["--env-file", str(self._place.settings)] if self._place.settings.exists() else []
        return (*self._compose, "-p", self._place.project, *files, *settings, "--profile", STANDBY)

    def _said(self, *command: str, tags: Mapping[str, str] | None = None, seconds: float = QUICK_SECONDS) -> str:
        try:
            done = self._run(*command, tags=tags, seconds=seconds)
        except subprocess.TimeoutExpired:
            raise NotDone(f"`{_short(command)}` was not done after {seconds:.0f} s") from None
        if done.returncode != 0:
            reason = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
            raise NotDone(f"`{_short(command)}` ended with {done.returncode}: {reason}")
        return done.stdout

    def _run(
        self, *command: str, tags: Mapping[str, str] | None = None, seconds: float = QUICK_SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env={**os.environ, **(tags or {})},
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            # Ctrl-C is for the deploy to hear, not for what it has just begun.
            start_new_session=True,
        )


def find_engine(place: Place) -> Engine:
    """The first that is installed and answers; COMPOSE_PROGRAM names another.

    Raises:
        NotDone: there is none, or no compose file.
    """
    for path in place.files:
        if not path.exists():
            raise NotDone(f"there is no {path}")
    named = shlex.split(os.environ.get(PROGRAM, ""))
    for compose in (tuple(named),) if named else KNOWN:
        program = "docker" if compose[0].startswith("docker") else "podman"
        if all(shutil.which(name) for name in (compose[0], program)) and _answers(compose, program):
            return Engine(place, compose, program)
    raise NotDone("neither docker compose nor podman compose nor podman-compose answers here")


def _answers(compose: Sequence[str], program: str) -> bool:
    for command in ((*compose, "version"), (program, "ps", "-q")):
        try:
            if subprocess.run(command, capture_output=True, timeout=QUICK_SECONDS, check=False).returncode != 0:
                return False
        except subprocess.TimeoutExpired:
            return False
    return True


def _short(command: Sequence[str]) -> str:
    """A command as people would type it: without the words that are the same in all."""
    words = list(command)
    while "-f" in words or "-p" in words or "--env-file" in words or "--profile" in words:
        place = next(n for n, word in enumerate(words) if word in ("-f", "-p", "--env-file", "--profile"))
        del words[place : place + 2]
    return " ".join(words)
