"""Friendships over HTTP (contract S2–S9)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.auth import Player, Viewer
from libs.common.bodies import body
from libs.common.calls import Calls, Peers
from libs.common.db import Session, WritingSession
from libs.common.errors import FieldErrors, Refusal
from libs.common.pages import Page, Paging
from services.social import cards
from services.social.friendships import NoFriendship, PersonIsGone, respond, send_request, unfriend
from services.social.people import person_by_code, person_by_id
from services.social.schemas import Check, FriendRequest, Friends, FriendshipAnswer, Removed, Reply, Requests

router = APIRouter(prefix="/api/v1/social/friendships", tags=["social"])

Responses = dict[int | str, dict[str, Any]]
REFUSED: Responses = {400: {"description": "Nobody like that, or it stands otherwise between the two"}}
NO_PARTY: Responses = {404: {"description": "No such friendship of the caller's"}}


class NobodyNamed(FieldErrors):
    def __init__(self) -> None:
        super().__init__({"non_field_errors": ["Either friend_code or user_id must be provided"]})


class UnknownCode(FieldErrors):
    def __init__(self) -> None:
        super().__init__({"friend_code": ["No user found with this friend code"]})


class UnknownId(FieldErrors):
    def __init__(self) -> None:
        super().__init__({"user_id": ["No user found with this ID"]})


class UserIdMissing(Refusal):
    sentence = "user_id parameter required"


class UserNotFound(Refusal):
    sentence = "User not found"
    status = 404


@router.get("/friends/")
async def list_friends(session: Session, viewer: Viewer) -> Friends:
    """The caller's friends (contract S2)."""
    found = await cards.friends(session, viewer.id)
    return Friends.model_construct(count=len(found), friends=found)


@router.get("/pending/")
async def list_pending(session: Session, viewer: Viewer) -> Requests:
    """Requests that wait for the caller (contract S3)."""
    return _requests(await cards.received_requests(session, viewer.id))


@router.get("/sent/")
async def list_sent(session: Session, viewer: Viewer) -> Requests:
    """The caller's requests that wait for others (contract S4)."""
    return _requests(await cards.sent_requests(session, viewer.id))


def _requests(found: list[FriendshipAnswer]) -> Requests:
    return Requests.model_construct(count=len(found), requests=found)


@router.post("/", status_code=201, responses=REFUSED)
@router.post("/send_request/", status_code=201, responses=REFUSED)
async def ask(
    session: Session, calls: Calls, viewer: Viewer, data: Annotated[FriendRequest, body(FriendRequest)]
) -> FriendshipAnswer:
    """Asks somebody for friendship, by friend code or id (contract S5)."""
    recipient = await _recipient(session, calls, viewer, data)
    # The caller's own card is part of the answer.
    await person_by_id(session, calls, viewer, viewer.id)
    try:
        friendship = await send_request(session, viewer.id, recipient)
    except PersonIsGone:
        raise UnknownCode if data.friend_code else UnknownId from None
    return await _answer(session, viewer, friendship.id)


async def _recipient(session: AsyncSession, peers: Peers, viewer: Player, data: FriendRequest) -> UUID:
    if data.friend_code is not None:
        person = await person_by_code(session, peers, viewer, data.friend_code)
        if person is None:
            raise UnknownCode
    elif data.user_id is not None:
        person = await person_by_id(session, peers, viewer, data.user_id)
        if person is None:
            raise UnknownId
    else:
        raise NobodyNamed
    return person.id


async def _answer(session: AsyncSession, viewer: Player, friendship_id: UUID) -> FriendshipAnswer:
    answer = await cards.one_friendship(session, viewer.id, friendship_id)
    if answer is None:
        raise NoFriendship
    return answer


@router.post("/{friendship_id:uuid}/respond/", responses={**REFUSED, **NO_PARTY, 403: {"description": "The sender"}})
async def answer_request(
    session: Session, viewer: Viewer, friendship_id: UUID, data: Annotated[Reply, body(Reply)]
) -> FriendshipAnswer:
    """Accepts, rejects or blocks (contract S6)."""
    await respond(session, viewer.id, friendship_id, data.action)
    return await _answer(session, viewer, friendship_id)


@router.get("/{either_id:uuid}/unfriend/", responses=NO_PARTY)
@router.post("/{either_id:uuid}/unfriend/", responses=NO_PARTY)
async def remove(session: WritingSession, viewer: Viewer, either_id: UUID, response: Response) -> Removed:
    """Ends a friendship, named by its own id or by the other player's; the client does so by GET (contract S7)."""
    await unfriend(session, viewer.id, either_id)
    response.headers["Cache-Control"] = "no-store"
    return Removed()


@router.delete("/{either_id:uuid}/unfriend/", status_code=204, responses=NO_PARTY)
async def delete(session: Session, viewer: Viewer, either_id: UUID, response: Response) -> None:
    """The same by DELETE, without a body (contract S7)."""
    await unfriend(session, viewer.id, either_id)
    response.headers["Cache-Control"] = "no-store"


@router.get("/check/", responses={400: {"description": "user_id missing"}, 404: {"description": "No such user"}})
async def check(session: Session, calls: Calls, viewer: Viewer, user_id: Annotated[str, Query()] = "") -> Check:
    """How the caller stands to another player (contract S8)."""
    if not user_id:
        raise UserIdMissing
    try:
        other = await person_by_id(session, calls, viewer, UUID(user_id))
    except ValueError:
        raise UserNotFound from None
    if other is None:
        raise UserNotFound
    found = await cards.friendship_between(session, viewer.id, other.id)
    return Check(
        user_id=other.id,
        username=other.username,
        is_friends=found is not None and found.status == "accepted",
        pending_request=found if found is not None and found.status == "pending" else None,
    )


@router.get("/")
async def list_all(session: Session, viewer: Viewer, paging: Paging) -> Page[FriendshipAnswer]:
    """Whatever stands between the caller and others (contract S9)."""
    return await cards.all_friendships(session, paging, viewer.id)


@router.get("/{friendship_id:uuid}/", responses=NO_PARTY)
async def retrieve(session: Session, viewer: Viewer, friendship_id: UUID) -> FriendshipAnswer:
    """One friendship of the caller's (contract S9)."""
    return await _answer(session, viewer, friendship_id)
