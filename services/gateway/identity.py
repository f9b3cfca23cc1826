"""Who is asking: the token is verified here first, so that a bad one never reaches a service (contract G4, T1)."""

from libs.common.auth import bearer_token
from libs.common.revocations import Revocations
from libs.common.tokens import Claims, TokenVerifier
from services.gateway.exchange import Exchange


class Doorkeeper:
    """Verifies access tokens, also on public paths; the services verify them again for themselves."""

    def __init__(self, tokens: TokenVerifier, revocations: Revocations) -> None:
        self._tokens = tokens
        self._revocations = revocations

    async def identify(self, exchange: Exchange) -> Claims | None:
        """The claims of the caller's token; None without Bearer credentials.

        Raises:
            NotAuthenticated: 401 in the contract's words, also for deleted and inactive users.
            Unavailable: the keys to verify with have never been reachable.
        """
        token = bearer_token(exchange.header(b"authorization").decode("latin-1"))
        if token is None:
            return None
        claims = await self._tokens.verify(token)
        self._revocations.check(claims.user_id)
        return claims
