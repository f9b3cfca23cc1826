"""U1: registration."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.accounts import new_account
from tests.contract.objects_of_users import USER
from tests.shapes import fits

REQUIRED = "This field is required."
BLANK = "This field may not be blank."
BAD_NAME = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
NAME_TAKEN = "A user with that username already exists."
BAD_EMAIL = "Enter a valid email address."
EMAIL_TAKEN = "User with this email address already exists."
SHORT = "This password is too short. It must contain at least 8 characters."
COMMON = "This password is too common."
NUMERIC = "This password is entirely numeric."
DIFFERENT = "Password fields didn't match."


async def register(ask: Ask, account: Json) -> Any:
    return await ask(None, "POST", "/users/", json=account)


async def test_a_new_account(ask: Ask) -> None:
    account = new_account()
    body = body_of(await register(ask, account), 201)
    fits(body, USER)
    assert (body["username"], body["email"]) == (account["username"], account["email"])
    assert not {"access", "refresh", "access_token", "password", "is_staff"} & set(body)
    assert (body["bio"], body["avatar"], body["badges"]) == ("", None, [])
    assert body["profile"] == {
        **body["profile"],
        "total_catches": 0,
        "unique_species": 0,
        "preferred_card_style": {},
        "location_precision": "approximate",
        "last_catch_date": None,
    }


async def test_nobody_becomes_a_friend_by_it(ask: Ask, ada: Player) -> None:
    account = new_account()
    await register(ask, account)
    for path, key in (("/social/friendships/friends/", "friends"), ("/social/friendships/pending/", "requests")):
        assert body_of(await ask(ada, "GET", path)) == {"count": 0, key: []}


async def test_all_fields_are_required(ask: Ask) -> None:
    names = ("username", "email", "password", "password_confirm")
    refused(await register(ask, {}), 400, {name: [REQUIRED] for name in names})
    refused(await register(ask, dict.fromkeys(names, "  ")), 400, {name: [BLANK] for name in names})
    nulls = {name: ["This field may not be null."] for name in names}
    refused(await register(ask, dict.fromkeys(names)), 400, nulls)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"username": "a b"}, {"username": [BAD_NAME]}),
        ({"username": "ada!"}, {"username": [BAD_NAME]}),
        ({"username": "<b>ada</b>"}, {"username": [BAD_NAME]}),
        ({"username": "a" * 151}, {"username": ["Ensure this field has no more than 150 characters."]}),
        ({"email": "ada"}, {"email": [BAD_EMAIL]}),
        ({"email": "ada@"}, {"email": [BAD_EMAIL]}),
        ({"email": "a d a@example.com"}, {"email": [BAD_EMAIL]}),
        ({"email": f"{'a' * 250}@example.com"}, {"email": [BAD_EMAIL]}),
        ({"password": "brn owl", "password_confirm": "brn owl"}, {"password": [SHORT]}),
        ({"password": "Password1", "password_confirm": "Password1"}, {"password": [COMMON]}),
        ({"password": "918273645509", "password_confirm": "918273645509"}, {"password": [NUMERIC]}),
        ({"password": "12345", "password_confirm": "12345"}, {"password": [SHORT, COMMON, NUMERIC]}),
        ({"password_confirm": "a photo of a barn owl"}, {"password": [DIFFERENT]}),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_is_not_good(ask: Ask, changed: Json, refusal: Json) -> None:
    answer = await register(ask, new_account(**changed))
    if changed.get("email", "").startswith("aaa"):
        assert body_of(answer, 400)["email"][0] in (BAD_EMAIL, "Ensure this field has no more than 254 characters.")
    else:
        refused(answer, 400, refusal)


async def test_different_passwords_are_told_only_when_the_rest_is_good(ask: Ask) -> None:
    account = new_account(username="a b", password="brn owl", password_confirm="something else")
    refused(await register(ask, account), 400, {"username": [BAD_NAME], "password": [SHORT]})


@pytest.mark.parametrize("name", ["Ünïcödé.Ёж-{}", "小熊猫_{}", "a@b+c-{}"])
async def test_names_of_letters_digits_and_five_signs(ask: Ask, name: str) -> None:
    name = name.format(uuid4().hex[:8])
    account = new_account(username=name, email=f"{uuid4().hex[:12]}@example.com")
    assert body_of(await register(ask, account), 201)["username"] == name
    assert body_of(await register(ask, new_account(username=name.upper())), 400)["username"] == [NAME_TAKEN]


async def test_a_name_of_one_letter_is_judged_by_its_letters_only(ask: Ask) -> None:
    """It may be taken by an earlier run, but never too short."""
    answer = await register(ask, new_account(username="q"))
    assert answer.status_code == 201 or answer.json()["username"] == [NAME_TAKEN]


async def test_a_password_like_the_name_is_none_of_our_business(ask: Ask) -> None:
    name = f"similar-{uuid4().hex[:8]}"
    assert (await register(ask, new_account(name, password=name, password_confirm=name))).status_code == 201


async def test_taken_in_any_case(ask: Ask, ada: Player) -> None:
    email = f"{ada.name}@example.com"
    fresh = f"{uuid4().hex}@example.com"
    refused(await register(ask, new_account(username=ada.name.upper())), 400, {"username": [NAME_TAKEN]})
    refused(await register(ask, new_account(email=email.upper())), 400, {"email": [EMAIL_TAKEN]})
    refused(await register(ask, new_account(username=email.title(), email=fresh)), 400, {"username": [NAME_TAKEN]})
    both = new_account(username=ada.name, email=email)
    refused(await register(ask, both), 400, {"username": [NAME_TAKEN], "email": [EMAIL_TAKEN]})


async def test_the_domain_is_stored_in_lower_case(ask: Ask) -> None:
    name = f"Mixed-{uuid4().hex[:8]}"
    body = body_of(await register(ask, new_account(name, email=f"{name}@Example.COM")), 201)
    assert body["email"] == f"{name}@example.com"


async def test_a_replay_is_told_as_taken(ask: Ask) -> None:
    account = new_account()
    assert (await register(ask, account)).status_code == 201
    refused(await register(ask, account), 400, {"username": [NAME_TAKEN], "email": [EMAIL_TAKEN]})


async def test_of_a_race_one_wins(ask: Ask) -> None:
    account = new_account()
    statuses = [each.status_code for each in await asyncio.gather(*(register(ask, account) for _ in range(5)))]
    assert sorted(statuses) == [201, 400, 400, 400, 400]


async def test_friend_codes_are_different(ask: Ask) -> None:
    codes = {body_of(await register(ask, new_account()), 201)["friend_code"] for _ in range(5)}
    assert len(codes) == 5
