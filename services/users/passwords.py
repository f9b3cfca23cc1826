"""Passwords: which are too weak, and how they are kept (contract U1; Argon2id as OWASP advises)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from libs.common.errors import Unavailable

MIN_LENGTH = 8
HASHES_AT_ONCE = 4
MAX_WAIT_SECONDS = 2.0
COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobodys_hash = _hasher.hash(secrets.token_hex())
_turns = asyncio.Semaphore(HASHES_AT_ONCE)


def weaknesses(password: str) -> list[str]:
    """Why this password is not taken, in the words of the contract; empty when it is."""
    problems = []
    if len(password) < MIN_LENGTH:
        problems.append(f"This password is too short. It must contain at least {MIN_LENGTH} characters.")
    if password.lower() in COMMON:
        problems.append("This password is too common.")
    if password.isdigit():
        problems.append("This password is entirely numeric.")
    return problems


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """A turn to hash: each hash takes 19 MiB and a processor, so only a few run at once.

    Take it before the first statement, so that whoever waits here holds no connection.

    Raises:
        Unavailable: no turn within two seconds; 503.
    """
    try:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            await _turns.acquire()
    except TimeoutError:
        raise Unavailable from None
    try:
        yield
    finally:
        _turns.release()


async def hashed(password: str) -> str:
    """What is kept of a password. Within a `turn`."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; takes as long when there is no account to have one. Within a `turn`."""
    try:
        return await asyncio.to_thread(_hasher.verify, password_hash or _nobodys_hash, password)
    except VerifyMismatchError:
        return False
