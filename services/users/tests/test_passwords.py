"""Which passwords are too weak, and how many are hashed at once."""

from contextlib import AsyncExitStack

import pytest

from libs.common.errors import Unavailable
from services.users import passwords

SHORT = "This password is too short. It must contain at least 8 characters."
COMMON = "This password is too common."
NUMERIC = "This password is entirely numeric."


@pytest.mark.parametrize(
    ("password", "problems"),
    [
        ("a tall giraffe", []),
        ("testpass123", []),
        ("giraffe", [SHORT]),
        ("PassWord1", [COMMON]),
        ("73910284", [NUMERIC]),
        ("12345678", [COMMON, NUMERIC]),
        ("12345", [SHORT, COMMON, NUMERIC]),
    ],
)
def test_weaknesses_are_named_one_by_one(password, problems):
    assert passwords.weaknesses(password) == problems


async def test_a_password_is_kept_as_argon2id_with_the_advised_cost_and_matches_only_itself():
    kept = await passwords.hashed("x" * 73)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches("x" * 73, kept)
    assert not await passwords.matches("x" * 72, kept)
    assert not await passwords.matches("anything", None)


async def test_who_waits_too_long_for_a_turn_is_sent_away(monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WAIT_SECONDS", 0.01)
    async with AsyncExitStack() as busy:
        for _ in range(passwords.HASHES_AT_ONCE):
            await busy.enter_async_context(passwords.turn())
        with pytest.raises(Unavailable):
            await busy.enter_async_context(passwords.turn())
    async with passwords.turn():
        pass  # The turns were given back.
