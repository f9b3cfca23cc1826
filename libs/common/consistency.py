"""Reading one's own writes: a read waits, for a moment, until this service has seen what the player did elsewhere.

A token is `dex/<id>@<version>`; several are separated by commas. Clients know nothing of it: the gateway adds them.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import Copied
from libs.common.db import Database
from libs.common.errors import Unavailable
from libs.common.outbox import dead_letter

HEADER: Final = "x-consistency-token"
STALE_HEADER: Final = "x-consistency"
WAIT_SECONDS: Final = 1.5
LOOK_SECONDS: Final = 0.025
SILENT_SECONDS: Final = 0.5
LATE_SECONDS: Final = 0.5
LATE_WAIT_SECONDS: Final = 0.05
MAX_TOKENS: Final = 8
TOKEN: Final = re.compile(r"([a-z]{1,20})/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([0-9]{1,18})")

Token = tuple[str, UUID, int]


def parse_tokens(header: str) -> list[Token]:
    """The tokens of a header; what is no token is left out."""
    found = (TOKEN.fullmatch(part.strip()) for part in header.split(",")[:MAX_TOKENS])
    return [(match[1], UUID(match[2]), int(match[3])) for match in found if match]


class Progress:
    """How far this service's copies are, as far as somebody waits for it.

    However many wait, one looks for all of them. And where copies are late by more than a moment, which is so when
    there is too much to do, only one at a time waits to see whether that is over; the others take what there is. Else
    waiting would make late what is late already, and take the places of those who need not wait.
    """

    def __init__(self, database: Database, witnesses: Mapping[str, type[Copied]]) -> None:
        self._db = database
        self._witnesses = witnesses
        self._moved = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], list[Token]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._look_began: float | None = None
        self._is_late = False
        self._is_tried = False

    async def moved(self) -> None:
        """Called after a handler's commit: whoever waits looks again."""
        if self._waiting:
            self._moved.set()
            self._moved = asyncio.Event()

    async def wait_for(self, header: str) -> bool:
        """Waits until all of the header's versions are here; False if they are not after a second and a half.

        Raises:
            Unavailable: it is the database that does not answer; asking it for more would take as long again.
        """
        tokens = [token for token in parse_tokens(header) if token[0] in self._witnesses]
        if not tokens:
            return True
        began = time.monotonic()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                if await self._here(tokens) >= set(tokens):
                    return True
        except TimeoutError:
            raise Unavailable from None
        if self._is_late and self._is_tried:
            return await self._wait(tokens, began + LATE_WAIT_SECONDS)
        self._is_tried = True
        try:
            return await self._wait(tokens, began + WAIT_SECONDS)
        finally:
            self._is_tried = False
            self._is_late = time.monotonic() - began > LATE_SECONDS

    async def _wait(self, tokens: list[Token], until: float) -> bool:
        here: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[here] = tokens
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await here
        except TimeoutError:
            if self._look_began is not None and time.monotonic() - self._look_began > SILENT_SECONDS:
                raise Unavailable from None
            return False
        finally:
            del self._waiting[here]
        return True

    async def _look(self) -> None:
        """Looks for as long as anybody waits, at most half of the time."""
        pause = LOOK_SECONDS
        while self._waiting:
            # Another process of this service may be the one that applies it: look without being told, too.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._moved.wait()
            waiting = dict(self._waiting)
            self._look_began = began = time.monotonic()
            try:
                here = await self._here([token for tokens in waiting.values() for token in tokens])
            except Exception as error:  # noqa: BLE001 - it is theirs who wait, each of whom answers for itself
                for future in waiting:
                    if not future.done():
                        future.set_exception(error)
                return
            finally:
                self._look_began = None
            pause = max(LOOK_SECONDS, time.monotonic() - began)
            for future, tokens in waiting.items():
                if here.issuperset(tokens) and not future.done():
                    future.set_result(None)

    async def _here(self, tokens: Sequence[Token]) -> set[Token]:
        """Those of `tokens` that this service has seen."""
        here: set[Token] = set()
        async with self._db.reading() as session:
            for word in {token[0] for token in tokens}:
                model = self._witnesses[word]
                wanted = {token for token in tokens if token[0] == word}
                rows = await session.execute(
                    select(model.id, model.version).where(model.id.in_({token[1] for token in wanted}))
                )
                seen = {row.id: row.version for row in rows}
                here |= {token for token in wanted if seen.get(token[1], -1) >= token[2]}
            if missing := set(tokens) - here:
                here |= await self._set_aside(session, missing)
        return here

    @staticmethod
    async def _set_aside(session: AsyncSession, missing: set[Token]) -> set[Token]:
        """An event among the dead letters counts as seen: nobody shall wait for it."""
        wanted = {(id, version) for _, id, version in missing}
        found = await session.execute(
            select(dead_letter.c.aggregate_id, dead_letter.c.version).where(
                tuple_(dead_letter.c.aggregate_id, dead_letter.c.version).in_(wanted)
            )
        )
        aside = {(row[0], row[1]) for row in found}
        return {token for token in missing if token[1:] in aside}
