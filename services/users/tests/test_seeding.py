"""The test users are players like all others: told of by the same events, and only made anew when that is asked for."""

import orjson
import pytest
from sqlalchemy import select, update

from libs.common.errors import FieldErrors
from libs.common.outbox import outbox
from services.users.models import User
from services.users.seeding import TEST_USERS, NotATestUser, new_password, plant
from services.users.tests.conftest import registration

TESTUSER, ADMIN, VERIFIED = TEST_USERS


async def planted(db, who, password="a quiet lynx", **how):
    async with db.transaction() as session:
        return await plant(session, who, password, **how)


async def test_they_are_registered_with_their_rights_in_one_event_each(client, db, published):
    for who in TEST_USERS:
        assert await planted(db, who, who.known_password, has_known_code=True) == "made"
    assert await published() == [("user.registered", 1)] * 3
    async with db.reading() as session:
        payloads = await session.scalars(select(outbox.c.payload))
        told = {state["username"]: state for state in map(orjson.loads, payloads)}
    assert (told["admin"]["is_staff"], told["admin"]["is_superuser"]) == (True, True)
    assert (told["verified"]["is_staff"], told["testuser"]["is_superuser"]) == (False, False)
    for who in TEST_USERS:
        answer = await client.post(
            "/api/v1/auth/login/", json={"username": who.username, "password": who.known_password}
        )
        account = answer.json()["user"]
        assert (account["friend_code"], account["badges"]) == (who.known_friend_code, list(who.badges))
        assert account["email"] == f"{who.username}@example.com"
        everybody = await client.get("/api/v1/users/", headers={"Authorization": f"Bearer {answer.json()['access']}"})
        assert everybody.status_code == (200 if who is ADMIN else 403)


async def test_again_changes_nothing_and_forced_makes_another_account(client, db, published):
    await planted(db, TESTUSER, has_known_code=True)
    async with db.reading() as session:
        first = await session.scalar(select(User.id))
    assert await planted(db, TESTUSER, "another password") == "there already"
    assert await published() == [("user.registered", 1)]
    assert await planted(db, TESTUSER, "another password", is_forced=True, has_known_code=True) == "made anew"
    assert await published() == [("user.registered", 1), ("user.deleted", 2), ("user.registered", 1)]
    async with db.reading() as session:
        again = (await session.scalars(select(User))).one()
    assert again.id != first
    assert again.friend_code == TESTUSER.known_friend_code
    for password, status in (("a quiet lynx", 401), ("another password", 200)):
        answer = await client.post("/api/v1/auth/login/", json={"username": "testuser", "password": password})
        assert answer.status_code == status


async def test_a_player_who_was_faster_with_the_name_is_never_erased(client, db):
    joined = await client.post("/api/v1/users/", json=registration("TestUser", email="me@example.org"))
    assert joined.status_code == 201
    for how in ({}, {"is_forced": True}):
        with pytest.raises(NotATestUser, match="somebody else"):
            await planted(db, TESTUSER, **how)
    async with db.reading() as session:
        assert str(await session.scalar(select(User.id))) == joined.json()["id"]


async def test_a_known_code_that_somebody_has_is_not_waited_for(client, db):
    await client.post("/api/v1/users/", json=registration("Ada"))
    async with db.transaction() as session:
        await session.execute(update(User).values(friend_code=VERIFIED.known_friend_code))
    assert await planted(db, VERIFIED, has_known_code=True) == "made"
    async with db.reading() as session:
        code = await session.scalar(select(User.friend_code).where(User.username == "verified"))
    assert code != VERIFIED.known_friend_code


async def test_a_weak_password_leaves_the_old_account(db, published):
    await planted(db, ADMIN)
    with pytest.raises(FieldErrors):
        await planted(db, ADMIN, "12345678", is_forced=True)
    assert await published() == [("user.registered", 1)]


def test_passwords_are_never_twice_the_same():
    found = {new_password() for _ in range(100)}
    assert len(found) == 100
    assert min(map(len, found)) >= 20
