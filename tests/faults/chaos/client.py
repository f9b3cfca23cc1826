"""HTTP as the game sends it: a connection for each request, and its law of repeats (contract C2, C4)."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.faults.chaos.tally import FINE, Tally

REPEATS: Final = 3
SECONDS: Final = 60.0
"""G9: everything is answered within a minute."""
AGENT: Final = "GodotEngine/4.5.stable.official (Linux)"


@dataclass(frozen=True, slots=True)
class Told:
    """The last answer to a request; `status` 0 where there was none. `attempts` counts those before it, too."""

    status: int
    attempts: int
    body: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        """Nobody said whether it was done."""
        return self.status == 0 or self.status >= 500 or self.status == 429


class Client:
    """All players share it. `may_break(since)`: whether the gateway itself was struck since then."""

    def __init__(self, url: str, tally: Tally, may_break: Callable[[float], bool], hurry: float = 1.0) -> None:
        self._base = f"{url}/api/v1"
        self._tally, self._may_break, self._hurry = tally, may_break, hurry
        # The game opens a connection for each request; all loopback ports of a long run would not suffice otherwise.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            headers={"User-Agent": AGENT, "Accept": "*/*"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        *,
        json: Mapping[str, Any] | None = None,
        image: bytes | None = None,
        fine: tuple[int, ...] = (),
        repeats: int = REPEATS,
    ) -> Told:
        """One request with its repeats: network errors, 5xx and 429 again after about 2, 4 and 8 seconds.

        fine  statuses that are in order here besides those that always are
        """
        for attempt in range(1, repeats + 2):
            told = await self._once(method, path, token, json, image, attempt)
            self._judge(method, path, told, fine)
            if not told.unknown or attempt > repeats:
                return told
            await asyncio.sleep(min(2.0**attempt, 30.0) * random.uniform(0.8, 1.2) * self._hurry)
        raise AssertionError("the last attempt returns")

    async def _once(
        self, method: str, path: str, token: str, json: Mapping[str, Any] | None, image: bytes | None, attempt: int
    ) -> Told:
        form = None
        if image is not None:
            form = aiohttp.FormData()
            form.add_field("image", image, filename="image.jpg", content_type="image/jpeg")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        began = time.time()
        try:
            async with self._session.request(
                method, self._base + path, json=json, data=form, headers=headers
            ) as answer:
                raw = await answer.read()
                self._tally.statuses[str(answer.status)] += 1
                if answer.status in (429, 503) and "Retry-After" not in answer.headers:
                    self._tally.surprise(f"{answer.status} without Retry-After from {method} {_place(path)}")
                body = await answer.json() if answer.content_type == "application/json" and raw else {}
                return Told(answer.status, attempt, body if isinstance(body, dict) else {}, raw)
        except TimeoutError:
            self._tally.surprise(f"no answer within {SECONDS:.0f} s from {method} {_place(path)}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if not self._may_break(began):
                self._tally.surprise(
                    f"{type(error).__name__} ({error}) from {method} {_place(path)}, the gateway being up"
                )
        self._tally.statuses["no answer"] += 1
        return Told(0, attempt)

    def _judge(self, method: str, path: str, told: Told, fine: tuple[int, ...]) -> None:
        if told.status == 0 or told.status in FINE or told.status in fine:
            return
        self._tally.surprise(f"{told.status} from {method} {_place(path)}: {told.raw[:160].decode(errors='replace')}")


def _place(path: str) -> str:
    """A path without its ids."""
    return "/".join("{id}" if len(word) == 36 else word for word in path.partition("?")[0].split("/"))
