"""Which events a service reacts to: one durable consumer per handler, declared by a sentence-named function."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import Copied
from libs.contracts.event import Event

One = Callable[[Any, AsyncSession], Awaitable[None]]
Many = Callable[[list[Any], AsyncSession], Awaitable[None]]

ACK_WAIT_SECONDS: Final = 30


class Poison(Exception):
    """This event can never be applied: it is set aside as a dead letter, and the next one is taken."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One function, the events it takes, and the durable that remembers how far it is."""

    durable: str
    events: tuple[type[Event], ...]
    one: One | None = None
    many: Many | None = None

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events]


class Handlers:
    """The handlers of one service, in its `handlers.py`."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.all: list[Handler] = []
        self.witnesses: dict[str, type[Copied]] = {}

    def on(self, *events: type[Event]) -> Callable[[One], One]:
        """Declares a handler: one event, one transaction. It may be called late, twice and out of order."""

        def declare(function: One) -> One:
            self._add(Handler(self._durable(function), events, one=function))
            return function

        return declare

    def bulk(self, *events: type[Event]) -> Callable[[Many], Many]:
        """Declares a projector: up to 500 events in the order of the stream, one transaction for all of them."""

        def declare(function: Many) -> Many:
            self._add(Handler(self._durable(function), events, many=function))
            return function

        return declare

    def witness(self, word: str, model: type[Copied]) -> None:
        """Names the copy that shows how far this service is with records whose subjects start with `word`."""
        self.witnesses[word] = model

    def _durable(self, function: Callable[..., Any]) -> str:
        return f"{self.service}-{function.__name__.replace('_', '-')}"

    def _add(self, handler: Handler) -> None:
        if any(known.durable == handler.durable for known in self.all):
            raise ValueError(f"{handler.durable} is declared twice")
        self.all.append(handler)
