"""T2: signing in by user name or e-mail address."""

import statistics
import time
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.objects_of_users import USER
from tests.mesh import NewPlayer
from tests.shapes import fits

PASSWORD = "a photo of a tawny owl"
WRONG = {"detail": "No active account found with the given credentials"}
SIGNED_IN = {"refresh": str, "access": str, "access_token": str, "user": USER}


async def login(ask: Ask, username: Any, password: Any = PASSWORD) -> Any:
    return await ask(None, "POST", "/auth/login/", json={"username": username, "password": password})


async def test_the_answer(ask: Ask, ada: Player) -> None:
    body = body_of(await login(ask, ada.name))
    fits(body, SIGNED_IN)
    assert body["access"]
    assert body["refresh"]
    assert body["access"] == body["access_token"]
    assert body["user"]["id"] == ada.id
    assert body["user"]["username"] == ada.name
    assert "password" not in str(body["user"]).lower()
    assert body["user"] == body_of(await ask(ada, "GET", "/users/me/"))


@pytest.mark.parametrize("written", [str.upper, str.title, "  {} ".format, "{}@example.com".format])
async def test_the_name_in_any_case_or_the_e_mail_address(ask: Ask, ada: Player, written: Any) -> None:
    assert body_of(await login(ask, written(ada.name)))["user"]["id"] == ada.id


async def test_the_e_mail_address_in_any_case(ask: Ask, ada: Player) -> None:
    assert body_of(await login(ask, f"{ada.name}@EXAMPLE.com".upper()))["user"]["id"] == ada.id


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, {"username": ["This field is required."], "password": ["This field is required."]}),
        ({"username": "ada"}, {"password": ["This field is required."]}),
        ({"username": "", "password": "x"}, {"username": ["This field may not be blank."]}),
        ({"username": "ada", "password": "   "}, {"password": ["This field may not be blank."]}),
        ({"username": None, "password": "x"}, {"username": ["This field may not be null."]}),
    ],
)
async def test_what_is_missing(ask: Ask, body: Json, refusal: Json) -> None:
    refused(await ask(None, "POST", "/auth/login/", json=body), 400, refusal)


async def test_unknown_name_and_wrong_password_are_one(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    refused(await login(ask, eve.name, f"{PASSWORD}!"), 401, WRONG)
    refused(await login(ask, f"nobody-{uuid4().hex}"), 401, WRONG)
    refused(await login(ask, eve.name, PASSWORD.upper()), 401, WRONG)


async def test_the_time_tells_nothing(ask: Ask, new_player: NewPlayer) -> None:
    """Both cost a password hash; an answer without one would come in a tenth of the time."""
    eve = await new_player("eve")

    async def seconds(name: str) -> float:
        began = time.perf_counter()
        refused(await login(ask, name, "wrong"), 401, WRONG)
        return time.perf_counter() - began

    nobody = f"nobody-{uuid4().hex}"
    known = statistics.median([await seconds(eve.name) for _ in range(5)])
    unknown = statistics.median([await seconds(nobody) for _ in range(5)])
    assert unknown > known / 4


async def test_signing_in_changes_nothing_in_the_profile(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    before = body_of(await ask(eve, "GET", "/users/me/"))
    assert body_of(await login(ask, eve.name))["user"] == before


async def test_a_user_name_is_tried_before_an_e_mail_address(ask: Ask) -> None:
    """Nobody can take the other's address for a name, so that there is never a doubt."""
    name = f"{uuid4().hex[:12]}@example.com"
    account = {"username": name, "email": f"x{name}", "password": PASSWORD, "password_confirm": PASSWORD}
    assert body_of(await ask(None, "POST", "/users/", json=account), 201)["username"] == name
    assert body_of(await login(ask, name))["user"]["username"] == name
    assert body_of(await login(ask, f"x{name}"))["user"]["username"] == name
