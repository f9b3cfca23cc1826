"""R4: dropping what is kept of trees."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused


@pytest.mark.parametrize("body", [{}, {"scope": "user"}])
async def test_ones_own(ask: Ask, ada: Player, body: Json) -> None:
    found = body_of(await ask(ada, "POST", "/graph/tree/invalidate/", json=body))
    assert found == {"message": f"Tree caches invalidated for user {ada.name}"}


async def test_everybodys_is_for_staff(ask: Ask, ada: Player, staff: Player) -> None:
    answer = await ask(ada, "POST", "/graph/tree/invalidate/", json={"scope": "global"})
    refused(answer, 403, {"error": "Admin privileges required"})
    assert body_of(await ask(staff, "POST", "/graph/tree/invalidate/", json={"scope": "global"}))["message"]


async def test_a_scope_that_is_none(ask: Ask, ada: Player) -> None:
    answer = await ask(ada, "POST", "/graph/tree/invalidate/", json={"scope": "zz"})
    refused(answer, 400, {"scope": ['"zz" is not a valid choice.']})


async def test_nobody(ask: Ask) -> None:
    answer = await ask(None, "POST", "/graph/tree/invalidate/", json={})
    refused(answer, 401, {"detail": "Authentication credentials were not provided."})
