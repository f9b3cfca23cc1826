"""From a question to an answer: known to the client already, kept, or made from the projection (contract B12)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from libs.common.auth import Viewer
from libs.common.db import Session
from services.graph.captures import caught_animals, read_captures
from services.graph.caught import CaughtAnimal
from services.graph.circle import circle_of
from services.graph.conditional import unless_known
from services.graph.drawing import Drawing
from services.graph.kept import Kept, Place
from services.graph.scope import Scope, scope_of, wish_of
from services.graph.settings import GraphSettings


async def wished_scope(
    viewer: Viewer,
    session: Session,
    mode: Annotated[str, Query(description="personal, friends, selected or global (staff only)")] = "friends",
    friend_ids: Annotated[str, Query(description="comma-separated ids, for `selected`")] = "",
) -> Scope:
    """The users whose captures are asked for; 400 and 403 as in contract R1."""
    wish = wish_of(mode, friend_ids, is_staff=viewer.runs_the_place)
    return scope_of(wish, await circle_of(session, viewer.id))


def wants_kept(use_cache: str) -> bool:
    """Whether a kept answer will do; what cannot be parsed is ignored (contract G6)."""
    return use_cache.strip().lower() not in ("false", "0", "no", "off")


class Desk:
    """Answers one request.

    Trees are made in a thread, because a large one takes a good part of a second of pure computing: the loop goes on
    answering others meanwhile.
    """

    def __init__(self, request: Request, session: Session) -> None:
        self._known = request.headers.get("if-none-match", "")
        self._session = session
        self._settings: GraphSettings = request.app.state.service.settings
        self.kept: Kept = request.app.state.kept

    async def whole(
        self, name: str, scope: Scope, make: Callable[[Sequence[CaughtAnimal], Scope], bytes], *, anew: bool
    ) -> Response:
        """An answer that is kept as the bytes it is sent as; `anew` makes it in any case."""

        async def made() -> bytes:
            reading = await read_captures(self._session, scope)
            return await asyncio.to_thread(lambda: make(caught_animals(reading, scope), scope))

        async def answer() -> bytes:
            seconds = self._settings.graph_cache_ttl if name == "legacy" else self._settings.seconds_kept(scope.mode)
            return await self.kept.get_or_make(
                Place(scope.viewer, name), scope.key, made, weigh=len, seconds=seconds, anew=anew
            )

        return await unless_known("" if anew else self._known, scope.key, answer)

    async def part(self, scope: Scope, make: Callable[[Drawing], bytes]) -> Response:
        """A part of a drawing; what is kept is the drawing, since more parts will be asked for."""

        async def draw() -> Drawing:
            reading = await read_captures(self._session, scope)
            return await asyncio.to_thread(lambda: Drawing.of(caught_animals(reading, scope)))

        async def answer() -> bytes:
            drawing = await self.kept.get_or_make(
                Place(scope.viewer, f"drawing {scope.mode}"),
                scope.key,
                draw,
                weigh=lambda drawing: drawing.weight,
                seconds=self._settings.seconds_kept(scope.mode),
            )
            return await asyncio.to_thread(make, drawing)

        return await unless_known(self._known, scope.key, answer)


WishedScope = Annotated[Scope, Depends(wished_scope)]
AnswerDesk = Annotated[Desk, Depends(Desk)]
