"""HTTP in: sessions, accounts, profiles and friend codes (contract T, U)."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from libs.common.auth import Viewer
from libs.common.bodies import body
from libs.common.calls import Calls
from libs.common.db import Session
from libs.common.errors import Forbidden
from libs.common.pages import Page, Paging
from services.users import accounts, logins, private_routes, profiles, tokens
from services.users.callers import Me, Whom, by_id
from services.users.friend_codes import find_by_friend_code
from services.users.misses import friend_code_misses, login_failures
from services.users.schemas import (
    Account,
    Credentials,
    EditedProfile,
    Exchange,
    Exchanged,
    FoundPlayer,
    FriendCode,
    FriendCodeQuery,
    ProfileChanges,
    Registration,
    SignedIn,
)
from services.users.settings import Settings

router = APIRouter()
router.include_router(private_routes.router)


@router.post("/api/v1/auth/login/", responses={401: {}, 429: {}, 503: {}})
async def login(data: Annotated[Credentials, body(Credentials)], session: Session, settings: Settings) -> SignedIn:
    """Sign in with a user name or an e-mail address, in any case."""
    user = await logins.sign_in(session, login_failures(settings), data.username, data.password)
    issued = await tokens.issue(session, settings, user)
    return SignedIn(refresh=issued.refresh, access=issued.access, user=Account.model_validate(user))


@router.post("/api/v1/auth/refresh/", responses={401: {}})
async def refresh(data: Annotated[Exchange, body(Exchange)], session: Session, settings: Settings) -> Exchanged:
    """Exchange a refresh token for an access token, and for a refresh token of the same family."""
    issued = await tokens.exchange(session, settings, data.refresh)
    return Exchanged(access=issued.access, refresh=issued.refresh)


@router.get("/.well-known/jwks.json", include_in_schema=False)
async def jwks(settings: Settings, response: Response) -> dict[str, Any]:
    """The public keys that verify our tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return settings.keyring.published()


@router.post("/api/v1/users/", status_code=201)
async def register(data: Annotated[Registration, body(Registration)], session: Session) -> Account:
    """Register. Nobody is signed in by it, and nobody becomes anybody's friend."""
    return Account.model_validate(await accounts.register(session, data))


@router.get("/api/v1/users/", responses={403: {"description": "Not staff"}})
async def everybody(me: Me, session: Session, paging: Paging) -> Page[Account]:
    """All accounts, newest first; for staff only."""
    if not me.runs_the_place:
        raise Forbidden
    return await paging.of(session, profiles.newest_first(), Account.model_validate, whole_row=False)


@router.get("/api/v1/users/friend_code/")
@router.get("/api/v1/users/friend-code/")
async def friend_code(me: Me) -> FriendCode:
    """The caller's own friend code."""
    return FriendCode.model_validate(me)


@router.post("/api/v1/users/lookup_friend_code/", responses={404: {}, 429: {}})
@router.post("/api/v1/users/lookup-friend-code/", responses={404: {}, 429: {}})
async def look_up_friend_code(
    data: Annotated[FriendCodeQuery, body(FriendCodeQuery)], me: Me, session: Session, settings: Settings
) -> FoundPlayer:
    """Whose friend code this is; misses are limited."""
    found = await find_by_friend_code(session, friend_code_misses(settings), me, data.friend_code)
    return FoundPlayer.model_validate(found)


# By id for staff, and for oneself. Other words than ids are other routes: a wrong method there is a 405 and no 404.
ONE: Final = "/api/v1/users/{id:uuid}/"
BY_ID: Final[dict[str, Any]] = {
    "dependencies": [Depends(by_id)],
    "responses": {404: {"description": "Not there, or not the caller's own"}},
}


@router.get("/api/v1/users/me/")
@router.get(ONE, **BY_ID)
async def account(whom: Whom) -> Account:
    """One's own account; any for staff."""
    return Account.model_validate(whom)


@router.put("/api/v1/users/me/")
@router.put(ONE, **BY_ID)
@router.patch("/api/v1/users/me/")
@router.patch(ONE, **BY_ID)
async def edit_profile(
    data: Annotated[ProfileChanges, body(ProfileChanges)],
    whom: Whom,
    me: Me,
    viewer: Viewer,
    session: Session,
    calls: Calls,
) -> EditedProfile:
    """Change what is sent of one's own profile; any for staff, who may set badges, too."""
    edited = await profiles.edit_profile(session, calls, viewer, whom, data, with_badges=me.runs_the_place)
    return EditedProfile.model_validate(edited)


@router.delete("/api/v1/users/me/", status_code=204)
@router.delete(ONE, status_code=204, **BY_ID)
async def erase(whom: Whom, session: Session) -> None:
    """Delete one's own account, for good and in every service; any for staff."""
    await accounts.erase(session, whom)


@router.post("/api/v1/users/me/update_stats/")
@router.post(ONE + "update_stats/", **BY_ID)
async def update_stats(whom: Whom) -> Account:
    """The account with its counters; they are counted with every read, so there is nothing to repair."""
    return Account.model_validate(whom)
