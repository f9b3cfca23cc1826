"""Replaces one container after the other, in such an order that somebody always serves (docs/decisions/0014)."""

import time
from collections.abc import Mapping
from typing import Any, Final

from deploy.rollout import front
from deploy.rollout.containers import Container
from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.interruption import Interruption
from deploy.rollout.journal import Journal
from deploy.rollout.plan import MEMBERS, Member, environment, fixed_address

READY: Final = "/ready/"
ALIVE: Final = "/health/"
READY_SECONDS: Final = 90.0
"""How long a new container may take until it is ready."""
APART_SECONDS: Final = 1.0
"""Ready is who says so twice, so far apart."""
MISSING_SECONDS: Final = 10.0
"""So long one that was ready may be busy with something else."""
REMEMBERED_SECONDS: Final = 4.0
"""So long a gateway may go on to the address that a name had (2 s, services/gateway/peers.py); nobody leaves before."""
FRONT_SECONDS: Final = 3.0
"""After that the front comes back to a gateway that it had found away (fail_timeout)."""

Tags = Mapping[str, str]


class Roller:
    """Replaces members of one project; `replaced` are those whose old container is gone."""

    def __init__(
        self,
        engine: Engine,
        configuration: Mapping[str, Mapping[str, Any]],
        journal: Journal,
        ending: Interruption,
        ready_seconds: float = READY_SECONDS,
    ) -> None:
        self._engine = engine
        self._configuration = configuration
        self._journal = journal
        self._ending = ending
        self._ready_seconds = ready_seconds
        self.replaced: list[Member] = []

    def replace(self, member: Member, tags: Tags) -> None:
        """Raises NotDone: the new one does not get ready. Somebody serves in that case as well."""
        self._ending.look()
        with self._journal.step(f"{member.name} → {tags[member.unit]}"):
            if member.stand_in:
                self._with_stand_in(member, member.stand_in, tags)
            elif member.twin:
                self._beside_twin(member, member.twin, tags)
            else:
                self._renew(member, member.name, tags)

    def clear(self) -> None:
        """Stand-ins go where the one they stand in for serves."""
        for member in MEMBERS:
            if member.stand_in and self._engine.container(member.stand_in) and self._serves(member, member.name):
                self._engine.take_away(member.stand_in)

    def _with_stand_in(self, member: Member, stand_in: str, tags: Tags) -> None:
        if self._serves(member, member.name) or not self._serves(member, stand_in):
            self._renew(member, stand_in, tags)
            self._ending.pause(REMEMBERED_SECONDS)
        # Otherwise the stand-in is all there is, left behind by a deploy that broke off: it serves on.
        container = self._renew(member, member.name, tags)
        self._ending.pause(REMEMBERED_SECONDS)
        self._must_answer(member.name, container)
        self._engine.take_away(stand_in)

    def _beside_twin(self, member: Member, twin: str, tags: Tags) -> None:
        # A gateway is ready when all services are: where they are not, that is not this gateway's doing.
        path = READY if self._serves(member, twin) or self._serves(member, member.name) else ALIVE
        if self._serves(member, member.name, path) and not self._serves(member, twin, path):
            raise NotDone(f"{twin} does not serve; {member.name} is all there is and stays")
        container = self._renew(member, member.name, tags, path)
        front.wait_until_reached(self._engine, member.name, self._ending)
        self._ending.pause(FRONT_SECONDS)
        self._must_answer(member.name, container, path)

    def _renew(self, member: Member, service: str, tags: Tags, path: str = READY) -> Container:
        """Another container in the place of the old one; others find it as soon as it is ready, and not before."""
        self._ending.look()
        if service == member.name and member not in self.replaced:
            self.replaced.append(member)
        self._engine.take_away(service)
        container = self._engine.make(service, environment(tags))
        network = container.network(member.network) if member.network else None
        if network:
            self._engine.hide(container, network)
        self._engine.start(container)
        self._wait_for(service, container, path)
        if network and member.network:
            address = fixed_address(self._configuration, service, member.network)
            self._engine.show(container, network, service, address)
            self._must_answer(service, container, path)
        return container

    def _wait_for(self, service: str, container: Container, path: str) -> None:
        """Until it is ready; not longer than it is worth waiting."""
        until = time.monotonic() + self._ready_seconds
        said = "no answer"
        while time.monotonic() < until:
            answer = self._engine.ask(container, path)
            if answer.status == 200:
                self._ending.pause(APART_SECONDS)
                self._must_answer(service, container, path)
                return
            self._must_run(service, container)
            said = str(answer.content.get("error") or answer.status or "no answer")
            self._ending.pause()
        log = self._engine.log(container)
        raise NotDone(f"{service} was not ready after {self._ready_seconds:.0f} s ({said})\n{log}")

    def _must_answer(self, service: str, container: Container, path: str = READY) -> None:
        until = time.monotonic() + MISSING_SECONDS
        while self._engine.ask(container, path).status != 200:
            self._must_run(service, container)
            if time.monotonic() > until:
                raise NotDone(f"{service} was ready and is not any more\n{self._engine.log(container)}")
            self._ending.pause()

    def _must_run(self, service: str, container: Container) -> None:
        now = self._engine.again(container)
        if now is None:
            raise NotDone(f"the container of {service} was taken away by somebody else")
        if not now.is_running or now.restarts:
            log = self._engine.log(container)
            raise NotDone(f"{service} has ended by itself (exit code {now.exit_code})\n{log}")

    def _serves(self, member: Member, service: str, path: str = READY) -> bool:
        """Whether it can be found by others, and is ready."""
        container = self._engine.container(service)
        if container is None or not container.is_running:
            return False
        found = member.network is None or container.network(member.network) is not None
        return found and self._engine.ask(container, path).status == 200
