"""Verification of access tokens by the public keys that the users service publishes (contract T1, G4)."""

import asyncio
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx
import jwt

from libs.common.errors import NotAuthenticated, Unavailable
from libs.common.instances import Instances

ALGORITHM: Final = "EdDSA"
CLOCK_SKEW_SECONDS: Final = 30
REFETCH_SECONDS: Final = 5.0
KEYS_ARE_FRESH_SECONDS: Final = 300.0
REMEMBERED: Final = 4096
MAX_TOKEN_LENGTH: Final = 4096
JTI: Final = re.compile("[0-9a-f]{32}")


class InvalidToken(NotAuthenticated):
    """A token that is bad, expired or of the wrong kind; status 401."""

    def __init__(self, message: str = "Token is invalid") -> None:
        super().__init__(
            "Given token not valid for any token type",
            code="token_not_valid",
            messages=[{"token_class": "AccessToken", "token_type": "access", "message": message}],
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified access token says."""

    user_id: UUID
    is_staff: bool
    is_superuser: bool
    issued_at: int
    expires_at: int
    jti: str


def read_claims(token: str, key: Any) -> dict[str, Any]:
    """Signature and required claims of an access token; no leeway for `exp`, a little for clocks that differ.

    Raises:
        InvalidToken: with the reason that the contract names.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={
                "require": ["exp", "iat", "jti", "user_id", "token_type"],
                # Checked below, with leeway for clocks but none for the expiry.
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
            },
        )
    except jwt.ExpiredSignatureError:
        raise InvalidToken("Token is expired") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise InvalidToken from None
    if claims["token_type"] != "access":  # noqa: S105 - a kind, not a secret
        raise InvalidToken("Token has wrong type")
    latest = time.time() + CLOCK_SKEW_SECONDS
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name)
        if value is None and name == "nbf":
            continue
        # PyJWT would take "9999999999" for a number, and Python takes True for one.
        if type(value) is not int or (name != "exp" and value > latest):
            raise InvalidToken
    if not isinstance(claims["jti"], str) or not JTI.fullmatch(claims["jti"]):
        raise InvalidToken
    return claims


class TokenVerifier:
    """Keeps the published keys and the tokens verified lately, so that a signature is checked once."""

    def __init__(self, jwks_url: str, *, timeout: float = 2.0) -> None:
        """`jwks_url` may name several instances, separated by commas."""
        self._published = Instances(jwks_url)
        self._timeout = timeout
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def trust(self, keys: dict[str, Any]) -> None:
        """Takes public keys by `kid` from one who has them at hand, so that nobody needs to be asked."""
        self._keys = dict(keys)
        self._fetched_at = float("inf")

    async def verify(self, token: str) -> Claims:
        """The claims of a valid access token.

        Raises:
            InvalidToken: 401 with the contract's body.
            Unavailable: the keys have never been reachable.
        """
        known = self._verified.get(token)
        if known is not None:
            if known.expires_at <= time.time():
                del self._verified[token]
                raise InvalidToken("Token is expired")
            self._refresh_in_time()
            return known
        claims = await self._verify_anew(token)
        self._verified[token] = claims
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return claims

    async def _verify_anew(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise InvalidToken
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise InvalidToken from None
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str) or "crit" in header:
            raise InvalidToken
        claims = read_claims(token, await self._key(kid))
        try:
            user_id = UUID(claims["user_id"])
        except (ValueError, TypeError, AttributeError):
            raise InvalidToken from None
        return Claims(
            user_id=user_id,
            is_staff=claims.get("is_staff") is True,
            is_superuser=claims.get("is_superuser") is True,
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            jti=claims["jti"],
        )

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys or self._are_stale():
            await self._fetch()
        if not self._keys:
            raise Unavailable
        if kid not in self._keys:
            raise InvalidToken
        return self._keys[kid]

    def _are_stale(self) -> bool:
        return time.monotonic() - self._fetched_at > KEYS_ARE_FRESH_SECONDS

    def _refresh_in_time(self) -> None:
        """Beside the requests: tokens of a key that was taken away are not good for as long as nobody new comes."""
        is_due = time.monotonic() - self._asked_at >= REFETCH_SECONDS
        if self._are_stale() and is_due and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        """Asks for the keys; at most once in a few seconds, or made-up `kid`s would make a load of it."""
        async with self._fetching:
            since = time.monotonic()
            if since - self._asked_at < REFETCH_SECONDS and (self._keys or since - self._asked_at < 0.2):
                return
            self._asked_at = since
            keys = await self._ask()
            if keys is None:
                return  # The keys known so far go on being good.
            if set(keys) != set(self._keys):
                self._verified.clear()
            self._keys = keys
            self._fetched_at = since

    async def _ask(self) -> dict[str, Any] | None:
        """The keys as the first instance that answers publishes them."""
        async with httpx.AsyncClient(timeout=self._timeout) as client:
            for instance in self._published.in_turn():
                try:
                    answer = await client.get(instance.address)
                    answer.raise_for_status()
                    return {
                        key["kid"]: jwt.PyJWK(key).key
                        for key in answer.json()["keys"]
                        if key.get("kty") == "OKP" and "kid" in key
                    }
                except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError):
                    instance.is_away()
        return None
