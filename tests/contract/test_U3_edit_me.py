"""U3: editing oneself, by the rules of U8."""

import pytest

from tests.answers import Ask, body_of
from tests.mesh import NewPlayer


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_me_is_my_id(ask: Ask, new_player: NewPlayer, method: str) -> None:
    eve = await new_player("eve")
    by_me = body_of(await ask(eve, method, "/users/me/", json={"bio": "Likes owls."}))
    by_id = body_of(await ask(eve, method, f"/users/{eve.id}/", json={"bio": "Likes owls."}))
    assert by_me == by_id
    assert body_of(await ask(eve, "GET", "/users/me/"))["bio"] == "Likes owls."


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_nobody_edits_nobody(ask: Ask, method: str) -> None:
    assert (await ask(None, method, "/users/me/", json={})).status_code == 401
