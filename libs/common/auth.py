"""Who is asking: the player behind a request, verified here and in every service (contract G4)."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from libs.common.errors import Forbidden, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Player:
    """The signed-in user who asks; `token` is passed on in calls to other services."""

    id: UUID
    is_staff: bool
    is_superuser: bool
    token: str

    @property
    def runs_the_place(self) -> bool:
        """Staff, in the contract's sense."""
        return self.is_staff or self.is_superuser


class BadAuthorizationHeader(NotAuthenticated):
    def __init__(self) -> None:
        super().__init__(
            "Authorization header must contain two space-delimited values", code="bad_authorization_header"
        )


def bearer_token(header: str | None) -> str | None:
    """The token of an Authorization header; None when it holds no Bearer credentials at all.

    Raises:
        BadAuthorizationHeader: `Bearer` without a value, or with more than one.
    """
    parts = (header or "").split()
    if not parts or parts[0] != "Bearer":
        return None
    if len(parts) != 2:
        raise BadAuthorizationHeader
    return parts[1]


async def maybe_player(request: Request) -> Player | None:
    """The signed-in user, or None without credentials; a broken token is refused even on public paths."""
    token = bearer_token(request.headers.get("authorization"))
    if token is None:
        return None
    service = request.app.state.service
    claims = await service.tokens.verify(token)
    service.revocations.check(claims.user_id)
    return Player(claims.user_id, claims.is_staff, claims.is_superuser, token)


async def player(found: Annotated[Player | None, Depends(maybe_player)]) -> Player:
    """The signed-in user; 401 without one."""
    if found is None:
        raise NotAuthenticated
    return found


async def staff(found: Annotated[Player, Depends(player)]) -> Player:
    """A signed-in user who is staff; 403 otherwise."""
    if not found.runs_the_place:
        raise Forbidden
    return found


Viewer = Annotated[Player, Depends(player)]
MaybeViewer = Annotated[Player | None, Depends(maybe_player)]
Staff = Annotated[Player, Depends(staff)]
