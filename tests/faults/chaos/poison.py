"""Events that nobody can read, put on the bus by hand; each must end as a dead letter of whoever was to get it."""

import asyncio
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import nats
import nats.errors
import nats.js.errors

from libs.common.bus import STREAM
from libs.contracts.catalogue import EVENTS

TRIES = 60
AWAY = (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError)


def spoiled(kind: str, rng: random.Random) -> bytes:
    """The payload of one of them, by its name in the schedule."""
    record = str(UUID(int=rng.getrandbits(128)))
    match kind:
        case "truncated":
            return b'{"id": "' + record[:18].encode()
        case "wrong types":
            return json.dumps({"id": 5, "version": "no", "owner_id": [], "user_id": {}}).encode()
        case "unknown version":
            return json.dumps({"schema": 9, "record": {"key": record, "revision": {"major": 9}}}).encode()
        case "not utf-8":
            return b'{"id": "\xff\xfe\xc0\x80"}'
        case "a list":
            return b"[[[[1, 2, 3]]]]"
        case _:
            raise ValueError(f"unknown poison {kind}")


@dataclass
class Poison:
    """What was put on the bus, and got its acknowledgement. `urls`: where the bus is, asked anew each time."""

    rng: random.Random
    given: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Event id → subject and payload."""

    async def give(self, url: str, kind: str) -> None:
        """One more."""
        event_id, subject = str(uuid4()), self.rng.choice(sorted(EVENTS))
        payload = spoiled(kind, self.rng)
        if await _publish(url, [(event_id, subject, payload)]):
            self.given[event_id] = (subject, payload)

    async def give_again(self, url: str) -> bool:
        """All of it, after the log was lost: whoever sent it would send it again."""
        return await _publish(url, [(event_id, *what) for event_id, what in self.given.items()])

    def write(self, path: Path) -> None:
        """The ids, as the checker reads them."""
        path.write_text("".join(f"{event_id}\n" for event_id in self.given))


async def _publish(url: str, events: list[tuple[str, str, bytes]]) -> bool:
    """Until the log has them: a bus that is away comes back."""
    for _ in range(TRIES):
        try:
            client = await nats.connect(url, connect_timeout=2, allow_reconnect=False, error_cb=_ignore)
        except AWAY:
            await asyncio.sleep(0.5)
            continue
        try:
            js = client.jetstream(timeout=3)
            for event_id, subject, payload in events:
                headers = {"ce-id": event_id, "Nats-Msg-Id": event_id, "content-type": "application/json"}
                await js.publish(subject, payload, stream=STREAM, headers=headers)
        except AWAY:
            await asyncio.sleep(0.5)
        else:
            return True
        finally:
            await client.close()
    return False


async def _ignore(error: Exception) -> None:
    """What breaks is tried again."""
