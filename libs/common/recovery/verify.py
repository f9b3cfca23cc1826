"""The checker: holds all schemas, the log, the files and what clients were told against each other (docs/checker.md).

It reads the log once, with a reader of its own. While the mesh is at work something is always on its way, so what is
found is looked at again; only what is wrong every time, and has not moved meanwhile, is reported.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from libs.common.blobs import Blobs
from libs.common.bus import STREAM
from libs.common.handlers import Handler
from libs.common.migrate import SERVICES
from libs.common.provision import stream_config
from libs.common.recovery.audit import Surroundings
from libs.common.recovery.declared import Declared
from libs.common.recovery.files import Files
from libs.common.recovery.invariants import Violation
from libs.common.recovery.log_reader import LogReader, told
from libs.common.recovery.places import Places
from libs.common.recovery.service_check import ServiceCheck

LOOK_SECONDS: Final = 1.0
BUS: Final = "bus"
GRACE: Final = timedelta(hours=1)
"""How long a file may lie in the store before a record names it."""
SAMPLED: Final = 0.05
"""Share of the files that are read and hashed, unless told otherwise."""
NOTHING_KNOWN: Final = Surroundings()

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what does not hold."""

    violations: list[Violation]
    services: list[str]
    messages: int
    unreadable: int
    files: int
    told: int
    """Lines of the history."""
    calls: int
    """Lines of the ledger."""
    rounds: int
    seconds: float

    @property
    def holds(self) -> bool:
        return not self.violations


def forgetful(config: StreamConfig) -> list[Violation]:
    """By which settings the log would lose what it has taken (bus notes §4)."""
    wanted = stream_config()
    settings = ("retention", "storage", "discard", "max_age", "max_msgs", "max_msgs_per_subject")
    unlike = [name for name in settings if (getattr(config, name) or -1) != (getattr(wanted, name) or -1)]
    return [
        Violation("I1", BUS, f"{STREAM}/{name}", f"the log forgets by itself: {name} is {getattr(config, name)}")
        for name in unlike
    ]


class Checker:
    """One run of the checker. `declared`: what the code of the services says, by default their own modules."""

    def __init__(
        self,
        places: Places,
        js: JetStreamContext,
        *,
        surroundings: Surroundings = NOTHING_KNOWN,
        grace: timedelta = GRACE,
        sampled: float = SAMPLED,
        declared: Mapping[str, Declared] | None = None,
        say: Say = lambda sentence: None,
    ) -> None:
        self._places = places
        self._js = js
        self._say = say
        self._declared = declared or {service: Declared.by(service) for service in places.databases}
        self._surroundings = surroundings
        self._files: Files | None = None
        if places.blobs:
            whole = set(SERVICES) <= self._declared.keys()
            self._files = Files(Blobs(places.blobs, ""), grace, sampled, whole)
        self._checks: list[ServiceCheck] = []
        self._messages = self._unreadable = 0

    async def verify(self, *, patience: float) -> Report:
        """Looks, and looks again for at most `patience` seconds as long as there is something wrong."""
        began, rounds = time.monotonic(), 1
        reader = LogReader(self._js)
        async with AsyncExitStack() as stack:
            for service, url in self._places.databases.items():
                self._say(f"opening {service}")
                self._checks.append(await stack.enter_async_context(ServiceCheck.opened(self._declared[service], url)))
            stack.push_async_callback(reader.close)
            wrong = await self._look(reader)
            while wrong and time.monotonic() - began < patience:
                await asyncio.sleep(LOOK_SECONDS)
                again = await self._look(reader)
                wrong = {key: again[key] for key in wrong.keys() & again.keys()}
                rounds += 1
        violations = sorted(wrong.values())
        seconds = time.monotonic() - began
        history, ledger = self._surroundings.history, self._surroundings.ledger
        return Report(
            violations=violations,
            services=list(self._declared),
            messages=self._messages,
            unreadable=self._unreadable,
            files=self._files.count if self._files else 0,
            told=len(history.lines) if history else 0,
            calls=len(ledger.calls) if ledger else 0,
            rounds=rounds,
            seconds=seconds,
        )

    async def _look(self, reader: LogReader) -> dict[tuple[str, str, str], Violation]:
        found = await self._durables()
        if not any(violation.key == STREAM for violation in found):
            await self._read(reader)
        for check, service in zip(self._checks, self._declared, strict=True):
            self._say(f"checking {service}")
            found += await check.violations(self._surroundings)
        if self._files is not None:
            self._say("looking through the files")
            named = {service: await check.files() for check, service in zip(self._checks, self._declared, strict=True)}
            found += await self._files.violations(named)
        return {violation[:3]: violation for violation in found}

    async def _read(self, reader: LogReader) -> None:
        while messages := await reader.read():
            batch = [told(message) for message in messages]
            for check in self._checks:
                await check.add(batch)
            self._messages += len(batch)
            self._unreadable += sum(message.event is None for message in batch)
            self._say(f"reading the log: {self._messages} events")

    async def _durables(self) -> list[Violation]:
        """Every handler's durable is there, filters what the code says, and has nothing left to do."""
        try:
            config = (await self._js.stream_info(STREAM)).config
        except nats.js.errors.NotFoundError:
            return [Violation("I1", BUS, STREAM, f"there is no stream {STREAM}; see docs/runbooks/lost-event-log.md")]
        declared = [handlers for each in self._declared.values() for handlers in each.handlers]
        found = [await self._durable(handler) for handlers in declared for handler in handlers.all]
        return [*forgetful(config), *(violation for violation in found if violation)]

    async def _durable(self, handler: Handler) -> Violation | None:
        name = handler.durable
        try:
            info = await self._js.consumer_info(STREAM, name)
        except nats.js.errors.NotFoundError:
            return Violation("I6", BUS, name, f"{name} has no durable on the bus; `bdx bus provision` makes it")
        given = info.config.filter_subjects or [info.config.filter_subject]
        if set(given) != set(handler.subjects):
            return Violation("I6", BUS, name, f"{name} gets {given}, the code wants {handler.subjects}")
        waiting, unacknowledged = info.num_pending or 0, info.num_ack_pending or 0
        if not waiting and not unacknowledged:
            return None
        at = info.ack_floor.stream_seq if info.ack_floor else 0
        sentence = f"{name}: {waiting} events wait and {unacknowledged} are not acknowledged, after no. {at}"
        return Violation("I6", BUS, f"{name}@{at}", sentence)
