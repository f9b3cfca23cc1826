"""Registration and erasure: messages to the letter, races, and what the others are told."""

import asyncio
import json
from itertools import chain, repeat
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from libs.common.copies import keep
from libs.common.outbox import outbox
from libs.common.values import now
from services.users.accounts import register
from services.users.models import Catch, RefreshToken, User
from services.users.schemas import Registration
from services.users.tests.conftest import registration

NAME_TAKEN = "A user with that username already exists."
EMAIL_TAKEN = "User with this email address already exists."
REQUIRED = ["This field is required."]


async def test_a_new_player_gets_an_account_a_friend_code_and_nothing_secret(client, published, db):
    answer = await client.post("/api/v1/users/", json=registration(" Ada ", email="Ada@Example.COM"))
    account = answer.json()
    assert answer.status_code == 201
    assert (account["username"], account["email"], account["bio"], account["badges"]) == (
        "Ada",
        "Ada@example.com",
        "",
        [],
    )
    assert len(account["friend_code"]) == 8
    assert account["profile"] == {
        "total_catches": 0,
        "unique_species": 0,
        "preferred_card_style": {},
        "location_precision": "approximate",
        "join_date": account["created_at"][:10],
        "last_catch_date": None,
    }
    assert "access" not in account
    assert await published() == [("user.registered", 1)]
    async with db.reading() as session:
        event = json.loads(await session.scalar(select(outbox.c.payload)))
    assert event["id"] == account["id"]
    assert event["friend_code"] == account["friend_code"]
    assert not {"email", "password_hash", "email_key"} & set(event)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"username": ""}, {"username": ["This field may not be blank."]}),
        ({"email": None}, {"email": ["This field may not be null."]}),
        ({"username": "a\u0000b"}, {"username": ["Null characters are not allowed."]}),
        (
            {"username": "a b", "email": "a@b", "password": "12345678"},
            {
                "username": [
                    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
                ],
                "email": ["Enter a valid email address."],
                "password": ["This password is too common.", "This password is entirely numeric."],
            },
        ),
        ({"username": "x" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"password_confirm": "a small giraffe"}, {"password": ["Password fields didn't match."]}),
        (
            {"password": "short", "password_confirm": "other"},
            {"password": ["This password is too short. It must contain at least 8 characters."]},
        ),
    ],
)
async def test_what_is_wrong_is_said_by_field(client, published, changes, problems):
    answer = await client.post("/api/v1/users/", json=registration(**{"email": "ada@example.com", **changes}))
    body = answer.json()
    assert answer.status_code == 400
    assert isinstance(body.pop("detail"), str)
    assert body == problems
    assert await published() == []


async def test_all_four_fields_are_required(client):
    answer = await client.post("/api/v1/users/", json={})
    assert answer.status_code == 400
    assert answer.json() == {
        "username": REQUIRED,
        "email": REQUIRED,
        "password": REQUIRED,
        "password_confirm": REQUIRED,
        "detail": REQUIRED[0],
    }


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"username": "ADA", "email": "new@example.com"}, {"username": [NAME_TAKEN]}),
        ({"username": "New", "email": "ADA@EXAMPLE.com"}, {"email": [EMAIL_TAKEN]}),
        ({"username": "ada@example.com", "email": "new@example.com"}, {"username": [NAME_TAKEN]}),
        ({}, {"username": [NAME_TAKEN], "email": [EMAIL_TAKEN]}),
    ],
)
async def test_taken_names_are_taken_in_any_case(client, join, changes, problems):
    await join("Ada")
    answer = await client.post("/api/v1/users/", json=registration(**{"email": "ada@example.com", **changes}))
    body = answer.json()
    body.pop("detail")
    assert (answer.status_code, body) == (400, problems)


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        ([registration("ada", email=f"ada{n}@example.com") for n in range(4)], {"username": [NAME_TAKEN]}),
        ([registration(f"ada{n}", email="ada@example.com") for n in range(4)], {"email": [EMAIL_TAKEN]}),
    ],
)
async def test_of_parallel_registrations_one_wins_and_the_others_are_told_why(client, db, published, others, problem):
    answers = await asyncio.gather(*(client.post("/api/v1/users/", json=other) for other in others))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    lost = [answer.json() for answer in answers if answer.status_code == 400]
    assert all(problem.items() <= body.items() for body in lost)
    async with db.reading() as session:
        assert await session.scalar(select(func.count(User.id))) == 1
    assert await published() == [("user.registered", 1)]


async def test_a_friend_code_that_somebody_has_is_drawn_again(db):
    codes = chain(repeat("AAAAAAAA", 3), ["BBBBBBBB"])
    async with db.transaction() as session:
        ada = await register(session, Registration(**registration("Ada")), new_code=lambda: next(codes))
        bob = await register(session, Registration(**registration("Bob")), new_code=lambda: next(codes))
    assert (ada.friend_code, bob.friend_code) == ("AAAAAAAA", "BBBBBBBB")


async def test_a_deleted_account_is_gone_with_all_it_had_and_its_names_are_free(client, join, db, published):
    ada = await join("Ada")
    async with db.transaction() as session:
        mine = {"owner_id": ada.id, "animal_id": uuid4(), "catch_date": now()}
        await keep(session, Catch, id=uuid4(), version=1, **mine)
    assert (await client.delete("/api/v1/users/me/", headers=ada.headers)).status_code == 204
    async with db.reading() as session:
        assert await session.scalar(select(func.count(User.id))) == 0
        assert await session.scalar(select(func.count(RefreshToken.jti))) == 0
        assert await session.scalar(select(func.count(Catch.owner_id))) == 0
    assert await published() == [("user.registered", 1), ("user.deleted", 2)]
    answer = await client.get("/api/v1/users/me/", headers=ada.headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": "User not found", "code": "user_not_found"})
    assert (await join("Ada")).id != ada.id


async def test_two_deletions_of_one_account_are_one_event(client, join, published):
    ada = await join("Ada")
    answers = await asyncio.gather(*(client.delete("/api/v1/users/me/", headers=ada.headers) for _ in range(3)))
    assert {answer.status_code for answer in answers} <= {204, 401}
    assert (await published()).count(("user.deleted", 2)) == 1
