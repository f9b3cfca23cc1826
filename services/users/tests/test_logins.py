"""Signing in: by either name, with one answer for all that is wrong, and not for ever (contract T2, G7)."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from libs.common.values import now
from services.users import passwords
from services.users.models import Miss, User
from services.users.tests.conftest import PASSWORD

LOGIN = "/api/v1/auth/login/"
WRONG = {"detail": "No active account found with the given credentials"}


async def answer_to(client, username, password=PASSWORD):
    return await client.post(LOGIN, json={"username": username, "password": password})


@pytest.mark.parametrize("name", ["Ada", "aDA", " ada ", "ada@example.com", "ADA@Example.com"])
async def test_a_player_signs_in_by_user_name_or_address_in_any_case(client, join, name):
    ada = await join("Ada")
    answer = await answer_to(client, name, f" {PASSWORD} ")
    body = answer.json()
    assert answer.status_code == 200
    assert body["user"] == ada.account
    assert body["access_token"] == body["access"]
    assert body["refresh"] not in ("", body["access"])


async def test_the_user_name_is_tried_before_the_address(client, join, db):
    await join("Bob")
    eve = await join("Eve")
    # As it can come about when both register in the same moment.
    names = {"username": "bob@example.com", "username_key": "bob@example.com"}
    async with db.transaction() as session:
        await session.execute(update(User).where(User.id == eve.id).values(names))
    assert (await answer_to(client, "bob@example.com")).json()["user"]["id"] == str(eve.id)


async def test_unknown_wrong_and_inactive_look_the_same(client, join, db):
    ada = await join("Ada")
    unknown, wrong = await answer_to(client, "nobody"), await answer_to(client, "Ada", "a small giraffe")
    async with db.transaction() as session:
        await session.execute(update(User).where(User.id == ada.id).values(is_active=False))
    inactive = await answer_to(client, "Ada")
    for answer in (unknown, wrong, inactive):
        assert (answer.status_code, answer.json()) == (401, WRONG)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


async def test_both_fields_are_required_and_not_blank(client):
    required, blank = ["This field is required."], ["This field may not be blank."]
    answers = [await client.post(LOGIN, json=body) for body in ({}, {"username": " ", "password": ""})]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == {"username": required, "password": required, "detail": required[0]}
    assert answers[1].json() == {"username": blank, "password": blank, "detail": blank[0]}


async def test_a_login_is_remembered_without_a_new_version(client, join, db, published):
    ada = await join("Ada")
    async with db.reading() as session:
        user = await session.get_one(User, ada.id)
    assert user.last_login is not None
    assert user.updated_at == user.created_at
    assert await published() == [("user.registered", 1)]


@pytest.mark.parametrize("name", ["Ada", "nobody"])
async def test_after_ten_failures_a_name_is_closed_whether_or_not_it_exists(client, join, db, name):
    await join("Ada")
    failures = [(await answer_to(client, name, "a small giraffe")).status_code for _ in range(10)]
    closed = await answer_to(client, name.upper())
    assert failures == [401] * 10
    assert closed.status_code == 429
    assert 800 < int(closed.headers["Retry-After"]) <= 900
    assert closed.json()["detail"].startswith("Request was throttled. Expected available in ")
    async with db.transaction() as session:
        assert name.encode() not in await session.scalar(select(Miss.key))
        await session.execute(update(Miss).values(ends_at=now()))
    assert (await answer_to(client, name)).status_code == (200 if name == "Ada" else 401)


async def test_both_names_of_an_account_share_one_limit(client, join):
    await join("Ada")
    names = ("Ada", "ada@example.com")
    for number in range(10):
        await answer_to(client, names[number % 2], "a small giraffe")
    assert [(await answer_to(client, name)).status_code for name in names] == [429, 429]


async def test_parallel_guesses_are_few_beyond_the_limit(client, join):
    await join("Ada")
    answers = await asyncio.gather(*(answer_to(client, "Ada", f"guess number {n}") for n in range(50)))
    assert {answer.status_code for answer in answers} == {401, 429}
    assert sum(answer.status_code == 401 for answer in answers) <= 10 + 2 * passwords.HASHES_AT_ONCE


async def test_a_success_forgets_the_failures_before(client, join, settings):
    await join("Ada")
    for _ in range(2):
        for _ in range(settings.login_failure_limit - 1):
            assert (await answer_to(client, "Ada", "a small giraffe")).status_code == 401
        assert (await answer_to(client, "ada")).status_code == 200


async def test_many_right_logins_at_once_all_succeed(client, join):
    await join("Ada")
    answers = await asyncio.gather(*(answer_to(client, "Ada") for _ in range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12


async def test_with_all_turns_taken_a_login_is_told_to_come_again(client, join, monkeypatch):
    await join("Ada")
    monkeypatch.setattr(passwords, "MAX_WAIT_SECONDS", 0.01)
    async with AsyncExitStack() as busy:
        for _ in range(passwords.HASHES_AT_ONCE):
            await busy.enter_async_context(passwords.turn())
        answer = await answer_to(client, "Ada")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_monitors_see_how_sign_ins_end(client, join, settings, monkeypatch):
    def counted():
        names = ("success", "refused", "throttled")
        return [REGISTRY.get_sample_value("logins_total", {"outcome": name}) for name in names]

    monkeypatch.setattr(settings, "login_failure_limit", 2)
    await join("Ada")
    before = counted()
    await answer_to(client, "ada")
    for _ in range(3):
        await answer_to(client, "ada", "something else")
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 2, 1]
