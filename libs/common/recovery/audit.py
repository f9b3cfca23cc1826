"""What a service knows of itself that must hold besides its events: questions, declared in its `audit.py`."""

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.blobs import Blobs

AT_ONCE: Final = 20

Finding = tuple[str, str]
"""What is wrong: a key that names it, and a sentence that tells it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else may be looked at.

    poison  ids of events that can never be applied, where they are known; these, and no others, are to be set aside
    blobs   the blob store, where it is known
    """

    poison: frozenset[str] = frozenset()
    blobs: Blobs | None = None

    async def missing(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that the blob store lacks; none where there is no store to be asked."""
        blobs, asked = self.blobs, list(keys)
        if blobs is None:
            return []
        found = []
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            there = await asyncio.gather(*(_is_there(blobs, key) for key in some))
            found += [key for key, is_there in zip(some, there, strict=True) if not is_there]
        return found


Question = Callable[[AsyncSession, Surroundings], AsyncIterator[Finding]]


@dataclass(slots=True)
class Audit:
    """The questions of one service."""

    questions: list[Question] = field(default_factory=list)

    def asks(self, question: Question) -> Question:
        """Declares an async generator that yields what is wrong."""
        self.questions.append(question)
        return question

    async def findings(self, session: AsyncSession, surroundings: Surroundings) -> AsyncIterator[Finding]:
        """What is wrong by any of the questions."""
        for question in self.questions:
            async for finding in question(session, surroundings):
                yield finding


def audit_of(service: str) -> Audit:
    """What a service declares in its `audit.py`; no questions for one that has none."""
    name = f"services.{service}.audit"
    if importlib.util.find_spec(f"services.{service}") is None or importlib.util.find_spec(name) is None:
        return Audit()
    found: Audit = importlib.import_module(name).audit
    return found


async def _is_there(blobs: Blobs, key: str) -> bool:
    try:
        await blobs.open(key)
    except FileNotFoundError:
        return False
    return True
