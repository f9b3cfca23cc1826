"""The small mesh: a bus server, some tellers, who tells them what to do, and the checker."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import nats.errors
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError
from sqlalchemy import func, select, text

from libs.common.bus import STREAM
from libs.common.db import Database
from libs.common.outbox import dead_letter, outbox
from libs.common.provision import provision_stream, stream_config
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.places import Places, log_at
from libs.common.recovery.verify import Checker
from tests.faults.small.bus_server import BusServer
from tests.faults.small.teller import DECLARED, SERVICE, Person, handlers
from tests.faults.small.tellers import Teller
from tests.mesh import until

WRITERS = 3
PATIENCE_SECONDS = 3.0


@dataclass
class Told:
    """What clients were told: of each person the newest version that was acknowledged, and how often they were not."""

    acknowledged: dict[UUID, int] = field(default_factory=dict)
    writes: int = 0
    refused: list[str] = field(default_factory=list)

    def note(self, person: UUID, version: int) -> None:
        self.writes += 1
        self.acknowledged[person] = max(version, self.acknowledged.get(person, 0))


@dataclass
class SmallMesh:
    """Everything of one test; tellers that still run in the end are killed."""

    folder: Path
    bus: BusServer
    database: Database
    database_url: str
    tellers: list[Teller] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    people: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(12)])
    # One for all: each one reads the system's certificates when it is made.
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENCE_SECONDS))

    async def teller(self, *, ready: bool = True, **environment: str) -> Teller:
        """One more process; `BUS_FAULT="…"` arms it."""
        name = f"teller-{len(self.tellers) + 1}"
        given = {"DATABASE_URL": self.database_url, "NATS_URL": self.bus.url, "ENVIRONMENT": "test", **environment}
        teller = Teller.started(name, self.folder, given)
        self.tellers.append(teller)
        if ready:
            await until(lambda: self.answers(teller))
        return teller

    async def write(
        self, teller: Teller, person: UUID | None = None, times: int = 1, *, weight: int = 0, gone: bool = False
    ) -> int:
        """One write by HTTP; the version that was acknowledged.

        Raises:
            httpx.HTTPError: no answer, or one that refuses; what became of the write nobody knows.
        """
        who = person or random.choice(self.people)
        if gone and who in self.people:
            self.people[self.people.index(who)] = uuid4()
        query = None if gone else {"times": times, "weight": weight}
        answer = await self.client.request("DELETE" if gone else "PUT", f"{teller.url}/people/{who}/", params=query)
        answer.raise_for_status()
        version = int(answer.json()["version"])
        self.told.note(who, version)
        return version

    async def writes_go_on(self, count: int = 20, seconds: float = 15.0) -> None:
        """Waits until so many more writes are acknowledged."""
        enough = self.told.writes + count

        async def goes_on() -> bool:
            return self.told.writes >= enough

        await until(goes_on, seconds)

    @asynccontextmanager
    async def under_load(self, *tellers: Teller, pause: float = 0.03) -> AsyncIterator[Told]:
        """Writes go on meanwhile, to all of `tellers`; one that is killed answers nobody."""
        over = asyncio.Event()

        async def go_on() -> None:
            while not over.is_set():
                try:
                    times = random.choice((1, 1, 1, 1, 1, 1, 4, 20))
                    await self.write(random.choice(tellers), times=times, gone=random.random() < 0.05)
                except httpx.HTTPStatusError as error:
                    if error.response.status_code != httpx.codes.NOT_FOUND:  # Just gone: another writer's doing.
                        self.told.refused.append(error.response.text)
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(pause)

        writers = [asyncio.create_task(go_on()) for _ in range(WRITERS)]
        try:
            yield self.told
        finally:
            over.set()
            await asyncio.gather(*writers)

    @asynccontextmanager
    async def log(self) -> AsyncIterator[JetStreamContext]:
        """The bus as a person sees it."""
        async with log_at(self.bus.url) as js:
            yield js

    async def provide(self, config: StreamConfig | None = None) -> None:
        """Makes the stream, before a teller does."""
        async with self.log() as js:
            await provision_stream(js, config or stream_config())

    async def at_rest(self, seconds: float = 60.0) -> None:
        """Waits until nothing is on its way any more."""
        async with self.log() as js:
            await until(lambda: self._rests(js), seconds)

    async def _rests(self, js: JetStreamContext) -> bool:
        if await self.unpublished():
            return False
        try:
            infos = [await js.consumer_info(STREAM, handler.durable) for handler in handlers.all]
        except (NotFoundError, nats.errors.Error, TimeoutError):
            return False  # Not made yet; or a cluster that is choosing who leads it.
        return not any(info.num_pending or info.num_ack_pending for info in infos)

    async def unpublished(self) -> int:
        """Events that wait in the outbox."""
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).where(outbox.c.published_at.is_(None))) or 0

    async def recorded(self) -> int:
        """Events in the outbox, published or not."""
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(outbox)) or 0

    async def deliveries(self, durable: str) -> int:
        """How often an event was handed out to this durable, each time counted."""
        async with self.log() as js:
            delivered = (await js.consumer_info(STREAM, durable)).delivered
        assert delivered is not None
        return delivered.consumer_seq

    async def messages(self) -> int:
        """Events in the log."""
        async with self.log() as js:
            return (await js.stream_info(STREAM)).state.messages

    async def backends(self) -> int:
        """Connections of tellers to the database."""
        query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND pid <> pg_backend_pid()")
        own = text("SELECT set_config('application_name', 'the test', false)")
        async with self.database.reading() as session:
            await session.execute(own)
            return int(await session.scalar(query, {"name": f"biologidex-{SERVICE}"}) or 0)

    async def dead_letters(self) -> int:
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(dead_letter)) or 0

    async def violations(self, *, patience: float = 10.0, poison: frozenset[str] = frozenset()) -> list[str]:
        """What the checker finds, and what clients were told that is so no more. `poison`: events of our own making."""
        await self.at_rest()
        async with self.log() as js:
            places = Places({SERVICE: self.database_url}, self.bus.url)
            report = await Checker(places, js, declared=DECLARED, surroundings=Surroundings(poison)).verify(
                patience=patience
            )
        async with self.database.reading() as session:
            there = {row.id: row.version for row in await session.execute(select(Person.id, Person.version))}
        found = [f"{each.invariant}: {each.sentence}" for each in report.violations]
        return found + [
            f"{person}@{version} was acknowledged and is lost"
            for person, version in self.told.acknowledged.items()
            if there.get(person, 0) < version
        ]

    async def answers(self, teller: Teller, path: str = "/ready/") -> bool:
        """Whether it is there."""
        assert teller.process.exitcode is None, teller.log.read_text()
        try:
            return (await self.client.get(f"{teller.url}{path}")).status_code == 200
        except httpx.HTTPError:
            return False

    async def metrics_of(self, teller: Teller) -> Mapping[str, float]:
        """What a teller measures of itself: name with labels → value."""
        measured = (await self.client.get(f"{teller.url}/metrics/")).text
        lines = (line.rpartition(" ") for line in measured.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    async def end(self) -> None:
        await self.client.aclose()
        for teller in self.tellers:
            if teller.process.is_alive():
                teller.kill()
        self.bus.kill()
