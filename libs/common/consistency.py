"""Reading one's own writes: a read waits, for a moment, until this service has seen what the player did elsewhere.

A token is `dex/<id>@<version>`; several are separated by commas. Clients know nothing of it: the gateway adds them.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, tuple_

from libs.common.copies import Copied
from libs.common.db import Database
from libs.common.errors import Unavailable
from libs.common.outbox import dead_letter

HEADER: Final = "x-consistency-token"
STALE_HEADER: Final = "x-consistency"
WAIT_SECONDS: Final = 1.5
LOOK_SECONDS: Final = 0.025
SILENT_SECONDS: Final = 0.5
MAX_TOKENS: Final = 8
TOKEN: Final = re.compile(r"([a-z]{1,20})/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([0-9]{1,18})")

Token = tuple[str, UUID, int]


def parse_tokens(header: str) -> list[Token]:
    """The tokens of a header; what is no token is left out."""
    found = (TOKEN.fullmatch(part.strip()) for part in header.split(",")[:MAX_TOKENS])
    return [(match[1], UUID(match[2]), int(match[3])) for match in found if match]


class Progress:
    """How far this service's copies are, as far as somebody waits for it."""

    def __init__(self, database: Database, witnesses: Mapping[str, type[Copied]]) -> None:
        self._db = database
        self._witnesses = witnesses
        self._moved = asyncio.Condition()
        self._waiting = 0

    async def moved(self) -> None:
        """Called after a handler's commit: whoever waits looks again."""
        if self._waiting:
            async with self._moved:
                self._moved.notify_all()

    async def wait_for(self, header: str) -> bool:
        """Waits until all of the header's versions are here; False if they are not after a second and a half.

        Raises:
            Unavailable: it is the database that does not answer; asking it for more would take as long again.
        """
        tokens = [token for token in parse_tokens(header) if token[0] in self._witnesses]
        if not tokens:
            return True
        self._waiting += 1
        asked_at = 0.0
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    asked_at = time.monotonic()
                    if await self._all_here(tokens):
                        return True
                    async with self._moved:
                        try:
                            # Another process of this service may be the one that applies it: look, too.
                            await asyncio.wait_for(self._moved.wait(), LOOK_SECONDS)
                        except TimeoutError:
                            continue
        except TimeoutError:
            if time.monotonic() - asked_at > SILENT_SECONDS:
                raise Unavailable from None
            return False
        finally:
            self._waiting -= 1

    async def _all_here(self, tokens: list[Token]) -> bool:
        async with self._db.reading() as session:
            for word in {token[0] for token in tokens}:
                model = self._witnesses[word]
                wanted = {id: version for kind, id, version in tokens if kind == word}
                rows = await session.execute(select(model.id, model.version).where(model.id.in_(wanted)))
                seen = {row.id: row.version for row in rows}
                missing = {id: version for id, version in wanted.items() if seen.get(id, -1) < version}
                if missing and not await self._set_aside(session, missing):
                    return False
        return True

    @staticmethod
    async def _set_aside(session: object, missing: Mapping[UUID, int]) -> bool:
        """An event among the dead letters counts as seen: nobody shall wait for it."""
        found = await session.execute(  # type: ignore[attr-defined]
            select(dead_letter.c.aggregate_id, dead_letter.c.version).where(
                or_(*(tuple_(dead_letter.c.aggregate_id, dead_letter.c.version) == item for item in missing.items()))
            )
        )
        return {row[0] for row in found} >= set(missing)
