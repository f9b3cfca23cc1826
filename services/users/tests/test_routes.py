"""Accounts as their owners, strangers, staff and other services see them (contract U2–U10)."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import update

from libs.common.values import now
from services.users.models import Miss, User
from services.users.tests.conftest import registration

NO_USER = {"detail": "No User matches the given query."}


async def test_me_and_my_id_are_the_same_account(client, join):
    ada = await join("Ada")
    for path in ("me", ada.id, str(ada.id).upper()):
        answer = await client.get(f"/api/v1/users/{path}/", headers=ada.headers)
        assert (answer.status_code, answer.json()) == (200, ada.account)
    recounted = await client.post("/api/v1/users/me/update_stats/", headers=ada.headers, json={})
    assert recounted.json() == ada.account


async def test_without_a_token_there_is_no_me(client):
    answer = await client.get("/api/v1/users/me/")
    assert (answer.status_code, answer.json()["detail"]) == (401, "Authentication credentials were not provided.")


@pytest.mark.parametrize(
    ("method", "more"), [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "update_stats/")]
)
async def test_other_accounts_do_not_exist_for_a_player(client, join, method, more):
    ada, bob = await join("Ada"), await join("Bob")
    for id in (bob.id, uuid4()):
        body = None if method in ("GET", "DELETE") else {"bio": "x"}
        answer = await client.request(method, f"/api/v1/users/{id}/{more}", headers=ada.headers, json=body)
        assert (answer.status_code, answer.json()) == (404, NO_USER)
    assert (await client.get("/api/v1/users/me/", headers=bob.headers)).json() == bob.account


@pytest.mark.parametrize("id", ["zz", "mee", "-" * 36, "00000000-0000-0000-0000-00000000000g"])
async def test_what_is_no_id_is_not_found(client, join, id):
    ada = await join("Ada")
    answer = await client.get(f"/api/v1/users/{id}/", headers=ada.headers)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_staff_sees_edits_and_deletes_everybody(client, join):
    bob, ada = await join("Bob"), await join("Ada", is_superuser=True)
    listed = (await client.get("/api/v1/users/", headers=ada.headers)).json()
    assert (listed["count"], listed["next"]) == (2, None)
    assert [account["username"] for account in listed["results"]] == ["Ada", "Bob"]
    assert listed["results"][1] == bob.account
    path = f"/api/v1/users/{bob.id}/"
    assert (await client.patch(path, headers=ada.headers, json={"badges": ["tester"]})).json()["badges"] == ["tester"]
    assert (await client.get(path, headers=ada.headers)).json()["badges"] == ["tester"]
    assert (await client.delete(path, headers=ada.headers)).status_code == 204
    assert (await client.get(path, headers=ada.headers)).json() == NO_USER


async def test_the_list_is_for_staff_only(client, join):
    ada = await join("Ada")
    assert (await client.get("/api/v1/users/", headers=ada.headers)).status_code == 403


async def test_a_player_edits_the_profile_and_nothing_else(client, join, published):
    ada = await join("Ada")
    sent = {
        "bio": " Likes giraffes ",
        "preferred_card_style": {"frame": ["gold", 1]},
        "location_precision": "coarse",
        "badges": ["admin"],
        "username": "Eve",
        "email": "eve@example.com",
        "friend_code": "AAAAAAAA",
        "is_staff": True,
        "total_catches": 9,
    }
    answer = await client.put("/api/v1/users/me/", headers=ada.headers, json=sent)
    assert answer.status_code == 200
    assert answer.json() == {
        "bio": "Likes giraffes",
        "avatar": None,
        "preferred_card_style": {"frame": ["gold", 1]},
        "location_precision": "coarse",
        "badges": [],
    }
    account = (await client.get("/api/v1/users/me/", headers=ada.headers)).json()
    assert account["updated_at"] > ada.account["updated_at"]
    for field in ("username", "email", "friend_code", "badges", "created_at"):
        assert account[field] == ada.account[field]
    assert account["profile"]["total_catches"] == 0
    # What is not sent stays.
    await client.patch("/api/v1/users/me/", headers=ada.headers, data={"bio": ""})
    account = (await client.get("/api/v1/users/me/", headers=ada.headers)).json()
    assert (account["bio"], account["profile"]["location_precision"]) == ("", "coarse")
    assert await published() == [("user.registered", 1), ("user.updated", 2), ("user.updated", 3)]


async def test_parallel_edits_are_one_version_each(client, join, published):
    ada = await join("Ada")
    edits = [client.patch("/api/v1/users/me/", headers=ada.headers, json={"bio": str(n)}) for n in range(4)]
    assert [answer.status_code for answer in await asyncio.gather(*edits)] == [200] * 4
    assert [version for _, version in await published()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ('{"bio": "' + "x" * 501 + '"}', "bio", "Ensure this field has no more than 500 characters."),
        ('{"location_precision": "zzz"}', "location_precision", '"zzz" is not a valid choice.'),
        ('{"bio": null}', "bio", "This field may not be null."),
        ('{"preferred_card_style": "' + "x" * 65_536 + '"}', "preferred_card_style", None),
        ('{"preferred_card_style": {"a": "\\u0000"}}', "preferred_card_style", None),
        ('{"badges": "tester"}', "badges", None),
    ],
)
async def test_what_does_not_fit_a_profile_is_said_by_field(client, join, sent, field, message):
    ada = await join("Ada")
    headers = {**ada.headers, "Content-Type": "application/json"}
    answer = await client.patch("/api/v1/users/me/", headers=headers, content=sent)
    assert answer.status_code == 400
    assert list(answer.json()) == [field, "detail"]
    assert message in (None, *answer.json()[field])


@pytest.mark.parametrize("path", ["friend_code", "friend-code"])
async def test_a_player_reads_the_own_friend_code(client, join, path):
    ada = await join("Ada")
    answer = await client.get(f"/api/v1/users/{path}/", headers=ada.headers)
    assert answer.json() == {"friend_code": ada.account["friend_code"], "username": "Ada"}


@pytest.mark.parametrize("path", ["lookup_friend_code", "lookup-friend-code"])
async def test_a_friend_code_leads_to_its_owners_public_face(client, join, path):
    ada, bob = await join("Ada"), await join("Bob")
    code = {"friend_code": f" {bob.account['friend_code'].lower()} "}
    answer = await client.post(f"/api/v1/users/{path}/", headers=ada.headers, json=code)
    assert (answer.status_code, answer.json()) == (200, {"id": str(bob.id), "username": "Bob", "avatar": None})
    assert (await client.get(f"/api/v1/users/{path}/", headers=ada.headers)).status_code == 405


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "This field is required."),
        ({"friend_code": "AAAAAAA"}, "Ensure this field has at least 8 characters."),
        ({"friend_code": "AAAAAAAAA"}, "Ensure this field has no more than 8 characters."),
    ],
)
async def test_a_friend_code_has_eight_characters(client, join, body, message):
    ada = await join("Ada")
    answer = await client.post("/api/v1/users/lookup_friend_code/", headers=ada.headers, json=body)
    assert (answer.status_code, answer.json()) == (400, {"friend_code": [message], "detail": message})


async def test_codes_cannot_be_tried_one_by_one_on_either_way(client, join, settings, monkeypatch, db):
    monkeypatch.setattr(settings, "throttle_friend_code_rate", "2/hour")
    ada, bob = await join("Ada"), await join("Bob")
    code = bob.account["friend_code"]

    async def look_up(code):
        return await client.post("/api/v1/users/lookup_friend_code/", headers=ada.headers, json={"friend_code": code})

    async def ask_privately(code):
        return await client.get(f"/internal/users/by-friend-code/{code}/", headers=ada.headers)

    missed, found = await look_up("--------"), await look_up(code)
    text = "No user found with this friend code"
    assert (missed.status_code, missed.json()) == (404, {"error": text, "detail": text})
    assert found.status_code == 200
    assert (await ask_privately("--------")).status_code == 404
    for answer in (await look_up(code), await ask_privately(code)):
        assert answer.status_code == 429
        assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    async with db.transaction() as session:
        await session.execute(update(Miss).values(ends_at=now()))
    assert (await ask_privately("--------")).status_code == 404
    assert (await ask_privately(code)).status_code == 200
    monkeypatch.setattr(settings, "throttle_friend_code_rate", "off")
    assert {(await look_up("--------")).status_code for _ in range(4)} == {404}


async def test_other_services_may_ask_for_what_events_tell(client, join):
    ada, bob = await join("Ada"), await join("Bob")
    expected = {
        "id": str(bob.id),
        "version": 1,
        "username": "Bob",
        "friend_code": bob.account["friend_code"],
        "avatar": None,
        "is_staff": False,
        "is_superuser": False,
        "is_active": True,
        "location_precision": "approximate",
        "created_at": bob.account["created_at"],
    }
    for path in (bob.id, f"by-friend-code/{bob.account['friend_code'].lower()}"):
        answer = await client.get(f"/internal/users/{path}/", headers=ada.headers)
        assert (answer.status_code, answer.json()) == (200, expected)
    assert (await client.get(f"/internal/users/{uuid4()}/", headers=ada.headers)).json() == NO_USER
    assert (await client.get(f"/internal/users/{bob.id}/")).status_code == 401


async def test_of_a_deactivated_player_staff_still_sees_everything(client, join, db):
    bob, ada = await join("Bob"), await join("Ada", is_staff=True)
    async with db.transaction() as session:
        await session.execute(update(User).where(User.id == bob.id).values(is_active=False))
    assert (await client.get(f"/api/v1/users/{bob.id}/", headers=ada.headers)).json() == bob.account
    assert (await client.get("/api/v1/users/me/", headers=bob.headers)).json()["code"] == "user_inactive"


async def test_registration_takes_forms_as_well(client):
    assert (await client.post("/api/v1/users", data=registration("Ada"))).status_code == 201


async def test_the_description_knows_every_route(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    for one in ("{id}", "me"):
        assert set(paths[f"/api/v1/users/{one}/"]) == {"get", "put", "patch", "delete"}
        assert set(paths[f"/api/v1/users/{one}/update_stats/"]) == {"post"}
    assert [parameter["name"] for parameter in paths["/api/v1/users/{id}/"]["put"]["parameters"]] == ["id"]
    assert "parameters" not in paths["/api/v1/users/me/"]["put"]
    assert "/api/v1/auth/login/" in paths
    assert not any(path.startswith("/internal") for path in paths)
