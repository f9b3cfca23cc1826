"""The graph's routes (contract R)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from libs.common.auth import Viewer
from libs.common.bodies import body
from libs.common.db import Session
from libs.common.pages import Searched
from services.graph.asked import AnswerDesk, WishedScope, wants_kept
from services.graph.chunk_answer import chunk_bytes, chunk_named
from services.graph.circle import circle_of
from services.graph.invalidation import drop_kept
from services.graph.legacy_tree import legacy_bytes
from services.graph.schemas import (
    ChunkAnswer,
    Invalidation,
    LegacyTree,
    Message,
    SearchAnswer,
    TreeAnswer,
    TreeFriends,
)
from services.graph.scope import Wish, scope_of
from services.graph.search import limit_of, query_of, search_bytes
from services.graph.tree_answer import tree_bytes
from services.graph.tree_friends import tree_friends

router = APIRouter(prefix="/api/v1/graph", tags=["graph"])

Responses = dict[int | str, dict[str, Any]]
UNCHANGED: Responses = {304: {"description": "As the client has it already, by the ETag in If-None-Match"}}
OF_A_SCOPE: Responses = {
    **UNCHANGED,
    400: {"description": "No such mode, or ids that are none"},
    403: {"description": "The global tree is for staff"},
}

UseCache = Annotated[str, Query(description="`false` makes the answer anew")]


@router.get("/tree/", response_model=TreeAnswer, responses=OF_A_SCOPE)
async def tree(scope: WishedScope, desk: AnswerDesk, use_cache: UseCache = "true") -> Response:
    """The taxonomic tree of what the viewer, and by mode others, caught, with its drawing (contract R1)."""
    return await desk.whole(f"tree {scope.mode}", scope, tree_bytes, anew=not wants_kept(use_cache))


@router.get(
    "/tree/chunk/{x}/{y}/",
    response_model=ChunkAnswer,
    responses={**OF_A_SCOPE, 404: {"description": "No numbers of a square"}},
)
async def tree_chunk(x: str, y: str, scope: WishedScope, desk: AnswerDesk) -> Response:
    """One square of the drawing; x and y may be negative (contract R2)."""
    chunk = chunk_named(x, y)
    return await desk.part(scope, lambda drawing: chunk_bytes(drawing, chunk, scope))


@router.get("/tree/search/", response_model=SearchAnswer, responses=OF_A_SCOPE)
async def tree_search(scope: WishedScope, desk: AnswerDesk, q: Searched = "", limit: str = "50") -> Response:
    """Animals of the tree by a part of their name (contract R3)."""
    query, most = query_of(q), limit_of(limit)
    return await desk.part(scope, lambda drawing: search_bytes(drawing, query, most, scope))


@router.get("/tree/friends/")
async def friends_of_tree(viewer: Viewer, session: Session) -> TreeFriends:
    """The friends whose captures the viewer's tree shows (contract R5)."""
    return await tree_friends(session, scope_of(Wish("friends"), await circle_of(session, viewer.id)))


@router.post("/tree/invalidate/", responses={403: {"description": "Everybody's trees are for staff"}})
async def invalidate_trees(
    data: Annotated[Invalidation, body(Invalidation)], viewer: Viewer, session: Session, desk: AnswerDesk
) -> Message:
    """Drops what is kept for the caller; with scope `global`, for staff, for everybody (contract R4)."""
    return await drop_kept(data, desk.kept, viewer, session)


@router.get("/evolutionary-tree/", response_model=LegacyTree, responses=UNCHANGED)
@router.get("/taxonomic-tree/", response_model=LegacyTree, responses=UNCHANGED, name="taxonomic_tree")
async def evolutionary_tree(
    viewer: Viewer, session: Session, desk: AnswerDesk, use_cache: UseCache = "true"
) -> Response:
    """The older tree: animals of the viewer and of friends, linked by family (contract R6)."""
    scope = scope_of(Wish("friends"), await circle_of(session, viewer.id))
    return await desk.whole("legacy", scope, legacy_bytes, anew=not wants_kept(use_cache))


@router.post("/invalidate-cache/")
async def invalidate_cache(viewer: Viewer, desk: AnswerDesk) -> Message:
    """Drops what is kept for the caller (contract R7)."""
    desk.kept.drop_of(viewer.id)
    return Message(message="Graph cache invalidated successfully")
