"""The compose project while its keys change: users is replaced with its stand-in serving, as a deploy does it."""

from collections.abc import Callable, Iterable, Sequence

from deploy.keys.ring import NoKey, Ring
from deploy.keys.stack import PUBLISHED, NotTaken
from deploy.rollout.engine import Engine
from deploy.rollout.interruption import Interruption
from deploy.rollout.journal import Journal
from deploy.rollout.plan import MEMBERS, Member, tags_of
from deploy.rollout.rolling import Roller

SIGNER = "users"


class RunningProject:
    """The containers of one project. A new container reads the secrets as they are then."""

    def __init__(self, engine: Engine, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._configuration = engine.configuration({})
        self._tags = tags_of(self._configuration)
        self._roller = Roller(engine, self._configuration, Journal(say), Interruption(say))

    async def must_publish(self, ring: Ring) -> None:
        """Raises:
        NoKey: users does not run, or with other keys than are kept here.
        """
        if self._published() != {ring.key_id, *ring.others}:
            raise NoKey(f"{SIGNER} does not run with the keys that are kept here; see: ./bdx doctor")

    async def take_up(self, ring: Ring) -> None:
        """Raises:
        NotTaken: it came back with other keys.
        NotDone: it did not come back; its stand-in serves.
        """
        self._replace(member for member in MEMBERS if member.unit == SIGNER)
        if self._published() != {ring.key_id, *ring.others}:
            raise NotTaken(f"{SIGNER} has come back without the new keys: is deploy/secrets/users mounted into it?")

    async def forget(self, ring: Ring, old: Sequence[Ring]) -> None:
        """Who has just been started knows no other keys than are published."""
        self._replace(member for member in MEMBERS if member.unit != SIGNER)

    def _replace(self, members: Iterable[Member]) -> None:
        for member in members:
            self._roller.replace(member, self._tags)

    def _published(self) -> set[str]:
        container = self._engine.container(SIGNER)
        answer = self._engine.ask(container, PUBLISHED) if container and container.is_running else None
        return {key["kid"] for key in answer.content.get("keys", ())} if answer else set()
