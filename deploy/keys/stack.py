"""An embedded stack while its keys change: users is started again, and everybody is seen to know the keys."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from deploy.keys.ring import Ring
from deploy.local.data_folder import TOPOLOGY
from libs.common.tokens import REFETCH_SECONDS
from services.users.keys import Keyring

PUBLISHED: Final = "/.well-known/jwks.json"
START_SECONDS: Final = 60.0
LOOK_EVERY: Final = 0.1
ASKED: Final = {
    "users": "/api/v1/users/me/",
    "animals": "/api/v1/animals/",
    "dex": "/api/v1/dex/entries/",
    "social": "/api/v1/social/friendships/",
    "vision": "/api/v1/vision/jobs/",
    "graph": "/api/v1/graph/tree/",
    "gateway": "/api/v1/users/me/",
}
"""Where each process looks at a token first."""


class NotTaken(Exception):
    """Somebody does not know the keys as they are kept; the text says who."""


@dataclass(frozen=True)
class RunningStack:
    """The stack in a data folder. Processes of the same service are its instances (`users`, `users-2`)."""

    folder: Path

    def processes(self, service: str = "") -> Mapping[str, Mapping[str, Any]]:
        """Those that listen; of one service, if it is named.

        Raises:
            NotTaken: no stack runs here.
        """
        try:
            every: Mapping[str, Mapping[str, Any]] = json.loads((self.folder / TOPOLOGY).read_text())["processes"]
        except (OSError, ValueError, KeyError) as error:
            raise NotTaken(f"no stack runs in {self.folder}: {error}") from None
        return {
            name: process
            for name, process in every.items()
            if process["url"] and (not service or _service(name) == service)
        }

    async def take_up(self, ring: Ring) -> None:
        """Starts users again, one instance after the other; each is back with these keys before the next one ends.

        Raises:
            NotTaken: one does not come back with them.
        """
        for name in self.processes("users"):
            before = self.processes()[name]["pid"]
            os.kill(before, signal.SIGTERM)
            deadline = time.monotonic() + START_SECONDS
            # What it publishes does not say which of the keys signs: it has to be another process.
            while self.processes()[name]["pid"] == before or not await self._publishes(name, _names(ring)):
                if time.monotonic() > deadline:
                    raise NotTaken(f"{name} has not come back with the new keys; see its log")
                await asyncio.sleep(LOOK_EVERY)

    async def must_publish(self, ring: Ring) -> None:
        """Raises:
        NotTaken: users runs with other keys, such as those of its starter's environment.
        """
        for name in self.processes("users"):
            if not await self._publishes(name, _names(ring)):
                raise NotTaken(f"{name} does not publish the keys of {self.folder}: was it told others by environment?")

    async def forget(self, ring: Ring, old: Sequence[Ring]) -> None:
        """Sees to it that no process takes a token of an old key any more.

        Each is shown a token of the new key, which makes it ask for the published ones and forget what it had found
        good; then one of each old key, which it has to refuse.

        Raises:
            NotTaken: one still does.
        """
        asked = [name for name in self.processes() if _service(name) in ASKED and not name.endswith("-worker")]
        await asyncio.gather(*(self._forgets(name, ring, old) for name in asked))

    async def _forgets(self, name: str, ring: Ring, old: Iterable[Ring]) -> None:
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=5) as client:
            while True:
                knows = await self._is_good(client, name, _token(ring))
                still = [each.key_id for each in old if await self._is_good(client, name, _token(each)) is not False]
                if knows and not still:
                    return
                if time.monotonic() > deadline:
                    raise NotTaken(f"{name} still takes tokens of the old key; restart it")
                await asyncio.sleep(REFETCH_SECONDS / 5)

    async def _is_good(self, client: httpx.AsyncClient, name: str, token: str) -> bool | None:
        """Whether a process finds a token good, whoever it speaks for; None when it does not say."""
        address = self.processes()[name]["url"] + ASKED[_service(name)]
        try:
            answer = await client.get(address, headers={"Authorization": f"Bearer {token}"})
            said = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        if answer.status_code >= 500 or answer.status_code == 429:
            return None
        return not (answer.status_code == 401 and said.get("code") == "token_not_valid")

    async def _publishes(self, name: str, expected: set[str]) -> bool:
        address = self.processes()[name]["url"]
        async with httpx.AsyncClient(base_url=address, timeout=5) as client:
            try:
                ready, answer = await client.get("/ready/"), await client.get(PUBLISHED)
                answer.raise_for_status()
                return ready.status_code == 200 and {key["kid"] for key in answer.json()["keys"]} == expected
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                return False


def _service(name: str) -> str:
    return name.partition("-")[0]


def _names(ring: Ring) -> set[str]:
    return {ring.key_id, *ring.others}


def _token(ring: Ring) -> str:
    """An access token for nobody, good for a minute."""
    moment = int(time.time())
    claims = {"token_type": "access", "exp": moment + 60, "iat": moment, "jti": uuid4().hex, "user_id": str(uuid4())}
    return Keyring(ring.private, ring.key_id, {}).sign(claims)
